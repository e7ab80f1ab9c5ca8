"""The time, in the one form in which it is written, compared and shown."""

from datetime import UTC, datetime


def now() -> str:
    """Now in UTC, to the millisecond, as Step Functions writes it: `2026-11-25T08:00:00.000Z`."""
    return written(datetime.now(UTC))


def written(time: datetime) -> str:
    """A time as `now` writes it; as texts such times compare as the times do."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
