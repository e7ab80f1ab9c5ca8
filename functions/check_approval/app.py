"""Check approval: what the answer is worth."""

from rightstate.approvals import check
from rightstate.models import CheckTask, Resolved
from rightstate.step import step


@step(CheckTask)
def handler(task: CheckTask) -> Resolved:
    return check(task)
