"""Verify: read again what was written."""

from rightstate.models import Verified, VerifyTask
from rightstate.remediation import verify
from rightstate.step import step


@step(VerifyTask)
def handler(task: VerifyTask) -> Verified:
    return verify(task)
