"""Results of one cause as one row, for people."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rightstate_cli.checks import Result
from rightstate_cli.checks.check import Status

_LISTED = 12
"""Subjects that a row names at most. The full rows are in the JSON."""


@dataclass(frozen=True)
class Group:
    """Results of one check with the same cause."""

    results: Sequence[Result]

    @property
    def first(self) -> Result:
        return self.results[0]

    @property
    def status(self) -> Status:
        return self.first.finding.status

    @property
    def places(self) -> list[tuple[str, str]]:
        """Account and region of each place, once. The region is empty for a check of the whole account."""
        return list(dict.fromkeys((each.account, each.region) for each in self.results))

    @property
    def found(self) -> str:
        """What was found: the finding itself, or the count and the list of the subjects."""
        finding = self.first.finding
        if not finding.kind or len(self.results) == 1:
            return finding.found
        subjects = list(dict.fromkeys(each.finding.subject for each in self.results))
        return f"{len(subjects)} {finding.kind}: {_listed(subjects)}."

    @property
    def fix(self) -> str:
        """The fix. If each result has its own, that of the first."""
        fixes = list(dict.fromkeys(each.finding.fix for each in self.results if each.finding.fix))
        if len(fixes) <= 1:
            return "".join(fixes)
        subject = self.first.finding.subject or " ".join(filter(None, self.places[0]))
        return f"one by one, for {subject}: {fixes[0]}"

    @property
    def where(self) -> str:
        """The places, where there are several."""
        if len(self.places) == 1:
            return ""
        names = [" ".join(filter(None, each)) for each in self.places]
        return f"In {len(names)} places: {_listed(names)}."


def grouped(results: Iterable[Result]) -> list[Group]:
    """The results by cause: the same check, status, and kind of finding or sentence."""
    groups: dict[tuple[object, ...], list[Result]] = {}
    for each in results:
        finding = each.finding
        cause = finding.kind or finding.found
        groups.setdefault((each.check.id, each.check.per, finding.status, cause), []).append(each)
    return [Group(tuple(each)) for each in groups.values()]


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more
