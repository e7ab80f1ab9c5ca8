"""Describe: the settings that the enabled policies read."""

from rightstate.executions.step import step
from rightstate.models.tasks import Described, RunTask
from rightstate.states.describe import describe


@step(RunTask)
def handler(task: RunTask) -> Described:
    return describe(task)
