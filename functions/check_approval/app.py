"""Check approval: what the answer is worth."""

from rightstate.executions.step import step
from rightstate.models.tasks import CheckTask, Resolved
from rightstate.states.approvals import check


@step(CheckTask)
def handler(task: CheckTask) -> Resolved:
    return check(task)
