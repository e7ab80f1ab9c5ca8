"""Ledgers as a hub may have after some weeks: entries of all outcomes, the same ones for the same seed.

Nothing in an entry is written here. The planner decides on settings that were read from examples of each
type; what the states would have handed to Notify and record goes to the function that writes a hub's entries.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random
from typing import Any
from unittest.mock import patch

from rightstate import death, ledger, planner, record, remediation, way
from rightstate.catalogue import load
from rightstate.clock import written
from rightstate.models import (
    Account,
    Applied,
    Approval,
    DecideTask,
    Described,
    Enabled,
    Event,
    Excuse,
    Execution,
    Exemption,
    Outcome,
    RecordTask,
    Resolved,
    Run,
    Undo,
    Verified,
)
from rightstate.policy import Mode
from rightstate.resource_type import Change, Observed, Resource
from rightstate_cli import application
from tests.support import recorded

BEGIN = datetime(2026, 9, 28, tzinfo=UTC)
END = datetime(2026, 11, 25, 8, tzinfo=UTC)
HUB = "arn:aws:states:eu-west-1:111122223333:execution"
ACCOUNTS = {
    "111122223333": "platform",
    "222233334444": "payments-prod",
    "333344445555": "payments-test",
    "444455556666": "data-lake",
    "555566667777": "web-shop",
    "666677778888": "sandbox",
}
_REGIONS = ("eu-west-1", "eu-west-1", "eu-central-1", "us-east-1")
_TYPES = (
    "s3-bucket",
    "rds-instance",
    "sqs-queue",
    "kms-key",
    "ec2-instance",
    "dynamodb-table",
    "load-balancer",
)
_WORDS = (
    "orders",
    "invoices",
    "audit",
    "sessions",
    "exports",
    "images",
    "events",
    "reports",
    "ledger",
    "users",
)
_PEOPLE = (
    "DeployRole/ci",
    "Developer/anna.keller",
    "Developer/tom.rivers",
    "Admin/li.wei",
    "ReadOnly/joana.sousa",
)
_FAILURES = (
    ("Denied", "ModifyDBInstance was answered with AccessDenied. Nothing was changed.", "apply"),
    ("NotReady", "The resource was modifying for longer than is waited. Nothing was changed.", "describe"),
    (
        "Throttled",
        "DescribeKey was answered with ThrottlingException, for longer than is waited.",
        "describe",
    ),
    ("RoleNotAssumed", "The role rightstate-remediation cannot be assumed: AccessDenied.", "assume"),
    ("NotVerified", "The change was made, but a fresh read does not show it.", "verify"),
)
"""Error, its message, and the state that it ends."""
# Outcome, and how often of a thousand; a resource is broken more seldom as time goes by.
_OUTCOMES = (
    ("compliant", 640), ("remediated", 150), ("reported", 90), ("awaiting-approval", 30), ("failed", 28),
    ("exempt", 24), ("halted", 6), ("gone", 10), ("denied", 5), ("undone", 9), ("died", 2),
    ("not-applicable", 6),
)  # fmt: skip


def accounts() -> list[Account]:
    """Their settings, with exemptions that have ended, will soon, and will not."""
    return [
        Account(account=account, name=name, exemptions=tuple(_exemptions(number, account)))
        for number, (account, name) in enumerate(ACCOUNTS.items())
    ]


def entries(count: int, seed: int = 7) -> Iterator[dict[str, Any]]:
    """So many entries, as the ledger has them, in no order of time."""
    random = Random(seed)  # noqa: S311 - repeatable, and no secret
    resources = [_resource(random, number) for number in range(max(count // 4, 1))]
    changed: dict[Place, tuple[str, tuple[Change, ...]]] = {}
    with patch.dict(os.environ, _ENVIRONMENT):
        for number in range(count):
            yield _entry(random, number, random.choice(resources), changed)


_ENVIRONMENT = {"LEDGER_DAYS": "400", "APPROVAL_HOURS": "24", "STACK": "rightstate"}
Place = tuple[str, str, str, str]
"""Account, region, type, name."""


def _resource(random: Random, number: int) -> Place:
    name = f"{random.choice(_WORDS)}-{random.choice(_WORDS)}-{number}"
    return random.choice(list(ACCOUNTS)), random.choice(_REGIONS), random.choice(_TYPES), name


def _entry(
    random: Random, number: int, place: Place, changed: dict[Place, tuple[str, tuple[Change, ...]]]
) -> dict[str, Any]:
    started = BEGIN + (END - BEGIN) * random.random()
    share = (started - BEGIN) / (END - BEGIN)
    outcome = random.choices([name for name, _ in _OUTCOMES], [n for _, n in _OUTCOMES])[0]
    # As time goes by fewer are broken.
    if outcome in ("remediated", "reported") and random.random() < 0.6 * share:
        outcome = "compliant"
    # What has not been changed cannot be undone.
    if outcome == "undone" and place not in changed:
        outcome = "remediated"
    name = f"{_hash(number)[:8]}-{place[3]}"[:80]
    execution = Execution(
        id=f"{HUB}:rightstate-{place[2]}:{name}",
        name=name,
        started=written(started),
        state_machine=f"{HUB.replace(':execution', ':stateMachine')}:rightstate-{place[2]}",
    )
    given: dict[str, Any] = {"account": place[0], "region": place[1], "resource": place[3]}
    if outcome == "died":
        return _died(execution, given, started + timedelta(seconds=45))
    batch = "nightly-sweep" if outcome == "awaiting-approval" else None
    event = None if batch or random.random() < 0.3 else _event(random, number, started, place)
    variant = _variants(place[2])[random.randrange(_VARIANTS)]
    run = Run(
        resource=Resource(account=place[0], region=place[1], id=place[3]),
        role_arn=f"arn:aws:iam::{place[0]}:role/rightstate-remediation",
        external_id=None,
        policies={name: Enabled(mode=_MODES.get(outcome, Mode.AUTO)) for name in variant.policies},
        reason="" if event else "Nightly sweep",
        event=event,
        batch=batch,
        requester="" if event else "AROAEXAMPLE:rightstate-sweep",
    )
    state, failing = _state(random, outcome, run, variant, execution, changed.get(place))
    route = _route("Apply" if state.get("decision", {}).get("apply") else "", failing)
    events, ended = _history(random, route, started)
    task = RecordTask(resource_type=place[2], execution=execution, state=state, input=given)
    entry = record._entry(task, ended)
    entry |= {**record._looked(task, entry), "halted": [], "path": way.visits(events, ended)}
    if outcome == "remediated" and entry["changes"]:
        changed[place] = (execution.id, tuple(Change.model_validate(each) for each in entry["changes"]))
    return _read_back(entry)


_MODES = {
    "reported": Mode.REPORT,
    "awaiting-approval": Mode.APPROVE,
    "denied": Mode.APPROVE,
}


def _died(execution: Execution, given: dict[str, Any], stopped: datetime) -> dict[str, Any]:
    detail = {
        "executionArn": execution.id,
        "stateMachineArn": execution.state_machine,
        "status": "ABORTED",
        "startDate": round(datetime.fromisoformat(execution.started).timestamp() * 1000),
        "stopDate": round(stopped.timestamp() * 1000),
        "input": json.dumps(given),
    }
    return _read_back(death._entry(death._Event.model_validate({"detail": detail}).detail))


def _read_back(entry: dict[str, Any]) -> dict[str, Any]:
    """As `report` reads it: DynamoDB has no Decimal, and drops the zeros at a number's end."""
    plain = json.loads(json.dumps(ledger.expiring(entry), default=float))
    for each in (plain, *plain.get("path", ())):
        each["seconds"] = int(each["seconds"]) if each["seconds"].is_integer() else each["seconds"]
    found: dict[str, Any] = plain
    return found


# --- What the states hand to Notify and record ---


@dataclass(frozen=True)
class _Variant:
    """Some policies of a type, settings as they were read of an example, and as they are once changed."""

    policies: tuple[str, ...]
    broken: Observed
    mended: Observed
    changes: tuple[Change, ...]


_VARIANTS = 40


@cache
def _variants(name: str) -> tuple[_Variant, ...]:
    """Each breaks something."""
    random = Random(name)  # noqa: S311 - repeatable, and no secret
    of = load(name)
    found: list[_Variant] = []
    while len(found) < _VARIANTS:
        resource, observed = random.choice(recorded.made(name).observed)
        some = random.sample(of.policies, min(len(of.policies), random.randint(2, 5)))
        policies = {each.id: Enabled(mode=Mode.AUTO) for each in some}
        decision = planner.decide(of, resource, policies, observed)
        if decision.changes:
            after = {**observed, **{each.setting: each.after for each in decision.changes}}
            found.append(_Variant(tuple(policies), observed, after, decision.changes))
    return tuple(found)


def _state(
    random: Random,
    outcome: str,
    run: Run,
    variant: _Variant,
    execution: Execution,
    before: tuple[str, tuple[Change, ...]] | None,
) -> tuple[dict[str, Any], str]:
    """The state data with which such an execution comes to its end, and the state that failed, if one did."""
    observed = variant.mended if outcome == "compliant" else variant.broken
    error, message, failing = random.choice(_FAILURES) if outcome == "failed" else ("", "", "")
    if outcome == "gone":
        error, message, failing = "ResourceGone", "There is no such resource.", "describe"
    if outcome in ("exempt", "halted"):
        rule, reason = _EXCUSES[outcome]
        excuse = Excuse(kind=outcome, reason=reason, rule=rule)  # type: ignore[arg-type]
        run = run.model_copy(update={"excuses": dict.fromkeys(variant.policies, excuse)})
    if outcome == "undone" and before:
        undo = Undo(execution=before[0], changes=before[1], consent=True, approver="li.wei@example.com")
        run = run.model_copy(update={"undo": undo})
        observed = {**observed, **{each.setting: each.after for each in before[1]}}
    if outcome == "not-applicable":
        return _resolved(Resolved(proceed=False, outcome=Outcome.OFF, reason=_OFF, place=run.resource)), ""
    if outcome == "remediated" and random.random() < 0.25:
        run = _approved(run, variant, execution)
    state = _resolved(Resolved(proceed=True, run=run, place=run.resource))
    described = Described(observed=observed, read_at=execution.started)
    task = DecideTask(resource_type=_type(execution), execution=execution, run=run, described=described)
    if failing not in ("assume", "describe"):
        state["described"] = described.model_dump(mode="json")
        decision = remediation.decide(task)
        state["decision"] = decision.model_dump(mode="json")
        if outcome == "denied":
            denied = Resolved(
                proceed=False,
                outcome=Outcome.DENIED,
                reason="AROAEXAMPLE:li.wei denied it: not now. Nothing was changed.",
                run=run,
                place=run.resource,
            )
            state |= _resolved(denied)
        if decision.apply and failing != "apply":
            made = Applied(
                operations=tuple(each.operation for each in decision.calls), changes=decision.changes
            )
            state["applied"] = made.model_dump(mode="json")
            if failing != "verify":
                seen = Verified(observed={each.setting: each.after for each in decision.changes})
                state["verified"] = seen.model_dump(mode="json")
    if failing:
        cause = json.dumps({"errorMessage": message, "errorType": error})
        state["failure"] = {"Error": error, "Cause": cause}
    return state, _STATES.get(failing, "")


_OFF = "No policy of this kind of resource is enabled for the account."
_EXCUSES = {
    "exempt": ("exemption ex-1a2b3c40", "Public on purpose: the static site of the open day."),
    "halted": ("breaker", "It has been set back three times within an hour."),
}
_STATES = {"assume": "Assume role", "describe": "Describe", "apply": "Apply", "verify": "Verify"}


def _resolved(found: Resolved) -> dict[str, Any]:
    return {"resolved": found.model_dump(mode="json")}


def _type(execution: Execution) -> str:
    return execution.state_machine.rpartition(":rightstate-")[2]


def _approved(run: Run, variant: _Variant, execution: Execution) -> Run:
    """The run once its plan is approved."""
    decision = planner.decide(load(_type(execution)), run.resource, run.policies, variant.broken)
    approval = Approval(
        id=f"ap-{_hash(execution.id)[:10]}",
        plan=planner.fingerprint_of(variant.broken, decision),
        policies=tuple(run.policies),
        by="AROAEXAMPLE:li.wei",
        arn="arn:aws:sts::111122223333:assumed-role/Approver/li.wei",
        at=execution.started,
        reason="Seen with the team, change 4711.",
        not_before=execution.started,
    )
    return run.approved_by(approval)


@cache
def _event_names(name: str) -> list[str]:
    return application.event_names(name)


def _event(random: Random, number: int, started: datetime, place: Place) -> Event:
    who = random.choice(_PEOPLE)
    name = random.choice(_event_names(place[2]))
    return Event(
        id="-".join(
            _hash(f"event {number}")[a:b] for a, b in ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32))
        ),
        name=name,
        time=written(started - timedelta(seconds=random.randint(2, 40)))[:19] + "Z",
        principal=f"arn:aws:sts::{place[0]}:assumed-role/{who}",
        principal_id=f"AROA{_hash(who)[:16].upper()}:{who.partition('/')[2]}",
        source=f"203.0.113.{random.randint(1, 254)}",
    )


def _history(
    random: Random, route: tuple[str, ...], started: datetime
) -> tuple[list[dict[str, Any]], datetime]:
    """The events of Step Functions' history that say which states were entered, and when the last is left."""
    events: list[dict[str, Any]] = []
    at = started
    for state in route:
        events.append({"timestamp": at, "stateEnteredEventDetails": {"name": state}})
        seconds = 0.002 if state.endswith("?") else random.uniform(0.1, 1.5)
        at += timedelta(seconds=seconds + (random.uniform(0, 30) if state == "Verify" else 0))
        if state != route[-1]:
            events.append({"timestamp": at, "stateExitedEventDetails": {"name": state}})
    return events, at


@cache
def _route(applied: str, failing: str) -> tuple[str, ...]:
    """The states that are entered, on the shortest way that the definition has to its end; where one fails,
    through its Catch."""
    definition = application.definition()
    stops = [failing] if failing else ["Decide", *(("Apply", "Verify") if applied else ())]
    route = [definition["StartAt"]]
    for stop in stops:
        route += _shortest(definition["States"], route[-1], stop)
    if failing:
        return (*route, definition["States"][failing]["Catch"][-1]["Next"])
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


def _exemptions(number: int, account: str) -> Iterator[Exemption]:
    for each, (days, reason) in enumerate(
        (
            (-6, "Migration to the new cluster; was to be done in October."),
            (9, "Public on purpose: the static site of the open day."),
            (170, "Vendor appliance that cannot be restarted before the contract ends."),
        )
    ):
        if (number + each) % 3 == 0:
            yield Exemption(
                id=f"ex-1a2b3c{number}{each}",
                policies=("s3-versioning",) if each else (),
                resource=f"eu-west-1/s3-bucket/open-day-{number}" if each == 1 else None,
                reason=reason,
                approver="li.wei@example.com",
                by=f"arn:aws:sts::{account}:assumed-role/Admin/li.wei",
                created=written(END - timedelta(days=60)),
                until=written(END + timedelta(days=days)),
            )


def _hash(given: object) -> str:
    return hashlib.sha256(str(given).encode()).hexdigest()
