"""The figures of the report's first view, counted as the entries go by in the order of time."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rightstate.models.decision import Outcome
from rightstate_cli.report.posture import STATES, State, effect, looked_at, made
from rightstate_cli.report.record import Record
from rightstate_cli.report.waiting import Waiting

GROUPS: Mapping[str, str] = {
    Outcome.REMEDIATED: "changed",
    Outcome.UNDONE: "changed",
    Outcome.COMPLIANT: "complied",
    Outcome.REPORTED: "found",
    Outcome.CHANGED_SINCE_PLAN: "found",
    Outcome.DENIED: "found",
    Outcome.UNDO_REFUSED: "found",
    Outcome.AWAITING_APPROVAL: "waiting",
    Outcome.FAILED: "failed",
    Outcome.DIED: "failed",
}
"""Outcome -> what it is counted with in the plot of activity; `alone` (let alone) is the rest."""
ALONE = "alone"


@dataclass
class _Failure:
    count: int = 0
    resources: set[int] = field(default_factory=set)
    accounts: set[str] = field(default_factory=set)
    last: str = ""
    reason: str = ""


class Figures:
    """Counts one entry after the other. A pair is a resource and a policy that applies to it."""

    def __init__(self) -> None:
        self._resources: dict[str, int] = {}
        self._looked_at: set[int] = set()
        # State, and when the execution ended that found it.
        self._stands: dict[int, dict[str, tuple[State | None, int]]] = {}
        self._cleared: dict[int, int] = {}
        self._policies: dict[str, Counter[State]] = {}
        self._accounts: dict[str, Counter[State]] = {}
        self._pairs: Counter[State] = Counter()
        self._outcomes: Counter[str] = Counter()
        self._failures: dict[str, _Failure] = {}
        self._days: dict[str, dict[str, Any]] = {}
        self._changed: Counter[str] = Counter()
        self.first = self.last = ""

    def add(self, record: Record) -> None:
        """Count it; it has started no earlier than all before."""
        number = self._resources.setdefault(record.resource, len(self._resources))
        if looked_at(record):
            self._looked_at.add(number)
        self.first = self.first or record.started
        self.last = record.started
        self._outcomes[record.outcome] += 1
        if verified := sum(made(record, change) == "yes" for change in record.changes):
            self._changed["records"] += 1
            self._changed["settings"] += verified
        self._stand(record, number)
        if _group(record.outcome) == "failed":
            self._fail(record, number)
        day = self._days.setdefault(record.started[:10], {"outcomes": Counter()})
        day["outcomes"][_group(record.outcome)] += 1
        day["pairs"] = _row(self._pairs)

    def wait(self, waiting: Waiting) -> None:
        """Count what waits for an approval, after all entries.

        Where the period goes on until now, what the ledger has as waiting and nobody is asked about has been
        answered, and is broken as far as is known.
        """
        asked = {(each.resource, policy) for each in waiting.requests for policy in each.policies}
        if waiting.until_now:
            for resource, number in self._resources.items():
                for policy, (state, ended) in self._stands.get(number, {}).items():
                    if state is State.WAITING and (resource, policy) not in asked:
                        self._set(resource, policy, State.BROKEN, ended)
        for resource, policy in sorted(asked):
            self._set(resource, policy, State.WAITING, 0)
        last = max(self._days, default="")
        pairs = _row(self._pairs)
        if pairs != (self._days[last]["pairs"] if last else _row(Counter())):
            self._days.setdefault(max(last, waiting.day), {"outcomes": Counter()})["pairs"] = pairs

    @property
    def accounts(self) -> tuple[str, ...]:
        """The accounts that the entries, and what waits for an approval, are of."""
        return tuple(sorted({resource.partition("/")[0] for resource in self._resources}))

    def as_json(self) -> dict[str, Any]:
        """The figures, in JSON's types; each list of five is in the order of STATES."""
        waiting = sum(
            any(state is State.WAITING for state, _ in stands.values()) for stands in self._stands.values()
        )
        return {
            "records": sum(self._outcomes.values()),
            "resources": len(self._looked_at),
            "pairs": _row(self._pairs),
            "changed": {"records": self._changed["records"], "settings": self._changed["settings"]},
            "failed": sum(n for outcome, n in self._outcomes.items() if _group(outcome) == "failed"),
            "waiting": waiting,
            "outcomes": dict(sorted(self._outcomes.items())),
            "policies": {key: _row(count) for key, count in sorted(self._policies.items()) if count.total()},
            "accounts": {key: _row(count) for key, count in sorted(self._accounts.items()) if count.total()},
            "days": [{"day": day, **found} for day, found in self._days.items()],
            "failures": [
                {
                    "error": error,
                    "count": found.count,
                    "resources": len(found.resources),
                    "accounts": sorted(found.accounts),
                    "last": found.last,
                    "reason": found.reason,
                }
                for error, found in sorted(self._failures.items(), key=lambda each: (-each[1].count, each[0]))
            ],
        }

    def _stand(self, record: Record, number: int) -> None:
        found, ended = effect(record), record.ended_at
        stands = self._stands.setdefault(number, {})
        after: dict[str, State | None] = dict.fromkeys(stands) if found.clear else {}
        after |= dict(found.states)
        cleared = self._cleared.get(number, 0)
        if found.clear:
            self._cleared[number] = max(cleared, ended)
        for policy, state in after.items():
            _, since = stands.get(policy, (None, cleared))
            # One that has waited for hours, e.g. for an approval, knows more than what began meanwhile.
            if ended >= since:
                self._set(record.resource, policy, state, ended)

    def _set(self, resource: str, policy: str, state: State | None, ended: int) -> None:
        number = self._resources.setdefault(resource, len(self._resources))
        stands = self._stands.setdefault(number, {})
        before, _ = stands.get(policy, (None, 0))
        stands[policy] = state, ended
        for count in (
            self._pairs,
            self._policies.setdefault(policy, Counter()),
            self._accounts.setdefault(resource.partition("/")[0], Counter()),
        ):
            if before:
                count[before] -= 1
            if state:
                count[state] += 1

    def _fail(self, record: Record, number: int) -> None:
        failure = self._failures.setdefault(record.error or record.outcome, _Failure())
        failure.count += 1
        failure.resources.add(number)
        failure.accounts.add(record.account)
        failure.last, failure.reason = record.started, record.reason


def _group(outcome: str) -> str:
    return GROUPS.get(outcome, ALONE)


def _row(count: Counter[State]) -> list[int]:
    return [count[state] for state in STATES]
