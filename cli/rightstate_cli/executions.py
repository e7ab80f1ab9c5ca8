"""Executions that have ended, read from Step Functions' history."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from rightstate.models import Decision, Resolved

SHORT = 8
"""So many characters of a name's end tell executions apart; those of one event begin alike."""

_ENDING = "Notify and record"


class Start(BaseModel):
    """An execution to be started; without a name it gets a random one."""

    resource_type: str
    input: dict[str, Any]
    name: str | None = None


class Step(BaseModel):
    """One state of an execution: when it was entered and left, and the errors met in it."""

    state: str
    entered: datetime
    left: datetime
    errors: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        return (self.left - self.entered).total_seconds()


class Execution(BaseModel):
    """An execution that has ended, with what its history says of it."""

    name: str
    resource_type: str
    status: str
    outcome: str
    reason: str
    account: str
    region: str
    resource: str
    started_at: datetime
    seconds: float
    decision: Decision | None = None
    operations: tuple[str, ...] = ()
    fanned_out_to: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()


def read(states: Any, described: Mapping[str, Any], resource_type: str) -> Execution:
    """The execution of DescribeExecution's answer, which has ended."""
    pages = states.get_paginator("get_execution_history").paginate(executionArn=described["executionArn"])
    events = [event for page in pages for event in page["events"]]
    given = json.loads(described["input"])
    state = _final_state(events)
    resolved = Resolved.model_validate(state["resolved"]) if "resolved" in state else None
    recorded = json.loads(described.get("output", "{}"))
    resource = resolved.run.resource if resolved and resolved.run else None
    return Execution(
        name=described["name"],
        resource_type=resource_type,
        status=described["status"],
        outcome=recorded.get("outcome", "failed"),
        reason=recorded.get("reason", "") or _sentence(described.get("cause", "")),
        account=resource.account if resource else str(given.get("account", "")),
        region=resource.region if resource else str(given.get("region", "")),
        resource=resource.id if resource else str(given.get("resource") or given.get("group") or ""),
        started_at=described["startDate"],
        seconds=(described["stopDate"] - described["startDate"]).total_seconds(),
        decision=Decision.model_validate(state["decision"]) if "decision" in state else None,
        operations=tuple(state.get("applied", {}).get("operations", ())),
        fanned_out_to=resolved.started if resolved else (),
        steps=tuple(_steps(events)),
    )


def _final_state(events: list[dict[str, Any]]) -> dict[str, Any]:
    """The state data with which the execution came to its ending."""
    for event in reversed(events):
        details = event.get("stateEnteredEventDetails", {})
        if details.get("name") == _ENDING:
            found: dict[str, Any] = json.loads(details["input"])
            return found
    return {}


def _steps(events: list[dict[str, Any]]) -> list[Step]:
    steps: list[Step] = []
    for event in events:
        if entered := event.get("stateEnteredEventDetails"):
            steps.append(Step(state=entered["name"], entered=event["timestamp"], left=event["timestamp"]))
        elif steps:
            errors = steps[-1].errors
            if failed := event.get("taskFailedEventDetails"):
                errors = (*errors, failed["error"])
            steps[-1] = steps[-1].model_copy(update={"left": event["timestamp"], "errors": errors})
    return steps


def _sentence(cause: str) -> str:
    """A cause of Lambda is JSON, one of Step Functions itself a sentence."""
    try:
        return str(json.loads(cause)["errorMessage"])
    except (ValueError, KeyError, TypeError):
        return cause
