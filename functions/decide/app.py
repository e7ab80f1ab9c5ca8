"""Decide: which settings to change, and why not the others."""

from rightstate.models import DecideTask, Decision
from rightstate.remediation import decide
from rightstate.step import step


@step(DecideTask)
def handler(task: DecideTask) -> Decision:
    return decide(task)
