"""What a report is about: from when to when, which accounts and which policies."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property

from rightstate.clock import written
from rightstate.errors import InvalidInput
from rightstate.identify import shown
from rightstate.policy import Severity
from rightstate_cli.aws import checked_account
from rightstate_cli.planning import filters
from rightstate_cli.report.narrowed import Narrowed
from rightstate_cli.standards.frameworks import Framework

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@dataclass(frozen=True)
class Chosen:
    """What of the ledger is reported: times in UTC as the ledger writes them, the end not included; empty
    is no limit, no account is all.

    `severity` means policies of it or of a higher one, `framework` those that help to meet a requirement.
    """

    since: str = ""
    until: str = ""
    accounts: tuple[str, ...] = ()
    severity: Severity | None = None
    framework: Framework | None = None

    @cached_property
    def narrowed(self) -> Narrowed | None:
        """The policies that the report is about, None where it is about all. Raises InvalidInput where no
        policy matches."""
        if self.severity is None and self.framework is None:
            return None
        found = filters.policies(severity=self.severity, framework=self.framework)
        return Narrowed([policy.id for _, policy in found])

    @property
    def filters(self) -> dict[str, tuple[str, ...]]:
        """What leaves something out, by the option's name; empty where all of the ledger is reported."""
        found = {
            "account": self.accounts,
            "since": (self.since,),
            "until": (self.until,),
            "severity": (self.severity.value if self.severity else "",),
            "framework": (self.framework.value if self.framework else "",),
        }
        return {name: given for name, given in found.items() if any(given)}

    def has(self, resource: str, at: str) -> bool:
        """Whether an entry with that key is reported."""
        return (
            (not self.since or at >= self.since)
            and (not self.until or at < self.until)
            and (not self.accounts or resource.partition("/")[0] in self.accounts)
        )


def chosen(
    since: str | None,
    until: str | None,
    accounts: Sequence[str],
    now: datetime,
    severity: Severity | None = None,
    framework: Framework | None = None,
) -> Chosen:
    """What the options say. Raises InvalidInput."""
    found = Chosen(
        since=_time(since, now, whole_day=False) if since else "",
        until=_time(until, now, whole_day=True) if until else "",
        accounts=tuple(sorted({checked_account(each) for each in accounts})),
        severity=severity,
        framework=framework,
    )
    _ = found.narrowed  # Before anything is read: it raises where no policy matches.
    if found.since and found.until and found.since >= found.until:
        raise InvalidInput(
            f"The period ends before it begins: {found.since} to {found.until}. Nothing was written."
        )
    return found


def _time(given: str, now: datetime, whole_day: bool) -> str:
    if ago := re.fullmatch(rf"([0-9]{{1,4}})([{''.join(_UNITS)}])", given):
        return written(now - timedelta(**{_UNITS[ago[2]]: int(ago[1])}))
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", given):
            day = datetime.combine(date.fromisoformat(given), datetime.min.time(), UTC)
            return written(day + timedelta(days=1) if whole_day else day)
        time = datetime.fromisoformat(given)
        if time.tzinfo:
            return written(time)
    except (ValueError, OverflowError):
        pass
    raise InvalidInput(
        f"{shown(given)} is no time; they look like 2026-11-25, 2026-11-25T08:00:00Z or, so long ago, 30d."
    )
