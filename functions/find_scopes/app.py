"""Find scopes: which accounts, regions and services a backfill is about."""

from rightstate.executions.step import step
from rightstate.models.backfill import BackfillTask, Work
from rightstate.states.backfill import find_scopes


@step(BackfillTask)
def handler(task: BackfillTask) -> Work:
    return find_scopes(task)
