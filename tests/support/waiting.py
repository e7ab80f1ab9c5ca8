"""Executions that wait for somebody, and what is told to them."""

import json
import time
import uuid
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, TypeVar

from rightstate.models.approval import Requested
from rightstate.storage.tables import GUARDS
from rightstate_cli.aws import Caller
from rightstate_cli.embedded.engine import HUB_ACCOUNT, Engine
from rightstate_cli.tables.guards_table import Approving
from tests.support.entries import entry_of
from tests.support.member import REGION

T = TypeVar("T")
_PATIENCE = 60.0
_PAUSE = 0.05


def eventually(found: Callable[[], T | None], what: str) -> T:
    """What is there sooner or later; fails the test where it is not."""
    ends = time.monotonic() + _PATIENCE
    while (value := found()) is None:
        if time.monotonic() > ends:
            raise AssertionError(f"{what} never came")
        time.sleep(_PAUSE)
    return value


def started(hub: Engine, resource_type: str, given: dict[str, Any]) -> str:
    """Start an execution and leave it alone; returns its ARN."""
    answer = hub.client("stepfunctions").start_execution(
        stateMachineArn=hub.machines[resource_type], name=str(uuid.uuid4()), input=json.dumps(given)
    )
    return str(answer["executionArn"])


def ended(hub: Engine, execution: str) -> dict[str, Any]:
    """The ledger's entry of an execution, once it has ended."""
    states = hub.client("stepfunctions")

    def status() -> str | None:
        answer: str = states.describe_execution(executionArn=execution)["status"]
        return answer if answer != "RUNNING" else None

    eventually(status, f"the end of {execution}")
    return {**entry_of(hub, execution), "status": status()}


def guarding_as(hub: Engine, user_id: str, arn: str) -> Approving:
    """The guards table, as somebody with those credentials uses it."""
    session = SimpleNamespace(client=lambda service, **options: hub.client(service))
    caller = Caller(session, HUB_ACCOUNT, arn, REGION, "aws", user_id)
    return Approving(hub.table(GUARDS), caller)


def request_of(hub: Engine, execution: str) -> Requested:
    """The approval that an execution waits for, once it has been counted and told too.

    The request is in the table before that. TaskSubmitted is the event that the function has returned, and
    the state waits for its token (Step Functions API reference, HistoryEvent).
    """
    anybody = guarding_as(hub, "AROAANY:any", "arn:aws:sts::1:assumed-role/any/any")
    states = hub.client("stepfunctions")

    def waits() -> bool | None:
        history = states.get_execution_history(executionArn=execution)["events"]
        return any(each["type"] == "TaskSubmitted" for each in history) or None

    eventually(waits, f"the wait of {execution}")

    [requested] = [each for each in anybody.requests() if each.execution == execution]
    return requested


def locked_out(hub: Engine, execution: str) -> None:
    """Return once the execution has asked for the lock and not got it."""

    def refused() -> bool | None:
        history = hub.client("stepfunctions").get_execution_history(executionArn=execution)["events"]
        return any("Locked" in str(each.get("taskFailedEventDetails")) for each in history) or None

    eventually(refused, "the refusal")
