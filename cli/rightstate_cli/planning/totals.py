"""What a plan would change in numbers: by severity, policy, type and place."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rightstate.catalogue import find_policy
from rightstate.models.decision import Status
from rightstate.policy import Risk, Severity
from rightstate_cli.planning.plan_file import Item, Plan


@dataclass(frozen=True)
class PolicyTotal:
    """One policy that some resource breaks. `to_change` counts the resources that a fix changes, `left` those
    that something keeps from it."""

    policy: str
    severity: Severity
    risk: Risk
    to_change: int
    left: int


@dataclass(frozen=True)
class Part:
    """A part of the plan: a type, or an account and region. `looked_at` and `to_change` count resources,
    `unknown` those that could not be read."""

    name: tuple[str, ...]
    looked_at: int
    to_change: int
    unknown: int


@dataclass(frozen=True)
class Totals:
    """The numbers of a plan. `settings` counts the settings to change, `severities` the broken policies of
    resources to change, the worst severity first."""

    settings: int
    severities: Sequence[tuple[Severity, int]]
    policies: Sequence[PolicyTotal]
    types: Sequence[Part]
    places: Sequence[Part]


def totals(plan: Plan) -> Totals:
    """The numbers, each list with the most urgent first."""
    policies = _policies(plan.items)
    by_severity: Counter[Severity] = Counter()
    for each in policies:
        by_severity[each.severity] += each.to_change
    return Totals(
        settings=sum(len(item.changes) for item in plan.items),
        severities=[(name, by_severity[name]) for name in reversed(Severity) if by_severity[name]],
        policies=policies,
        types=_parts([((item.resource_type,), item) for item in plan.items]),
        places=_parts([((item.account, item.region), item) for item in plan.items]),
    )


def _policies(items: Sequence[Item]) -> list[PolicyTotal]:
    to_change: Counter[str] = Counter()
    left: Counter[str] = Counter()
    for item in items:
        for each in item.verdicts:
            if each.findings:
                (to_change if each.status is Status.BROKEN and item.changes else left)[each.policy] += 1
    found = []
    for name in sorted(to_change.keys() | left.keys()):
        policy = find_policy(name)[1]
        found.append(PolicyTotal(name, policy.severity, policy.risk, to_change[name], left[name]))
    return sorted(found, key=lambda each: (-each.severity.rank, -each.to_change, each.policy))


def _parts(items: Sequence[tuple[tuple[str, ...], Item]]) -> list[Part]:
    looked_at: Counter[tuple[str, ...]] = Counter()
    to_change: Counter[tuple[str, ...]] = Counter()
    unknown: Counter[tuple[str, ...]] = Counter()
    for name, item in items:
        looked_at[name] += 1
        to_change[name] += bool(item.changes)
        unknown[name] += item.status in ("busy", "unreadable")
    found = [Part(name, looked_at[name], to_change[name], unknown[name]) for name in looked_at]
    return sorted(found, key=lambda each: (-each.to_change, each.name))
