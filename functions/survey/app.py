"""Survey: look at the resources of an account and region, and list those that need an execution."""

from rightstate.models.backfill import Found, SurveyTask
from rightstate.states.scope_survey import survey_scope
from rightstate.step import step


@step(SurveyTask)
def handler(task: SurveyTask) -> Found:
    return survey_scope(task)
