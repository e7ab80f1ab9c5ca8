"""Describe: the settings that the enabled policies read."""

from rightstate.models import Described, RunTask
from rightstate.remediation import describe
from rightstate.step import step


@step(RunTask)
def handler(task: RunTask) -> Described:
    return describe(task)
