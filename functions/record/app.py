"""Notify and record: the one ending of every execution."""

from rightstate.models.tasks import Recorded, RecordTask
from rightstate.states.record import record
from rightstate.step import step


@step(RecordTask)
def handler(task: RecordTask) -> Recorded:
    return record(task)
