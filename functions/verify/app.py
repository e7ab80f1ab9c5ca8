"""Verify: read again what was written."""

from rightstate.models import ApplyTask, Verified
from rightstate.remediation import verify
from rightstate.step import step


@step(ApplyTask)
def handler(task: ApplyTask) -> Verified:
    return verify(task)
