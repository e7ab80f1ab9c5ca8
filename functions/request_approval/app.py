"""Request approval: ask a person about the decision's changes."""

from rightstate.executions.step import step
from rightstate.models.approval import Requested
from rightstate.models.tasks import AskTask
from rightstate.states.approvals import request


@step(AskTask)
def handler(task: AskTask) -> Requested:
    return request(task)
