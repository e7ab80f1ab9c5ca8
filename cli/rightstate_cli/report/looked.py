"""What looks add to a report: counts of every resource, and lines only of what the report names."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from rightstate.clock import written
from rightstate.models.decision import Status
from rightstate.surveying.looks import Counts, Line, Looks, well
from rightstate_cli.operations.assessed import source_of
from rightstate_cli.report.narrowed import Narrowed
from rightstate_cli.report.period import Chosen
from rightstate_cli.report.posture import STATES, State, state_of
from rightstate_cli.report.record import milliseconds

Scope = tuple[str, str, str]
"""Account, region, resource type."""
_UNREAD = ("unreadable", "busy")
LISTED = 5_000
"""Broken resources that the page lists. The files and `rightstate plan` have the others."""


@dataclass(frozen=True)
class Look:
    """A look as the report counts it. `last` says that its lines are the latest there are: `seen` has those
    of resources that executions are about, by account/region/type/id.

    `since` is when it began to read, `at` when it was complete, in milliseconds.
    """

    counts: Counts
    at: int
    since: int
    last: bool
    seen: Mapping[str, Line]

    @property
    def scope(self) -> Scope:
        return self.counts.account, self.counts.region, self.counts.resource_type

    @property
    def rows(self) -> dict[str, list[int]]:
        """By policy, how many resources are in which of STATES."""
        return {policy: _row(found) for policy, found in sorted(self.counts.policies.items())}


@dataclass(frozen=True)
class Looked:
    """The looks of a report in the order of time, the last of each scope and day. `bad` are the latest lines
    of resources that are not well, no more than were asked for."""

    looks: tuple[Look, ...] = ()
    bad: tuple[tuple[str, Line], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """What the page counts anew when it is filtered."""
        return {
            "looks": [
                [
                    *each.scope,
                    each.at,
                    each.since,
                    int(each.last),
                    each.counts.resources,
                    each.counts.unreadable,
                    each.rows,
                ]
                for each in self.looks
            ],
            "seen": {
                key: [milliseconds(line.at), int(unread(line)), _states(line)]
                for each in self.looks
                for key, line in each.seen.items()
            },
        }


def gather(
    kept: Looks, chosen: Chosen, accounts: Collection[str], named: Collection[str], most: int = LISTED
) -> Looked:
    """The looks of the period of those accounts, and of all accounts that have looks.

    `named` are the resources of the entries, `most` how many resources that are not well are listed. Counts
    are in memory, one for each scope and day. Lines are read a part at a time, and kept only of what is named
    or listed. Raises Denied, Throttled, Unavailable and
    CallFailed.
    """
    since = datetime.fromisoformat(chosen.since) if chosen.since else datetime.fromtimestamp(0, UTC)
    until = datetime.fromisoformat(chosen.until) - timedelta(milliseconds=1) if chosen.until else _END
    looks: list[Look] = []
    bad: list[tuple[str, Line]] = []
    wanted = set(chosen.accounts) or {*accounts, *kept.accounts()}
    for account in sorted(wanted):
        # What comes after the period says that the lines are no longer those of its last look.
        daily = {
            (each.region, each.resource_type, each.looked_at[:10], each.looked_at > written(until)): each
            for each in kept.counts(account, since, _END)
            if not chosen.narrowed or chosen.narrowed.has_type(each.resource_type)
        }
        looks += _of_account(
            kept,
            account,
            [_counts(each, chosen.narrowed) for each in daily.values()],
            until,
            named,
            bad,
            most,
            chosen.narrowed,
        )
    looks.sort(key=lambda each: (each.at, each.scope))
    return Looked(tuple(looks), tuple(bad[:most]))


def sources(looked: Looked) -> Iterator[tuple[Scope, str, str, str]]:
    """Scope, time, kind and name of what wrote each look, in the order of time."""
    for each in looked.looks:
        source, by = source_of(each.counts)
        yield each.scope, each.counts.looked_at, source, by


def _of_account(
    kept: Looks,
    account: str,
    found: list[Counts],
    until: datetime,
    named: Collection[str],
    bad: list[tuple[str, Line]],
    most: int,
    narrowed: Narrowed | None,
) -> list[Look]:
    latest: dict[tuple[str, str], Counts] = {}
    for counts in found:
        latest[counts.region, counts.resource_type] = counts
    current = {place for place, each in latest.items() if each.looked_at <= written(until)}
    begun = {place: latest[place].looked_at for place in current}
    seen: dict[tuple[str, str], dict[str, Line]] = {place: {} for place in current}

    def wrong(status: str, verdicts: Mapping[str, str]) -> bool:
        if narrowed is None or status in _UNREAD:
            return not well(status)
        return any(narrowed.has(policy) and not well(each) for policy, each in verdicts.items())

    def wanted(resource_type: str, region: str, line: Mapping[str, Any]) -> bool:
        if (region, resource_type) not in current:
            return False
        read = latest[region, resource_type].read_at(line["at"])
        begun[region, resource_type] = min(begun[region, resource_type], read)
        key = f"{account}/{region}/{resource_type}/{line['resource']}"
        return key in named or (wrong(line["status"], line.get("verdicts") or {}) and len(bad) < most)

    for resource_type, region, found_line in kept.chosen(account, wanted) if current else ():
        key = f"{account}/{region}/{resource_type}/{found_line.resource}"
        read = latest[region, resource_type].read_at(found_line.at)
        verdicts = {
            policy: status
            for policy, status in found_line.verdicts.items()
            if not narrowed or narrowed.has(policy)
        }
        line = found_line.model_copy(update={"at": read, "verdicts": verdicts})
        if key in named:
            seen[region, resource_type][key] = line
        if wrong(line.status, verdicts):
            bad.append((key, line))
    return [
        Look(
            counts,
            milliseconds(counts.looked_at),
            milliseconds(begun[place] if last else counts.looked_at),
            last,
            seen[place] if last else {},
        )
        for counts in found
        if counts.looked_at <= written(until)
        for place in [(counts.region, counts.resource_type)]
        for last in [place in current and latest[place] is counts]
    ]


def states_of(line: Line) -> dict[str, State | None]:
    """How the resource stands with each policy, as the look saw it."""
    return {policy: state_of(Status(status)) for policy, status in line.verdicts.items()}


def _states(line: Line) -> dict[str, int]:
    return {policy: STATES.index(state) if state else -1 for policy, state in states_of(line).items()}


def unread(line: Line) -> bool:
    """Whether it says nothing about policies, so that what was known before still counts."""
    return line.status in _UNREAD


def _counts(counts: Counts, narrowed: Narrowed | None) -> Counts:
    if narrowed is None:
        return counts
    kept = {policy: found for policy, found in counts.policies.items() if narrowed.has(policy)}
    return counts.model_copy(update={"policies": kept})


def _row(found: Mapping[str, int]) -> list[int]:
    row = [0] * len(STATES)
    for status, count in found.items():
        if state := state_of(Status(status)):
            row[STATES.index(state)] += count
    return row


_END = datetime.max.replace(tzinfo=UTC) - timedelta(days=2)
Reading = Callable[[Collection[str]], Looked]
"""The looks of a report, given the resources that its entries name."""
