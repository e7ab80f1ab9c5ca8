"""Describe: the settings that the enabled policies read."""

from rightstate.models.tasks import Described, RunTask
from rightstate.states.describe import describe
from rightstate.step import step


@step(RunTask)
def handler(task: RunTask) -> Described:
    return describe(task)
