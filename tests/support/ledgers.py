"""Ledgers as a hub may have after some weeks: entries of all outcomes, the same ones for the same seed.

What is drawn here is what was found and how it ended: settings as they were read from examples of each type,
events, failures, answers. `endings` has the planner and the recorder make an entry of each.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random
from typing import Any
from unittest.mock import patch

from rightstate.catalogue import find_policy, load
from rightstate.clock import written
from rightstate.deciding import planner
from rightstate.models.decision import Excuse, Outcome, Undo
from rightstate.models.settings import Account, Enabled, Exemption
from rightstate.models.start import Event, Execution
from rightstate.models.tasks import Resolved, Run
from rightstate.policy import Mode
from rightstate.resource_type import Change, Observed, Resource
from rightstate_cli.application import sam_template
from tests.support import endings, recorded
from tests.support.endings import ENVIRONMENT, Answer, Failed, hashed

BEGIN = datetime(2026, 9, 28, tzinfo=UTC)
END = datetime(2026, 11, 25, 8, tzinfo=UTC)
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
    Failed("Apply", "Denied", "ModifyDBInstance was answered with AccessDenied. Nothing was changed."),
    Failed(
        "Describe", "NotReady", "The resource was modifying for longer than is waited. Nothing was changed."
    ),
    Failed(
        "Describe",
        "Throttled",
        "DescribeKey was answered with ThrottlingException, for longer than is waited.",
    ),
    Failed(
        "Assume role",
        "RoleNotAssumed",
        "The role rightstate-remediation cannot be assumed: AccessDenied.",
    ),
    Failed("Verify", "NotVerified", "The change was made, but a fresh read does not show it."),
)
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
    changed: dict[_Place, Undo] = {}
    with patch.dict(os.environ, ENVIRONMENT):
        for number in range(count):
            yield _entry(random, number, random.choice(resources), changed)


_Place = tuple[str, str, str, str]
"""Account, region, type, name."""


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
        policies = {each.id: Enabled(mode=Mode.AUTO, parameters=each.examples) for each in some}
        decision = planner.decide(of, resource, policies, observed)
        if decision.changes:
            after = {**observed, **{each.setting: each.after for each in decision.changes}}
            found.append(_Variant(tuple(policies), observed, after, decision.changes))
    return tuple(found)


def _resource(random: Random, number: int) -> _Place:
    name = f"{random.choice(_WORDS)}-{random.choice(_WORDS)}-{number}"
    return random.choice(list(ACCOUNTS)), random.choice(_REGIONS), random.choice(_TYPES), name


def _entry(random: Random, number: int, place: _Place, changed: dict[_Place, Undo]) -> dict[str, Any]:
    started = BEGIN + (END - BEGIN) * random.random()
    share = (started - BEGIN) / (END - BEGIN)
    outcome = random.choices([name for name, _ in _OUTCOMES], [n for _, n in _OUTCOMES])[0]
    # As time goes by fewer are broken.
    if outcome in ("remediated", "reported") and random.random() < 0.6 * share:
        outcome = "compliant"
    # What has not been changed cannot be undone.
    if outcome == "undone" and place not in changed:
        outcome = "remediated"
    name = f"{hashed(number)[:8]}-{place[3]}"[:80]
    execution = endings.execution_of(place[2], name, written(started))
    given: dict[str, Any] = {"account": place[0], "region": place[1], "resource": place[3]}
    if outcome == "died":
        return endings.died(
            place[2], place[3], account=place[0], region=place[1], name=name, started=written(started)
        )
    batch = "nightly-sweep" if outcome == "awaiting-approval" else None
    event = None if batch or random.random() < 0.3 else _event(random, number, started, place)
    variant = _variants(place[2])[random.randrange(_VARIANTS)]
    failed = random.choice(_FAILURES) if outcome == "failed" else None
    approved = outcome == "remediated" and random.random() < 0.25
    mode = Mode.APPROVE if approved else _MODES.get(outcome, Mode.AUTO)
    before = changed.get(place) if outcome == "undone" else None
    run = Run(
        resource=Resource(account=place[0], region=place[1], id=place[3]),
        role_arn=f"arn:aws:iam::{place[0]}:role/rightstate-remediation",
        external_id=None,
        policies={}
        if before
        else {
            name: Enabled(mode=mode, parameters=find_policy(name)[1].examples) for name in variant.policies
        },
        reason="" if event else "Nightly sweep",
        event=event,
        batch=batch,
        requester="" if event else "AROAEXAMPLE:rightstate-sweep",
        excuses=_excuses(outcome, variant),
        undo=before,
    )
    state = _state(outcome, run, variant, execution, failed)
    route = endings.route_of(state, failed)
    error = endings.GONE if outcome == "gone" else failed
    times = list(_times(random, route, started))
    ended = times[-1][1]
    entry = endings.recorded(
        place[2],
        execution,
        given,
        state,
        ended,
        endings.history(route, times, error.error if error else ""),
    )
    if outcome == "remediated" and entry["changes"]:
        changed[place] = Undo(
            execution=execution.id,
            changes=tuple(Change.model_validate(each) for each in entry["changes"]),
            consent=True,
            approver="li.wei@example.com",
        )
    return entry


_MODES = {
    "reported": Mode.REPORT,
    "awaiting-approval": Mode.APPROVE,
    "denied": Mode.APPROVE,
}


def _state(
    outcome: str, run: Run, variant: _Variant, execution: Execution, failed: Failed | None
) -> dict[str, Any]:
    if outcome == "not-applicable":
        off = Resolved(proceed=False, outcome=Outcome.OFF, reason=endings.OFF, place=run.resource)
        return {"resolved": off.model_dump(mode="json")}
    observed = variant.mended if outcome == "compliant" else variant.broken
    if run.undo:
        observed = {**observed, **{each.setting: each.after for each in run.undo.changes}}
    answer: Answer = "denied" if outcome == "denied" else "approved"
    return endings.state_at_end(
        execution.state_machine.rpartition(":rightstate-")[2],
        execution,
        run,
        observed,
        endings.GONE if outcome == "gone" else failed,
        answer,
    )


def _excuses(outcome: str, variant: _Variant) -> dict[str, Excuse]:
    if outcome not in _EXCUSES:
        return {}
    rule, reason = _EXCUSES[outcome]
    excuse = Excuse(kind=outcome, reason=reason, rule=rule)
    return dict.fromkeys(variant.policies, excuse)


_EXCUSES = {
    "exempt": ("exemption ex-1a2b3c40", "Public on purpose: the static site of the open day."),
    "halted": ("breaker", "It has been set back three times within an hour."),
}


def _times(random: Random, route: tuple[str, ...], started: datetime) -> Iterator[tuple[datetime, datetime]]:
    """When each state is entered and left."""
    at = started
    for state in route:
        seconds = 0.002 if state.endswith("?") else random.uniform(0.1, 1.5)
        left = at + timedelta(seconds=seconds + (random.uniform(0, 30) if state == "Verify" else 0))
        yield at, left
        at = left


# --- What is looked at, and by whose call ---


@cache
def _event_names(name: str) -> list[str]:
    return sam_template.event_names(name)


def _event(random: Random, number: int, started: datetime, place: _Place) -> Event:
    who = random.choice(_PEOPLE)
    name = random.choice(_event_names(place[2]))
    return Event(
        id="-".join(
            hashed(f"event {number}")[a:b] for a, b in ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32))
        ),
        name=name,
        time=written(started - timedelta(seconds=random.randint(2, 40)))[:19] + "Z",
        principal=f"arn:aws:sts::{place[0]}:assumed-role/{who}",
        principal_id=f"AROA{hashed(who)[:16].upper()}:{who.partition('/')[2]}",
        source=f"203.0.113.{random.randint(1, 254)}",
    )


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
