"""Verify: read again what was written. Read back: what of it is there, where Apply or Verify has failed."""

from typing import Any

from rightstate.executions.step import step
from rightstate.models.tasks import ReadBack, ReadBackTask, Verified, VerifyTask
from rightstate.states.verify import read_back, verify


@step(VerifyTask)
def _verify(task: VerifyTask) -> Verified:
    return verify(task)


@step(ReadBackTask)
def _read_back(task: ReadBackTask) -> ReadBack:
    return read_back(task)


def handler(event: Any, context: Any) -> Any:
    # Both read the same with the same rights; a function of its own would be one more for members to trust.
    return (_read_back if "state" in event else _verify)(event, context)
