"""Apply: make the calls that the decision holds."""

from rightstate.models.tasks import Applied, ApplyTask
from rightstate.states.apply import apply
from rightstate.step import step


@step(ApplyTask)
def handler(task: ApplyTask) -> Applied:
    return apply(task)
