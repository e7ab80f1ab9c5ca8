"""Survey: look at the resources of an account and region, and list those that need an execution."""

from rightstate.executions.step import step
from rightstate.models.backfill import Found, SurveyTask
from rightstate.states.scope_survey import survey_scope


@step(SurveyTask)
def handler(task: SurveyTask) -> Found:
    return survey_scope(task)
