"""Check self: was the last canary recorded? Then send another."""

from rightstate.executions.canary import SelfChecked, check_self
from rightstate.executions.step import step
from rightstate.models.tasks import StateTask


@step(StateTask)
def handler(task: StateTask) -> SelfChecked:
    return check_self(task)
