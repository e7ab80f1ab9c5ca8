"""Writes a report: one pass over the entries, each written to every file as it goes by."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from rightstate import __version__
from rightstate.catalogue import load_all
from rightstate.clock import written
from rightstate.guarding.guards import Halt
from rightstate.in_code import MANAGED
from rightstate.models.approval import Requested
from rightstate.models.settings import Account
from rightstate.notifying.notification import NEXT_STEPS
from rightstate_cli.report import coverage, exemptions, frameworks, manifest, ocsf, page
from rightstate_cli.report.assessed import Assessed
from rightstate_cli.report.columns import Columns
from rightstate_cli.report.directory import replaced
from rightstate_cli.report.figures import ALONE, GROUPS, Figures
from rightstate_cli.report.frameworks import Section
from rightstate_cli.report.looked import LISTED, Look, Looked
from rightstate_cli.report.manifest import Manifest
from rightstate_cli.report.ordered import Ordered, ordered
from rightstate_cli.report.period import Chosen
from rightstate_cli.report.posture import STATES
from rightstate_cli.report.record import Record, milliseconds
from rightstate_cli.report.spreadsheet import Spreadsheet
from rightstate_cli.report.waiting import Asked, Waiting, listed

FILES = ("index.html", "frameworks.html", "changes.csv", "records.jsonl", "ocsf.jsonl")


@dataclass(frozen=True)
class About:
    """What a report is made of: where the entries are from, what of them, the settings of the accounts,
    the requests for an approval and the halts by resource, None where they are not known, and the accounts
    whose settings are not understood.

    `looked` reads the looks, None where there can be none. `local` says that accounts without settings are
    assessed all the same, as on a person's own machine.
    """

    source: str
    chosen: Chosen
    accounts: tuple[Account, ...] | None
    now: datetime
    missing: tuple[str, ...] = ()
    requests: tuple[Requested, ...] | None = None
    halts: tuple[tuple[str, Halt], ...] | None = None
    looked: Callable[[Collection[str]], Looked] | None = None
    local: bool = False


@dataclass(frozen=True)
class Written:
    """The manifest, the figures of the first view, and the frameworks."""

    manifest: Manifest
    figures: Mapping[str, Any]
    sections: Sequence[Section]


def write(
    entries: Iterable[dict[str, Any]],
    about: About,
    directory: Path,
    force: bool = False,
    written_one: Callable[[int, int], None] = lambda done, total: None,
) -> Written:
    """Write the report of the entries into the directory.

    `written_one` is called with the numbers of entries written and in all. Raises InvalidInput, and what
    reading the entries raises; then the directory is as it was.
    """
    with replaced(directory, force) as new, ordered(entries, new) as sorted_entries:
        looked = about.looked(sorted_entries.resources()) if about.looked else Looked()
        figures, columns, assessed = Figures(), Columns(looked), Assessed(looked)
        asked = Asked(about.requests or ())
        counted = Counted(figures, (columns, assessed, asked), looked.looks)
        counts = _files(sorted_entries, new, counted, written_one)
        waiting = None
        if about.requests is not None:
            waiting = asked.waiting(about.chosen, about.now)
            figures.wait(waiting)
            counts["requests"] = len(waiting.requests)
        if about.halts is not None:
            counts["halts"] = len(_halts(about))
        found = figures.as_json()
        with (new / "index.html").open("wb") as to:
            view = _view(about, figures, found, waiting)
            broken = figures.broken(looked.bad)
            view["broken"] = {"rows": broken[:LISTED], "more": len(broken) >= LISTED}
            view["looks"] = None if about.looked is None else len(looked.looks)
            view["coverage"] = coverage.listed(
                _wanted(about), figures.accounts, about.local, about.chosen.narrowed
            )
            view["assessed"] = assessed.listed()
            page.write(to, view, columns)
        sections = tuple(frameworks.sections(found["policies"], _known(about), about.chosen))
        (new / "frameworks.html").write_text(
            frameworks.page(sections, about.chosen, written(about.now)), encoding="utf-8"
        )
        made = Manifest(
            format=manifest.FORMAT,
            version=__version__,
            generated=written(about.now),
            source=about.source,
            since=about.chosen.since,
            until=about.chosen.until,
            first=figures.first,
            last=figures.last,
            filters=about.chosen.filters,
            accounts=figures.accounts,
            counts=counts,
            files=tuple(manifest.describe(new / name) for name in FILES),
        )
        manifest.write(made, new)
    return Written(made, found, sections)


class Counts(Protocol):
    """What counts entries in the order of time."""

    def add(self, record: Record) -> None: ...


class Counted:
    """All that counts entries and looks as they go by, in the order of time."""

    def __init__(self, figures: Figures, others: Sequence[Counts], looks: Sequence[Look]) -> None:
        self.looks = looks
        self._figures = figures
        self._others = others
        self._left = list(reversed(looks))

    def add(self, record: Record) -> None:
        """Count the entry, after the looks that were complete before it began."""
        self._until(milliseconds(record.started))
        self._figures.add(record)
        for each in self._others:
            each.add(record)

    def end(self) -> None:
        """Count the looks that were complete after the last entry began."""
        while self._left:
            self._figures.look(self._left.pop())

    def _until(self, time: int) -> None:
        while self._left and self._left[-1].at <= time:
            self._figures.look(self._left.pop())


def _files(
    entries: Ordered,
    directory: Path,
    counted: Counted,
    written_one: Callable[[int, int], None],
) -> dict[str, int]:
    found = 0
    with (
        (directory / "records.jsonl").open("w", encoding="utf-8", newline="") as lines,
        (directory / "ocsf.jsonl").open("w", encoding="utf-8", newline="") as events,
        (directory / "changes.csv").open("w", encoding="utf-8", newline="") as rows,
    ):
        spreadsheet = Spreadsheet(rows)
        for done, (line, record) in enumerate(entries, 1):
            lines.write(line + "\n")
            spreadsheet.add(record)
            for finding in ocsf.findings(record):
                events.write(finding + "\n")
                found += 1
            counted.add(record)
            written_one(done, entries.count)
    counted.end()
    return {
        "records": entries.count,
        "looks": len(counted.looks),
        "changes": spreadsheet.count,
        "findings": found,
    }


def _view(
    about: About, figures: Figures, found: Mapping[str, Any], waiting: Waiting | None
) -> dict[str, Any]:
    """What the first view shows."""
    accounts = about.accounts
    return {
        "version": __version__,
        "generated": written(about.now.astimezone(UTC)),
        "source": about.source,
        "since": about.chosen.since,
        "until": about.chosen.until,
        "filters": about.chosen.filters,
        "first": figures.first,
        "last": figures.last,
        "accounts": {each.account: each.name for each in accounts or ()}
        | {each: "" for each in figures.accounts if each not in {a.account for a in accounts or ()}},
        "states": STATES,
        "groups": GROUPS,
        "alone": ALONE,
        "figures": found,
        "exemptions": None if accounts is None else exemptions.listed(_wanted(about), about.now),
        "halts": None
        if about.halts is None
        else [{**halt.model_dump(mode="json"), "resource": key} for key, halt in _halts(about)],
        "missing": about.missing,
        "requests": waiting and listed(waiting.requests),
        "until_now": bool(waiting and waiting.until_now),
        "titles": {each.id: each.title for of in load_all() for each in of.policies},
        "steps": NEXT_STEPS,
        "managed": MANAGED,
    }


def _known(about: About) -> tuple[Account, ...] | None:
    return None if about.accounts is None else tuple(_wanted(about))


def _halts(about: About) -> list[tuple[str, Halt]]:
    wanted = about.chosen.accounts
    narrowed = about.chosen.narrowed
    return [
        (key, halt)
        for key, halt in about.halts or ()
        if not wanted or key.partition("/")[0] in wanted
        if not narrowed or narrowed.has(halt.policy)
    ]


def _wanted(about: About) -> Iterable[Account]:
    wanted = about.chosen.accounts
    narrowed = about.chosen.narrowed
    return (
        narrowed.account(each) if narrowed else each
        for each in about.accounts or ()
        if not wanted or each.account in wanted
    )
