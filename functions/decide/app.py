"""Decide: which settings to change, and why not the others."""

from rightstate.executions.step import step
from rightstate.models.decision import Decision
from rightstate.models.tasks import DecideTask
from rightstate.states.decide import decide


@step(DecideTask)
def handler(task: DecideTask) -> Decision:
    return decide(task)
