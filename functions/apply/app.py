"""Apply: make the calls that the decision holds."""

from rightstate.executions.step import step
from rightstate.models.tasks import Applied, ApplyTask
from rightstate.states.apply import apply


@step(ApplyTask)
def handler(task: ApplyTask) -> Applied:
    return apply(task)
