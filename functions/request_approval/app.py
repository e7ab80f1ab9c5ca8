"""Request approval: ask a person about the decision's changes."""

from rightstate.approvals import request
from rightstate.models import AskTask, Requested
from rightstate.step import step


@step(AskTask)
def handler(task: AskTask) -> Requested:
    return request(task)
