"""The figures of the report's first view, counted as the entries go by in the order of time."""

from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rightstate.models.decision import Outcome
from rightstate.surveying.looks import Line
from rightstate_cli.report.looked import Look, Scope, states_of, unread
from rightstate_cli.report.posture import STATES, State, effect, looked_at, made
from rightstate_cli.report.record import Record, milliseconds
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
_VERIFY = "Verify"
_WRONG = (State.BROKEN, State.WAITING, State.LEFT)


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
        self._scopes: dict[Scope, dict[str, Counter[State]]] = {}
        self._of_scope: dict[Scope, list[str]] = {}
        # Scopes whose look is an earlier one, of which no lines are left, and the look of each scope.
        self._coarse: set[Scope] = set()
        self._looks: dict[Scope, Look] = {}
        self._took = array("q")
        self._pairs: Counter[State] = Counter()
        self._outcomes: Counter[str] = Counter()
        self._failures: dict[str, _Failure] = {}
        self._days: dict[str, dict[str, Any]] = {}
        self._changed: Counter[str] = Counter()
        self.first = self.last = ""

    def add(self, record: Record) -> None:
        """Count it; it has started no earlier than all before."""
        number = self._number(record.resource)
        if looked_at(record):
            self._looked_at.add(number)
        if (took := fixed_in(record)) is not None:
            self._took.append(took)
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

    def look(self, look: Look) -> None:
        """Count it in place of all that was known of its scope, save what ended after it was read. It was
        complete no earlier than all before had started."""
        scope = look.scope
        self._looks[scope] = look
        for policy, count in self._scopes.pop(scope, {}).items():
            self._add(scope, policy, count, -1)
        self._coarse.discard(scope)
        found = self._scopes[scope] = {
            policy: Counter(dict(zip(STATES, row, strict=True))) for policy, row in look.rows.items()
        }
        for policy, count in found.items():
            self._add(scope, policy, count, 1)
        for resource in self._of_scope.get(scope, ()):
            self._seen(look, resource)
        for resource in look.seen:
            if resource not in self._resources:
                self._number(resource)
                self._seen(look, resource)
        if not look.last:
            self._coarse.add(scope)
        self.first = self.first or look.counts.looked_at
        self.last = max(self.last, look.counts.looked_at)
        self._days.setdefault(look.counts.looked_at[:10], {"outcomes": Counter()})["pairs"] = _row(
            self._pairs
        )

    def _seen(self, look: Look, resource: str) -> None:
        number = self._resources[resource]
        stands, line = self._stands.pop(number, {}), look.seen.get(resource)
        read = milliseconds(line.at) if line else look.since
        seen = states_of(line) if line else {}
        self._stands[number] = {policy: (state, read) for policy, state in seen.items()}
        if look.last:
            self._cleared[number] = max(self._cleared.get(number, 0), read)
        for policy, (state, ended) in stands.items():
            if look.last and (ended > read or (line and unread(line))):
                self._set(resource, policy, state, ended)
            elif not look.last:
                # Not counted any more, and known all the same to what comes next.
                self._stands[number][policy] = state, ended

    def broken(self, bad: Sequence[tuple[str, Line]]) -> list[dict[str, Any]]:
        """What is broken, waits, is left alone, or could not be read, as the newest that is known of it says,
        in JSON's types."""
        lines = dict(bad)
        found = []
        for resource, number in self._resources.items():
            stands = self._stands.get(number, {})
            line = lines.pop(resource, None)
            policies = {name: state for name, (state, _) in stands.items() if state in _WRONG}
            if policies:
                at = max(ended for _, ended in stands.values())
                found.append(
                    (resource, dict(sorted(policies.items())), at or None, line.reason if line else "")
                )
            elif line and unread(line):
                found.append((resource, {}, milliseconds(line.at), line.reason))
        for resource, line in lines.items():
            policies = {name: state for name, state in states_of(line).items() if state in _WRONG}
            if policies or unread(line):
                found.append((resource, dict(sorted(policies.items())), milliseconds(line.at), line.reason))
        return [
            {"resource": resource, "policies": policies, "at": at, "reason": reason}
            for resource, policies, at, reason in sorted(found, key=lambda each: (-len(each[1]), each[0]))
        ]

    def wait(self, waiting: Waiting) -> None:
        """Count what waits for an approval, after all entries.

        Where the period goes on until now, what the ledger has as waiting without an open request has been
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
        """The accounts that the entries, the looks, and what waits for an approval, are of."""
        of_looks = {account for account, _, _ in self._looks}
        return tuple(sorted(of_looks | {resource.partition("/")[0] for resource in self._resources}))

    def as_json(self) -> dict[str, Any]:
        """The figures, in JSON's types; each list of five is in the order of STATES."""
        waiting = sum(
            any(state is State.WAITING for state, _ in stands.values()) for stands in self._stands.values()
        )
        return {
            "records": sum(self._outcomes.values()),
            "resources": self._seen_resources(),
            "unread": sum(look.counts.unreadable for look in self._looks.values()),
            "fixed": quantiles(self._took),
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
        number = self._number(resource)
        stands = self._stands.setdefault(number, {})
        before, _ = stands.get(policy, (None, 0))
        stands[policy] = state, ended
        scope = _scope(resource)
        if scope in self._coarse:
            return
        moved: Counter[State] = Counter()
        if before:
            moved[before] -= 1
        if state:
            moved[state] += 1
        count = self._scopes.setdefault(scope, {}).setdefault(policy, Counter())
        count.update(moved)
        self._add(scope, policy, moved, 1)

    def _add(self, scope: Scope, policy: str, moved: Counter[State], sign: int) -> None:
        policies = self._policies.setdefault(policy, Counter())
        accounts = self._accounts.setdefault(scope[0], Counter())
        for state, number in moved.items():
            for count in (self._pairs, policies, accounts):
                count[state] += sign * number

    def _number(self, resource: str) -> int:
        if resource not in self._resources:
            self._of_scope.setdefault(_scope(resource), []).append(resource)
        return self._resources.setdefault(resource, len(self._resources))

    def _seen_resources(self) -> int:
        """Those of the looks, and those of executions that no look saw."""
        found = sum(look.counts.resources for look in self._looks.values())
        for resource, number in self._resources.items():
            look = self._looks.get(_scope(resource))
            if number in self._looked_at and (look is None or (look.last and resource not in look.seen)):
                found += 1
        return found

    def _fail(self, record: Record, number: int) -> None:
        failure = self._failures.setdefault(record.error or record.outcome, _Failure())
        failure.count += 1
        failure.resources.add(number)
        failure.accounts.add(record.account)
        failure.last, failure.reason = record.started, record.reason


def fixed_in(record: Record) -> int | None:
    """Milliseconds from the event to the read that verified the change; None where no event led to it or
    nothing was changed and verified."""
    if record.outcome != Outcome.REMEDIATED or not (record.event and record.event.time):
        return None
    ended = record.ended_at
    try:
        for visit in record.path:
            if visit.state == _VERIFY and visit.seconds is not None:
                ended = milliseconds(visit.entered) + round(visit.seconds * 1000)
        return max(0, ended - milliseconds(record.event.time))
    except ValueError:
        return None


def quantiles(times: Sequence[int]) -> list[int]:
    """How many, the time in which half of them were done, and that of 95 of 100; empty where there are
    none."""
    found = sorted(times)
    return [len(found), found[(len(found) - 1) // 2], found[(len(found) * 95 - 1) // 100]] if found else []


def _scope(resource: str) -> Scope:
    account, region, resource_type, _ = resource.split("/", 3)
    return account, region, resource_type


def _group(outcome: str) -> str:
    return GROUPS.get(outcome, ALONE)


def _row(count: Counter[State]) -> list[int]:
    return [count[state] for state in STATES]
