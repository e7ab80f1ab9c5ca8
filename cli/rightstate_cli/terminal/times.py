"""Times and lengths of time as they are given on the command line."""

import re
from datetime import UTC, datetime, timedelta

from rightstate.errors import InvalidInput
from rightstate.identify import shown

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def span(given: str) -> timedelta:
    """`30m`, `24h`, `7d` or `2w`. Raises InvalidInput."""
    length = _length(given)
    if length is None:
        raise InvalidInput(f"{shown(given)} is not a length of time; they look like 30m, 24h, 7d or 2w.")
    return length


def moment_of(given: str) -> datetime:
    """`7d` as that long ago; `2026-11-25` or `2026-11-25T08:00:00Z` as that time, in UTC unless it says
    otherwise. Raises InvalidInput."""
    if (length := _length(given)) is not None:
        return datetime.now(UTC) - length
    try:
        time = datetime.fromisoformat(given)
    except ValueError:
        raise InvalidInput(
            f"{shown(given)} is not a length of time; they look like 30m, 24h, 7d or 2w. Nor is it a time, "
            "like 2026-11-25 or 2026-11-25T08:00:00Z."
        ) from None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _length(given: str) -> timedelta | None:
    found = re.fullmatch(rf"([0-9]{{1,4}})([{''.join(_UNITS)}])", given)
    return timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else None
