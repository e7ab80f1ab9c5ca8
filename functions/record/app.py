"""Notify and record: the one ending of every execution."""

from rightstate.executions.step import step
from rightstate.models.tasks import Recorded, RecordTask
from rightstate.states.record import record


@step(RecordTask)
def handler(task: RecordTask) -> Recorded:
    return record(task)
