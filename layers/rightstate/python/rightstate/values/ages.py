"""How old access keys and passwords are. A time is a text like 2026-11-25 or 2026-11-25T08:00:00Z.

An access key is a text too, because its id must not be in any record: the last four characters of the id and
the time when it was made, e.g. `MPLE 2026-11-25T08:00:00Z`.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

TODAY = "Today"
"""The setting that says when the others were read."""


def today() -> str:
    """The day in UTC."""
    return datetime.now(UTC).date().isoformat()


def days_between(earlier: str, later: str) -> int:
    """Full days."""
    return (date.fromisoformat(later[:10]) - date.fromisoformat(earlier[:10])).days


def as_time(time: datetime) -> str:
    """A time of an answer as a text."""
    return time.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def as_key(key: Any) -> str:
    """An access key of ListAccessKeys as a text."""
    return f"{key['AccessKeyId'][-4:]} {as_time(key['CreateDate'])}"


def older_than(days: int, keys: Iterable[str], on: str) -> list[str]:
    """Those of the keys that are older than that many days, on that day."""
    return [key for key in keys if days_between(key.split(" ")[1], on) > days]


def unused_for(days: int, keys: Iterable[str], used: Iterable[str], on: str) -> list[str]:
    """Those of the keys that were not used for more than that many days.

    A key that was never used counts from when it was made. `used` has keys, each followed by the day of its
    last use or `never`.
    """
    last = dict(each.rsplit(" ", 1) for each in used)
    return [key for key in keys if days_between(_since(key, last.get(key, "never")), on) > days]


def _since(key: str, used: str) -> str:
    return key.split(" ")[1] if used == "never" else used
