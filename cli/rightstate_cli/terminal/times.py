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


def times_of(
    until: str | None, window: str | None, longest: timedelta
) -> tuple[datetime | None, datetime | None]:
    """When to begin, None for now, and the time after which to begin nothing, None for none.

    `longest` is how far ahead a window may begin. Raises InvalidInput.
    """
    if until and window:
        raise InvalidInput("--window says until when, too; give one of --until and --window.")
    if until:
        return None, future("--until", until)
    if not window:
        return None, None
    start, slash, duration = window.partition("/")
    length = _length(duration) if slash else None
    if length is None or duration.endswith("w"):
        raise InvalidInput(f"--window takes START/DURATION, e.g. 2026-11-23T22:00Z/2h, not {shown(window)}.")
    begins = _with_zone("--window", start)
    if not length:
        raise InvalidInput(f"The window {shown(window)} is over as it begins. Nothing was started.")
    now = datetime.now(UTC)
    if begins + length <= now:
        raise InvalidInput(f"The window {shown(window)} is over. Nothing was started.")
    if begins > now + longest:
        raise InvalidInput(
            f"The window {shown(window)} begins in more than {longest.days} days, longer than the hub "
            "waits. Nothing was started. Apply the plan nearer to it."
        )
    return begins if begins > now else None, begins + length


def future(option: str, given: str) -> datetime:
    """A time to come, with its zone. Raises InvalidInput."""
    found = _with_zone(option, given)
    if found <= datetime.now(UTC):
        raise InvalidInput(f"{option} {shown(given)} is over. Nothing was started.")
    return found


def _with_zone(option: str, given: str) -> datetime:
    try:
        found = datetime.fromisoformat(given)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise InvalidInput(
            f"{option} takes a time with its zone, e.g. 2026-11-23T22:00Z, not {shown(given)}. Nothing was "
            "started."
        )
    return found


def _length(given: str) -> timedelta | None:
    found = re.fullmatch(rf"([0-9]{{1,4}})([{''.join(_UNITS)}])", given)
    return timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else None
