"""Resolve: what is this execution about, and is anything enabled for it?"""

from rightstate.executions.step import step
from rightstate.models.tasks import Resolved, ResolveTask
from rightstate.states.resolve import resolve


@step(ResolveTask)
def handler(task: ResolveTask) -> Resolved:
    return resolve(task)
