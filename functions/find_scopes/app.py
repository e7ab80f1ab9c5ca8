"""Find scopes: which accounts, regions and services a backfill is about."""

from rightstate.backfill import find_scopes
from rightstate.models import BackfillTask, Work
from rightstate.step import step


@step(BackfillTask)
def handler(task: BackfillTask) -> Work:
    return find_scopes(task)
