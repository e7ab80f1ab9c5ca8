"""Check self: was the last canary recorded? Then send another."""

from rightstate.canary import SelfChecked, check_self
from rightstate.models.tasks import StateTask
from rightstate.step import step


@step(StateTask)
def handler(task: StateTask) -> SelfChecked:
    return check_self(task)
