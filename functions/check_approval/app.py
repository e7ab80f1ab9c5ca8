"""Check approval: what the answer is worth."""

from rightstate.models.tasks import CheckTask, Resolved
from rightstate.states.approvals import check
from rightstate.step import step


@step(CheckTask)
def handler(task: CheckTask) -> Resolved:
    return check(task)
