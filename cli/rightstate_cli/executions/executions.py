"""Executions, read from what Step Functions answers about them."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel

from rightstate.catalogue import load, names
from rightstate.errors import InvalidInput, UnexpectedEvent
from rightstate.executions.triggers import is_of_rule, understood
from rightstate.executions.way import error_of
from rightstate.identify import identify
from rightstate.models.decision import Decision, Outcome
from rightstate.models.tasks import Resolved
from rightstate.resource_type import Place

SHORT = 8
"""The fewest characters of a name that an id has."""

RUNNING = "RUNNING"
NOT_STARTED = "NOT_STARTED"
"""The status of what was looked at and needs no execution."""
PAGE = 1000
"""The most executions that a page of ListExecutions has (API reference)."""

_ENDING = "Notify and record"
# How an output names a resource that was identified. Of others it quotes what the input says.
_IDENTIFIED = re.compile(r"([0-9]{12})/([^/]+)/[^/]+/([^'\"*].*)", re.DOTALL)


class Start(BaseModel):
    """An execution to be started; without a name it gets a random one."""

    resource_type: str
    input: dict[str, Any]
    name: str | None = None


class Step(BaseModel):
    """One state of an execution: when it was entered and left, and the errors met in it.

    `waited` are the seconds between a try that failed and the next; `gave_up` says that there was no next.
    """

    state: str
    entered: datetime
    left: datetime
    errors: tuple[str, ...] = ()
    waited: float = 0
    gave_up: bool = False

    @property
    def seconds(self) -> float:
        return (self.left - self.entered).total_seconds()


class Execution(BaseModel):
    """An execution, with what is known of it: `read` knows all, `glance` no step and no call.

    `outcome` is that of its output, `running` before it has one, `failed` where it ended without. A resource
    that needs no execution has the status NOT_STARTED, the outcome that one would have, and no name or ARN.
    """

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
    arn: str = ""


@dataclass(frozen=True)
class Wanted:
    """Which executions to show. What is empty leaves out nothing."""

    types: frozenset[str] = frozenset()
    outcome: Outcome | None = None
    account: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    policies: frozenset[str] = frozenset()
    resource: str | None = None

    def has(self, execution: Execution) -> bool:
        decided = execution.decision.verdicts if execution.decision else ()
        return (
            (not self.types or execution.resource_type in self.types)
            and (self.outcome is None or execution.outcome == self.outcome)
            and (self.account is None or execution.account == self.account)
            and (self.since is None or execution.started_at >= self.since)
            and (self.until is None or execution.started_at < self.until)
            and (not self.policies or any(verdict.policy in self.policies for verdict in decided))
            and (self.resource is None or is_about(execution, self.resource))
        )


def short_ids(names: Iterable[str]) -> dict[str, str]:
    """Name -> the shortest end of it that no other of these names begins or ends with. All are of one length.

    Names of one event begin alike, which is why it is the end.
    """
    every = list(dict.fromkeys(names))
    longest = max(map(len, every), default=0)
    for size in range(SHORT, longest):
        ends = {name[-size:] for name in every}
        begins = {name[:size] for name in every if len(name) > size}
        if len(ends) == len(every) and not ends & begins:
            return {name: name[-size:] for name in every}
    return {name: name for name in every}


def is_about(execution: Execution, resource: str) -> bool:
    """Whether the execution is about the resource of that identifier, ARN or account/region/type/id."""
    key = f"{execution.account}/{execution.region}/{execution.resource_type}/{execution.resource}"
    return resource == execution.resource or is_named(key, resource)


def is_named(key: str, given: str) -> bool:
    """Whether the resource, by its account/region/type/id, is the one of that key or ARN."""
    if given == key:
        return True
    account, region, resource_type, identifier = key.split("/", 3)
    if not given.startswith("arn:") or resource_type not in names():
        return False
    there = Place(account=account, region=region, partition=given.split(":")[1])
    try:
        return identify(load(resource_type), there, given).id == identifier
    except InvalidInput:
        return False


def read(states: Any, described: Mapping[str, Any], resource_type: str) -> Execution:
    """The execution of DescribeExecution's answer, with its history."""
    pages = states.get_paginator("get_execution_history").paginate(executionArn=described["executionArn"])
    return from_history(described, [event for page in pages for event in page["events"]], resource_type)


def from_history(described: Mapping[str, Any], events: list[dict[str, Any]], resource_type: str) -> Execution:
    """The execution of DescribeExecution's answer, with the events of its history."""
    state = _final_state(events)
    resolved = Resolved.model_validate(state["resolved"]) if "resolved" in state else None
    known: dict[str, Any] = {
        "operations": tuple({**state.get("applied", {}), **state.get("read_back", {})}.get("operations", ())),
        "fanned_out_to": resolved.started if resolved else (),
        "steps": tuple(_steps(events)),
    }
    if resolved and resolved.run:
        resource = resolved.run.resource
        known |= {"account": resource.account, "region": resource.region, "resource": resource.id}
    if "decision" in state:
        known["decision"] = Decision.model_validate(state["decision"])
    return glance(described, resource_type).model_copy(update=known)


def glance(described: Mapping[str, Any], resource_type: str) -> Execution:
    """The execution as DescribeExecution's answer alone shows it, which costs one call."""
    recorded = json.loads(described.get("output", "{}"))
    ended = described.get("stopDate")
    identified = _IDENTIFIED.fullmatch(recorded.get("resource", ""))
    account, region, resource = identified.groups() if identified else _asked_for(described, resource_type)
    return Execution(
        arn=described["executionArn"],
        name=described["name"],
        resource_type=resource_type,
        status=described["status"],
        outcome=recorded.get("outcome", "failed" if ended else "running"),
        reason=recorded.get("reason", "") or failure_of(described.get("cause", "")),
        account=account,
        region=region,
        resource=resource,
        started_at=described["startDate"],
        seconds=((ended or datetime.now(UTC)) - described["startDate"]).total_seconds(),
        decision=_recorded_decision(recorded),
    )


def listed(
    states: Any,
    machine: str,
    since: datetime | None = None,
    page: int = PAGE,
    status: str = "",
) -> Iterator[Any]:
    """ListExecutions of the machine, the newest first, until those that were over before `since`; with a
    status, of those that have it."""
    pages = states.get_paginator("list_executions").paginate(
        stateMachineArn=machine,
        PaginationConfig={"PageSize": page},
        **({"statusFilter": status} if status else {}),
    )
    for answer in pages:
        for each in answer["executions"]:
            if since and moment(each) < since:
                return
            yield each


def moment(entry: Mapping[str, Any]) -> datetime:
    """What ListExecutions sorts by: when the execution ended or, if it runs, began."""
    found: datetime = entry.get("stopDate") or entry["startDate"]
    return found


def machine_of(execution: str) -> str:
    """ARN of the state machine of the execution with that ARN."""
    return execution.rpartition(":")[0].replace(":execution:", ":stateMachine:", 1)


def _asked_for(described: Mapping[str, Any], resource_type: str) -> tuple[str, str, str]:
    """Account, region and resource as the input names them, which nobody may have checked. What an event
    calls a resource, e.g. the URL of a queue, becomes its identifier where it can."""
    given = json.loads(described["input"])
    known = given if isinstance(given, dict) else {}
    account, region = str(known.get("account", "")), str(known.get("region", ""))
    named = str(known.get("resource") or "")
    try:
        if is_of_rule(known):
            start = understood(load(resource_type), known).start
            named, known = start.resource or "", start.model_dump(exclude_none=True)
        if not named or resource_type not in names():
            return account, region, named or str(known.get("group") or "")
        place = Place(account=account, region=region, partition=described["executionArn"].split(":")[1])
        found = identify(load(resource_type), place, named)
    except (InvalidInput, UnexpectedEvent):
        return account, region, named
    return found.account, found.region, found.id


def _recorded_decision(recorded: Mapping[str, Any]) -> Decision | None:
    if not (recorded.get("verdicts") or recorded.get("changes")):
        return None
    return Decision.model_validate(
        {
            "apply": recorded["outcome"] in (Outcome.REMEDIATED, Outcome.UNDONE),
            **{each: recorded[each] for each in ("outcome", "reason", "verdicts", "changes")},
        }
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
    failed_at: datetime | None = None
    for event in events:
        moved = event["timestamp"]
        if entered := event.get("stateEnteredEventDetails"):
            steps.append(Step(state=entered["name"], entered=moved, left=moved))
            failed_at = None
        elif steps:
            step = steps[-1]
            errors, waited = step.errors, step.waited
            if failed_at and event["type"] == "TaskScheduled":
                waited += (moved - failed_at).total_seconds()
                failed_at = None
            if error := error_of(event):
                errors, failed_at = (*errors, error), moved
            gave_up = failed_at is not None
            steps[-1] = step.model_copy(
                update={"left": moved, "errors": errors, "waited": waited, "gave_up": gave_up}
            )
    return steps


def failure_of(cause: str) -> str:
    """A cause of Lambda is JSON, one of Step Functions itself a sentence."""
    try:
        return str(json.loads(cause)["errorMessage"])
    except (ValueError, KeyError, TypeError):
        return cause
