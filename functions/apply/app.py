"""Apply: make the calls that the decision holds."""

from rightstate.models import Applied, ApplyTask
from rightstate.remediation import apply
from rightstate.step import step


@step(ApplyTask)
def handler(task: ApplyTask) -> Applied:
    return apply(task)
