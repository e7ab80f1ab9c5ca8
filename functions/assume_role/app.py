"""Assume role: can the member's role be assumed, and is it the account's?"""

from rightstate.executions.step import step
from rightstate.models.tasks import Identity, RunTask
from rightstate.states.describe import assume_role


@step(RunTask)
def handler(task: RunTask) -> Identity:
    return assume_role(task)
