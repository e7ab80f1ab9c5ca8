"""Entries of the ledger as the end of an execution writes them.

Nothing in an entry is written here. The planner decides on settings as they were read; what the states would
have handed to Notify and record goes to the function that writes a hub's entries.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from types import MappingProxyType
from typing import Any, Literal
from unittest.mock import patch

from rightstate.catalogue import find_policy
from rightstate.clock import written
from rightstate.executions import ledger, way
from rightstate.models.approval import Approval, Asked
from rightstate.models.decision import Decision, Excuse, Outcome, Undo
from rightstate.models.settings import Enabled
from rightstate.models.start import Event, Execution
from rightstate.models.tasks import (
    Applied,
    CheckTask,
    DecideTask,
    Described,
    ReadBack,
    RecordTask,
    Resolved,
    Run,
    Verified,
)
from rightstate.policy import Mode
from rightstate.resource_type import Change, Observed, Resource
from rightstate.states import approvals, death, decide, record
from rightstate.storage.dynamodb import serialized
from rightstate_cli.application import sam_template

HUB = "arn:aws:states:eu-west-1:111122223333:execution"
ENVIRONMENT = {"LEDGER_DAYS": "400", "APPROVAL_HOURS": "24", "STACK": "rightstate"}
APPROVER = ("AROAEXAMPLE:li.wei", "arn:aws:sts::111122223333:assumed-role/Approver/li.wei")
BUCKET: Observed = {"Bucket": "orders", "MFADelete": None, "Versioning": None}
"""A bucket whose versioning was never set, as `describe` reads it for `s3-versioning`."""
KEPT: Observed = {**BUCKET, "Versioning": "Enabled"}
"""The same with versioning."""
INSTANCE: Observed = {
    "Engine": "mysql",
    "DBInstanceStatus": "available",
    "DBParameterGroups": ["orders-mysql8"],
    "ParameterApplyStatus": ["in-sync"],
    "PendingModifiedValues": [],
    "InCluster": False,
    "IsReadReplica": False,
    "ManagedByAWSBackup": False,
    "DeletionProtection": False,
    "PubliclyAccessible": True,
    "BackupRetentionPeriod": 0,
}
"""A database that breaks every policy about those settings."""

Answer = Literal["asked", "approved", "denied"]
"""What came of the request that a decision has to be approved by; `asked` is that another execution waits for
the same."""


@dataclass(frozen=True)
class Failed:
    """The state that an execution has failed in, and with what."""

    state: str
    error: str = "Denied"
    message: str = "PutBucketVersioning was answered with AccessDenied."


GONE = Failed("Describe", "ResourceGone", "There is no such resource.")
UNREGISTERED = Failed("Resolve", "UnknownAccount", "The account has no settings.")
REFUSED = Failed("Resolve", "InvalidInput", "The input is not understood, at: resource.")
OFF = "No policy of this kind of resource is enabled for the account."
EVENT = Event(
    id="8f0c1c1e-8a1f-4d2c-9c57-0b9d5f2f6a11",
    name="PutBucketVersioning",
    time="2026-11-20T07:59:50Z",
    principal="arn:aws:sts::111122223333:assumed-role/Developer/ana",
    principal_id="AROAEXAMPLEDEVELOPER:ana",
    source="203.0.113.7",
)


def ended(
    resource_type: str = "s3-bucket",
    resource: str = "orders",
    *,
    account: str = "111122223333",
    region: str = "eu-west-1",
    policies: Mapping[str, Mode] = MappingProxyType({"s3-versioning": Mode.AUTO}),
    observed: Observed = KEPT,
    excuses: Mapping[str, Excuse] = MappingProxyType({}),
    answer: Answer = "asked",
    failed: Failed | None = None,
    undo: Mapping[str, Any] | None = None,
    unchosen: Outcome | None = None,
    approver: tuple[str, str] = APPROVER,
    name: str = "run-1",
    started: str = "2026-11-20T08:00:00.000Z",
    seconds: float = 1.5,
    **given: Any,
) -> dict[str, Any]:
    """The entry of one execution, as a report reads it.

    `observed` is what it has read. `answer` is what comes of its request, where the decision makes one.
    `undo` is the entry of the execution that it takes back. `unchosen` is the outcome of one that has not
    come to look at a resource. `given` is for the run: event, batch, reason, requester.
    """
    execution = execution_of(resource_type, name, started)
    place = Resource(account=account, region=region, id=resource)
    run = Run(
        resource=place,
        role_arn=f"arn:aws:iam::{account}:role/rightstate-remediation",
        external_id=None,
        policies={}
        if undo
        else {
            each: Enabled(mode=mode, parameters=find_policy(each)[1].examples)
            for each, mode in policies.items()
        },
        excuses=excuses,
        undo=undo and _undoing(undo),
        **given,
    )
    entered = {"account": account, "region": region, "resource": resource}
    if event := given.get("event"):
        entered["event"] = event.model_dump(mode="json")
    with patch.dict(os.environ, ENVIRONMENT):
        if unchosen:
            told = Resolved(proceed=False, outcome=unchosen, reason=OFF, place=place)
            state = {"resolved": told.model_dump(mode="json")}
        else:
            state = state_at_end(resource_type, execution, run, observed, failed, answer, approver)
        if failed and failed.error == REFUSED.error:
            del entered["resource"]
        begun = datetime.fromisoformat(started)
        until = begun + timedelta(seconds=seconds)
        route = route_of(state, failed)
        visits = [begun + (until - begun) * number / len(route) for number in range(len(route))]
        times = zip(visits, [*visits[1:], until], strict=True)
        events = history(route, times, failed.error if failed else "")
        return recorded(resource_type, execution, entered, state, until, events)


def died(
    resource_type: str = "s3-bucket",
    resource: str = "orders",
    *,
    account: str = "111122223333",
    region: str = "eu-west-1",
    name: str = "run-1",
    started: str = "2026-11-20T08:00:00.000Z",
    seconds: float = 45,
) -> dict[str, Any]:
    """The entry of an execution that was aborted."""
    given = {"account": account, "region": region, "resource": resource}
    return _died(execution_of(resource_type, name, started), given, seconds)


def stopped(name: str = "run-1", started: str = "2026-11-20T08:00:00.000Z") -> dict[str, Any]:
    """The entry of a backfill that a person has stopped."""
    return _died(execution_of("backfill", name, started), {}, 45, "Stopped")


def unlisted(execution: Execution, resource_type: str, service: str, batch: str) -> dict[str, Any]:
    """The entry of an execution of a backfill's map that could not list a service's resources."""
    given = {"account": "111122223333", "region": "eu-west-1", "group": service, "batch": batch}
    until = datetime.fromisoformat(execution.started) + timedelta(seconds=1)
    with patch.dict(os.environ, ENVIRONMENT):
        return recorded(resource_type, execution, given, _failure(Failed("Survey")), until, [])


def execution_of(resource_type: str, name: str, started: str) -> Execution:
    return Execution(
        id=f"{HUB}:rightstate-{resource_type}:{name}",
        name=name,
        started=started,
        state_machine=f"{HUB.replace(':execution', ':stateMachine')}:rightstate-{resource_type}",
    )


def _undoing(entry: Mapping[str, Any]) -> Undo:
    return Undo(
        execution=entry["execution"],
        changes=tuple(map(Change.model_validate, entry["changes"])),
        consent=True,
        approver="li.wei@example.com",
    )


# --- What the states hand to Notify and record ---


def state_at_end(
    resource_type: str,
    execution: Execution,
    run: Run,
    observed: Observed,
    failed: Failed | None = None,
    answer: Answer = "asked",
    approver: tuple[str, str] = APPROVER,
) -> dict[str, Any]:
    """The state data with which such an execution comes to its end."""
    failure = {} if failed is None else _failure(failed)
    if failed and failed.state == "Resolve":
        return failure
    state: dict[str, Any] = {"resolved": _resolved(run)}
    if failed:
        state["failure"] = failure
    if failed and failed.state in ("Assume role", "Describe"):
        return state
    described = Described(observed=observed, read_at=execution.started)
    task = DecideTask(resource_type=resource_type, execution=execution, run=run, described=described)
    decision = decide.decide(task)
    if decision.ask:
        state["resolved"] = _answered(task, decision, answer, approver)
        if answer == "approved":
            approved = Run.model_validate(state["resolved"]["run"])
            decision = decide.decide(task.model_copy(update={"run": approved}))
    state["described"] = described.model_dump(mode="json")
    state["decision"] = decision.model_dump(mode="json")
    if not decision.apply:
        state.pop("failure", None)
    elif failed is None or failed.state != "Apply":
        operations = tuple(each.operation for each in decision.calls)
        state["applied"] = Applied(operations=operations, changes=decision.changes).model_dump(mode="json")
        if failed is None:
            seen = Verified(observed={each.setting: each.after for each in decision.changes})
            state["verified"] = seen.model_dump(mode="json")
        else:
            # Of the changes that were made, a fresh read does not show the last.
            shown = {each.setting: each.after for each in decision.changes[:-1]}
            back = ReadBack(observed=shown, operations=operations, changes=decision.changes)
            state["read_back"] = back.model_dump(mode="json")
    else:
        # Its first call was refused.
        state["read_back"] = ReadBack(observed={}).model_dump(mode="json")
    return state


def _failure(failed: Failed) -> dict[str, str]:
    cause = json.dumps({"errorMessage": failed.message, "errorType": failed.error})
    return {"Error": failed.error, "Cause": cause}


def _resolved(run: Run) -> dict[str, Any]:
    return Resolved(proceed=True, run=run, place=run.resource).model_dump(mode="json")


def _answered(
    task: DecideTask, decision: Decision, answer: Answer, approver: tuple[str, str]
) -> dict[str, Any]:
    """What is resolved once the request is answered."""
    run, request = task.run, approvals.request_id(task.execution.id)
    by, arn = approver
    if answer == "approved":
        approval = Approval(
            id=request,
            plan=decision.plan,
            policies=tuple(sorted({policy for change in decision.changes for policy in change.policies})),
            by=by,
            arn=arn,
            at=task.execution.started,
            reason="Seen with the team, change 4711.",
            not_before=task.execution.started,
        )
        return _resolved(run.approved_by(approval))
    if answer == "denied":
        denied = Resolved(
            proceed=False,
            outcome=Outcome.DENIED,
            reason=f"{by} denied {request}: not now. Nothing was changed.",
            run=run,
            place=run.resource,
        )
        return denied.model_dump(mode="json")
    until = written(datetime.fromisoformat(task.execution.started) + timedelta(hours=24))
    other = f"{task.execution.id}-before"
    asked = Asked(id=approvals.request_id(other), plan=decision.plan, execution=other, until=until)
    check = CheckTask(**dict(task), decision=decision, answer={})
    return approvals._not_asked(check, asked).model_dump(mode="json")


# --- The way that an execution takes ---


def route_of(state: Mapping[str, Any], failed: Failed | None) -> tuple[str, ...]:
    """The states that it enters until its end, on the shortest way that leads past what it has done."""
    failing = failed.state if failed and ("failure" in state or "Error" in state) else ""
    if not failing and "decision" not in state:
        return _route("Resolve", "")
    return _route("Verify" if state.get("decision", {}).get("apply") else "Decide", failing)


@cache
def _route(stop: str, failing: str) -> tuple[str, ...]:
    definition = sam_template.definition()
    stops = {"Resolve": [], "Decide": ["Decide"], "Verify": ["Decide", "Apply", "Verify"]}[stop]
    route = [definition["StartAt"]]
    for each in [failing] if failing else stops:
        route += [] if each == route[-1] else _shortest(definition["States"], route[-1], each)
    if failing:
        route.append(definition["States"][failing]["Catch"][-1]["Next"])
    if route[-1] == "Notify and record":
        return tuple(route)
    return (*route, *_shortest(definition["States"], route[-1], "Notify and record"))


def _shortest(states: dict[str, Any], source: str, target: str) -> list[str]:
    """The states after the source, to the target."""
    ways = [[source]]
    for taken in ways:
        state = states[taken[-1]]
        following = [each["Next"] for each in (state, *state.get("Choices", ())) if "Next" in each]
        for name in (*following, *(state[key] for key in ("Default",) if key in state)):
            if name == target:
                return [*taken[1:], name]
            if name not in taken:
                ways.append([*taken, name])
    raise ValueError(f"No way leads from {source} to {target}.")


def history(
    route: tuple[str, ...], times: Iterable[tuple[datetime, datetime]], error: str = ""
) -> list[dict[str, Any]]:
    """The events of Step Functions' history that say when each state was entered and left, but the last; and
    what the state failed with that the execution failed in."""
    events: list[dict[str, Any]] = []
    failed = route.index("Read back") - 1 if "Read back" in route else len(route) - 2
    for number, (state, (entered, left)) in enumerate(zip(route, times, strict=True)):
        events.append({"timestamp": entered, "stateEnteredEventDetails": {"name": state}})
        if error and number == failed:
            events.append({"timestamp": left, "taskFailedEventDetails": {"error": error}})
        events.append({"timestamp": left, "stateExitedEventDetails": {"name": state}})
    return events[:-1]


# --- The entry ---


def recorded(
    resource_type: str,
    execution: Execution,
    given: Mapping[str, Any],
    state: dict[str, Any],
    until: datetime,
    events: list[dict[str, Any]],
) -> dict[str, Any]:
    """The entry that `record` writes of the state data."""
    task = RecordTask(resource_type=resource_type, execution=execution, state=state, input=dict(given))
    entry = record._entry(task, until)
    entry |= {**record._looked(task, entry), "halted": [], "path": way.visits(events, until)}
    return _read_back(entry)


def _died(
    execution: Execution, given: Mapping[str, Any], seconds: float, error: str | None = None
) -> dict[str, Any]:
    begun = datetime.fromisoformat(execution.started)
    detail = {
        "executionArn": execution.id,
        "stateMachineArn": execution.state_machine,
        "status": "ABORTED",
        "startDate": round(begun.timestamp() * 1000),
        "stopDate": round((begun + timedelta(seconds=seconds)).timestamp() * 1000),
        "input": json.dumps(given),
        "error": error,
    }
    with patch.dict(os.environ, ENVIRONMENT):
        return _read_back(death._entry(death._Event.model_validate({"detail": detail}).detail))


def _read_back(entry: dict[str, Any]) -> dict[str, Any]:
    """As `report` reads it: DynamoDB drops the zeros at a number's end."""
    plain = json.loads(json.dumps(ledger.expiring(entry)))
    for each in (plain, *plain.get("path", ())):
        each["seconds"] = int(each["seconds"]) if each["seconds"].is_integer() else each["seconds"]
    found: dict[str, Any] = plain
    return found


def item(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The entry as the ledger's table has it."""
    with patch.dict(os.environ, ENVIRONMENT):
        return serialized(ledger.expiring(entry))


def hashed(given: object) -> str:
    return hashlib.sha256(str(given).encode()).hexdigest()
