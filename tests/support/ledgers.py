"""Ledgers as a hub may have after some weeks: entries of all outcomes, the same ones for the same seed."""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random
from typing import Any

from rightstate.catalogue import load_all
from rightstate.clock import written
from rightstate.models import Account, Exemption
from rightstate.resource_type import ResourceType
from rightstate.wants import as_change
from rightstate_cli import application

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
_CALLS = {
    "s3-bucket": "PutBucketAcl",
    "rds-instance": "ModifyDBInstance",
    "sqs-queue": "SetQueueAttributes",
    "kms-key": "DisableKeyRotation",
    "ec2-instance": "RunInstances",
    "dynamodb-table": "UpdateTable",
    "load-balancer": "ModifyLoadBalancerAttributes",
}
_FAILURES = (
    ("Denied", "ModifyDBInstance was answered with AccessDenied. Nothing was changed."),
    ("NotReady", "The resource was modifying for longer than is waited. Nothing was changed."),
    ("Throttled", "DescribeKey was answered with ThrottlingException, for longer than is waited."),
    (
        "RoleNotAssumed",
        "The role rightstate-remediation cannot be assumed: AccessDenied. Nothing was changed.",
    ),
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
    types = {each.name: each for each in load_all() if each.name in _TYPES}
    resources = [_resource(random, number) for number in range(max(count // 4, 1))]
    changed: dict[tuple[str, str, str, str], str] = {}
    for number in range(count):
        place = random.choice(resources)
        entry = _entry(random, number, types[place[2]], place)
        if entry["outcome"] == "undone":
            entry["undo"] = changed.get(place)
        elif entry["outcome"] == "remediated":
            changed[place] = entry["execution"]
        yield entry


def _resource(random: Random, number: int) -> tuple[str, str, str, str]:
    name = f"{random.choice(_WORDS)}-{random.choice(_WORDS)}-{number}"
    return random.choice(list(ACCOUNTS)), random.choice(_REGIONS), random.choice(_TYPES), name


def _entry(random: Random, number: int, of: ResourceType, place: tuple[str, str, str, str]) -> dict[str, Any]:
    started = BEGIN + (END - BEGIN) * random.random()
    share = (started - BEGIN) / (END - BEGIN)
    outcome = random.choices([name for name, _ in _OUTCOMES], [n for _, n in _OUTCOMES])[0]
    # As time goes by fewer are broken.
    if outcome in ("remediated", "reported") and random.random() < 0.6 * share:
        outcome = "compliant"
    error, reason = random.choice(_FAILURES) if outcome == "failed" else ("", "")
    if outcome == "died":
        error, reason = "TimedOut", "The execution timed out. What it had changed is not known."
    policies = random.sample(of.policies, min(len(of.policies), random.randint(2, 5)))
    broken = policies[: random.randint(1, 2)] if outcome != "compliant" else []
    findings = {each.id: [_finding(random, each)] for each in broken}
    changes: list[dict[str, Any]] = []
    for policy, [finding] in findings.items():
        same = next((each for each in changes if each["setting"] == finding["setting"]), None)
        if same:
            same["policies"].append(policy)
        else:
            changes.append({**finding, "want": {"exactly": finding["after"]}, "policies": [policy]})
    writes = outcome in ("remediated", "undone") or (outcome == "failed" and error == "NotReady")
    name = f"{_hash(number)[:8]}-{place[3]}"[:80]
    path = _path(random, outcome, started)
    seconds = sum(each["seconds"] for each in path)
    status = {"exempt": "exempt", "halted": "halted"}.get(outcome, "broken")
    mode = (
        "approve"
        if outcome in ("awaiting-approval", "denied")
        else "report"
        if outcome == "reported"
        else "auto"
    )
    plan = _hash(f"plan {number}") if changes else ""
    looked = outcome not in ("gone", "not-applicable", "died") and error != "RoleNotAssumed"
    approved = writes and random.random() < 0.25
    return {
        "resource": "/".join(place),
        "at": f"{written(started)}#{name}",
        "execution": f"{HUB}:rightstate-{place[2]}:{name}",
        "account": place[0],
        "region": place[1],
        "resource_type": place[2],
        "day": written(started)[:10],
        "policies": [each.id for each in policies],
        "outcome": outcome,
        "error": error,
        "reason": reason
        or ("" if changes else f"Complies with {len(policies)} of {len(policies)} policies that apply.")
        or ("; ".join(f"{c['setting']}: {as_change(c['before'], c['after'])}" for c in changes)),
        "rule": "exemption ex-1a2b3c40" if outcome == "exempt" else "",
        "why": "Nightly sweep" if random.random() < 0.3 else "",
        "requester": "",
        "event": _event(random, number, started, place) if random.random() < 0.7 else None,
        "verdicts": [
            {
                "policy": each.id,
                "mode": mode,
                "status": (status if each.id in findings else "compliant"),
                "reason": "",
                "rule": "",
                "findings": findings.get(each.id, []),
            }
            for each in policies
        ]
        if looked
        else [],
        "changes": changes if (writes or outcome in ("awaiting-approval", "denied")) and looked else [],
        "calls": [_CALLS[place[2]]] if writes else [],
        "verified": {c["setting"]: c["after"] for c in changes} if writes and outcome != "failed" else {},
        "plan": plan,
        "approval": {
            "id": f"ap-{_hash(number)[:8]}",
            "plan": plan,
            "by": "AROAEXAMPLE:li.wei",
            "arn": "arn:aws:sts::111122223333:assumed-role/Approver/li.wei",
            "at": written(started + timedelta(minutes=20)),
            "reason": "Seen with the team, change 4711.",
            "not_before": "",
            "not_after": "",
        }
        if approved
        else None,
        "undo": None,
        "version": "0.1.0",
        "started": written(started),
        "ended": written(started + timedelta(seconds=seconds)),
        "seconds": round(seconds, 3),
        "path": path,
        "expires": int((started + timedelta(days=400)).timestamp()),
    }  # fmt: skip


def _finding(random: Random, policy: Any) -> dict[str, Any]:
    setting, want = random.choice(sorted(policy.wants.items()))
    kind = type(want).__name__
    if kind in ("Includes", "Lacks"):
        held = (
            ["authentication", "profiler"] if kind == "Includes" else ["AllUsers READ", "owner FULL_CONTROL"]
        )
        return {"setting": setting, "before": held, "after": [*held[1:], "audit"]}
    if kind in ("AtLeast", "AtMost"):
        return {"setting": setting, "before": 0, "after": 7}
    after = getattr(want, "exactly", True)
    return {"setting": setting, "before": not after if isinstance(after, bool) else None, "after": after}


def _event(
    random: Random, number: int, started: datetime, place: tuple[str, str, str, str]
) -> dict[str, str]:
    who = random.choice(_PEOPLE)
    return {
        "id": "-".join(
            _hash(f"event {number}")[a:b] for a, b in ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32))
        ),
        "name": _CALLS[place[2]],
        "time": written(started - timedelta(seconds=random.randint(2, 40)))[:19] + "Z",
        "principal": f"arn:aws:sts::{place[0]}:assumed-role/{who}",
        "principal_id": f"AROA{_hash(who)[:16].upper()}:{who.partition('/')[2]}",
        "source": f"203.0.113.{random.randint(1, 254)}",
    }


def _path(random: Random, outcome: str, started: datetime) -> list[dict[str, Any]]:
    path = []
    for state in _route(outcome in ("remediated", "undone")):
        seconds = 0.002 if state.endswith("?") else round(random.uniform(0.1, 1.5), 3)
        if state == "Verify":
            seconds += round(random.uniform(0, 30), 3)
        path.append({"state": state, "entered": written(started), "seconds": seconds})
        started += timedelta(seconds=seconds)
    return path


@cache
def _route(writes: bool) -> tuple[str, ...]:
    """The states that are entered, on the shortest way that the definition has without a failure."""
    definition = json.loads((application.root() / "statemachines" / "remediation.asl.json").read_text())
    stops = ["Decide", *(("Apply", "Verify") if writes else ()), "Notify and record"]
    route = [definition["StartAt"]]
    for stop in stops:
        route += _shortest(definition["States"], route[-1], stop)
    return tuple(route)


def _shortest(states: dict[str, Any], source: str, target: str) -> list[str]:
    """The states after the source, to the target."""
    ways = [[source]]
    for way in ways:
        state = states[way[-1]]
        following = [each["Next"] for each in (state, *state.get("Choices", ())) if "Next" in each]
        for name in (*following, *(state[key] for key in ("Default",) if key in state)):
            if name == target:
                return [*way[1:], name]
            if name not in way:
                ways.append([*way, name])
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
