"""Find scopes: which accounts, regions and services a backfill is about."""

from rightstate.models.backfill import BackfillTask, Work
from rightstate.states.backfill import find_scopes
from rightstate.step import step


@step(BackfillTask)
def handler(task: BackfillTask) -> Work:
    return find_scopes(task)
