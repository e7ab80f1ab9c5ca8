"""Decide: which settings to change, and why not the others."""

from rightstate.catalogue import load
from rightstate.models import DecideTask, Decision
from rightstate.planner import decide
from rightstate.step import step


@step(DecideTask)
def handler(task: DecideTask) -> Decision:
    return decide(load(task.resource_type), task.run.resource, task.run.policies, task.observed)
