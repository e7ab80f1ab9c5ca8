"""Resolve: what is this execution about, and is anything enabled for it?"""

from rightstate.models.tasks import Resolved, ResolveTask
from rightstate.states.resolve import resolve
from rightstate.step import step


@step(ResolveTask)
def handler(task: ResolveTask) -> Resolved:
    return resolve(task)
