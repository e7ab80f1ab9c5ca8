"""List resources: those of one service in one account and region."""

from rightstate.backfill import list_resources
from rightstate.models import ItemsFound, ListTask
from rightstate.step import step


@step(ListTask)
def handler(task: ListTask) -> ItemsFound:
    return list_resources(task)
