"""How a workspace stands now: the figures of a report, and every resource that is not well, in memory."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from sys import maxsize
from tempfile import TemporaryDirectory
from typing import Any

from rightstate.catalogue import find_policy
from rightstate.clock import written
from rightstate.errors import InvalidInput
from rightstate.guarding.guards import Halt
from rightstate.models.approval import Requested
from rightstate.models.settings import Account
from rightstate.policy import Severity
from rightstate_cli.operations.workspace import Workspace
from rightstate_cli.report import coverage, exemptions, frameworks, make, source
from rightstate_cli.report.assessed import Assessed
from rightstate_cli.report.figures import Figures
from rightstate_cli.report.frameworks import Section
from rightstate_cli.report.looked import Looked
from rightstate_cli.report.ordered import ordered
from rightstate_cli.report.period import Chosen
from rightstate_cli.report.posture import STATES, State, made
from rightstate_cli.report.record import Record
from rightstate_cli.report.waiting import Asked
from rightstate_cli.report.writer import Counted

WEEK = timedelta(days=7)
Progressed = Callable[[int], None]
"""Is given how many entries were read."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """A resource that breaks a policy or could not be read. `states` has each policy that is not well, `at`
    the milliseconds of when that was seen, None where it waits for an approval."""

    resource: str
    states: tuple[tuple[str, State], ...]
    at: int | None
    reason: str
    severity: Severity | None

    @property
    def place(self) -> tuple[str, str, str, str]:
        """Account, region, resource type, id."""
        account, region, resource_type, identifier = self.resource.split("/", 3)
        return account, region, resource_type, identifier


@dataclass(frozen=True)
class Standing:
    """As `rightstate report` of the whole ledger has it.

    `figures` are those of the report's first view, `severities` the pairs of a resource and a policy by the
    policy's severity, each in the order of STATES. `week` counts what was remediated within the last seven
    days: `settings`, `executions` and `resources`. `missing` says what could not be read.
    """

    at: datetime
    figures: Mapping[str, Any]
    severities: Mapping[Severity, Sequence[int]]
    frameworks: Sequence[Section]
    wrong: Sequence[Wrong]
    accounts: Mapping[str, Account]
    coverage: Mapping[str, Any]
    assessed: Sequence[Mapping[str, Any]]
    exemptions: Sequence[Mapping[str, Any]]
    halts: Sequence[tuple[str, Halt]]
    requests: Sequence[Requested]
    week: Mapping[str, int]
    missing: Sequence[str]


class _Lately:
    """Counts what was remediated since a time."""

    def __init__(self, since: str) -> None:
        self._since = since
        self._count: Counter[str] = Counter()
        self._resources: set[str] = set()

    def add(self, record: Record) -> None:
        if record.started < self._since:
            return
        if settings := sum(made(record, change) == "yes" for change in record.changes):
            self._count["settings"] += settings
            self._count["executions"] += 1
            self._resources.add(record.resource)

    @property
    def counts(self) -> dict[str, int]:
        return {
            "settings": self._count["settings"],
            "executions": self._count["executions"],
            "resources": len(self._resources),
        }


def read(kept: Workspace, now: datetime, progressed: Progressed = lambda done: None) -> Standing:
    """Read the whole ledger, the looks and the settings. Raises InvalidInput, Denied, Unavailable."""
    missing: list[str] = []
    about, _ = make.about_of(kept, Chosen(), now, missing.append, most=maxsize)
    figures, asked, lately = Figures(), Asked(about.requests or ()), _Lately(written(now - WEEK))
    with (
        TemporaryDirectory(prefix="rightstate-") as folder,
        ordered(source.kept(kept.ledger, Chosen()), Path(folder)) as entries,
    ):
        looked = about.looked(entries.resources()) if about.looked else Looked()
        assessed = Assessed(looked)
        counted = Counted(figures, (assessed, asked, lately), looked.looks)
        for done, (_, record) in enumerate(entries, 1):
            counted.add(record)
            if done % 500 == 0:
                progressed(done)
        counted.end()
    waiting = asked.waiting(Chosen(), now)
    figures.wait(waiting)
    found = figures.as_json()
    accounts = about.accounts or ()
    return Standing(
        at=now.astimezone(UTC),
        figures=found,
        severities=_by_severity(found["policies"]),
        frameworks=tuple(frameworks.sections(found["policies"], about.accounts)),
        wrong=_wrong(figures, looked),
        accounts={each.account: each for each in accounts},
        coverage=coverage.listed(accounts, figures.accounts, about.local),
        assessed=assessed.listed(),
        exemptions=exemptions.listed(accounts, now),
        halts=about.halts or (),
        requests=waiting.requests,
        week=lately.counts,
        missing=tuple(missing),
    )


def changed(kept: Workspace, before: Standing, now: datetime) -> Standing:
    """The same with what people decide read again: settings, exemptions, halts and requests.

    The figures stay, because they need the whole ledger. Raises InvalidInput, Denied, Unavailable.
    """
    about, _ = make.about_of(kept, Chosen(), now, lambda sentence: None, most=0)
    accounts = about.accounts or ()
    # An execution that has an entry has ended, whatever its request says, and only a reading of the ledger
    # knows it. So what was no request before has to be a newer one.
    known = {each.id for each in before.requests}
    requests = [
        each
        for each in Asked(about.requests or ()).waiting(Chosen(), now).requests
        if each.id in known or each.asked_at >= written(before.at)
    ]
    return replace(
        before,
        frameworks=tuple(frameworks.sections(before.figures["policies"], about.accounts)),
        accounts={each.account: each for each in accounts},
        coverage=coverage.listed(accounts, before.figures["accounts"], about.local),
        exemptions=exemptions.listed(accounts, now),
        halts=about.halts or (),
        requests=requests,
    )


def _wrong(figures: Figures, looked: Looked) -> list[Wrong]:
    """The most severe first, then those that break most."""
    found = [
        Wrong(
            each["resource"],
            tuple(each["policies"].items()),
            each["at"],
            each["reason"],
            max((severity_of(name) for name in each["policies"]), key=_rank, default=None),
        )
        for each in figures.broken(looked.bad)
    ]
    return sorted(found, key=lambda each: (-_rank(each.severity), -len(each.states), each.resource))


def _by_severity(policies: Mapping[str, Sequence[int]]) -> dict[Severity, list[int]]:
    rows = {each: [0] * len(STATES) for each in reversed(Severity)}
    for name, row in policies.items():
        if severity := severity_of(name):
            rows[severity] = [one + other for one, other in zip(rows[severity], row, strict=True)]
    return {severity: row for severity, row in rows.items() if any(row)}


def severity_of(policy: str) -> Severity | None:
    """None of a policy that only another version has."""
    try:
        return find_policy(policy)[1].severity
    except InvalidInput:
        return None


def _rank(severity: Severity | None) -> int:
    return -1 if severity is None else severity.rank
