"""Survey: look at the resources of an account and region, and list those that need an execution."""

from rightstate.models import Found, SurveyTask
from rightstate.scope_survey import survey_scope
from rightstate.step import step


@step(SurveyTask)
def handler(task: SurveyTask) -> Found:
    return survey_scope(task)
