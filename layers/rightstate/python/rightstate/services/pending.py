"""Changes of a resource that wait for its maintenance window, as RDS and ElastiCache have them."""

from collections.abc import Iterable, Mapping
from typing import Any


def pending(described: Mapping[str, Any]) -> list[str]:
    """The names of what is pending, never the values: one of them may be a password."""
    values = described.get("PendingModifiedValues") or {}
    # A retention of 0 and a standby that is to go (False) are pending too.
    return sorted(name for name, value in values.items() if value not in (None, "", [], {}))


def why_held(names: Iterable[str]) -> str:
    """Why nothing must be written while those are pending.

    A call with ApplyImmediately, which ours are, applies all that is pending too, e.g. another engine
    version, which restarts the resource (API references, ModifyDBInstance and ModifyReplicationGroup).
    """
    return (
        f"Other changes are pending ({', '.join(names)}) and would be applied at once along with this one. "
        "Let the maintenance window apply them, apply them or take them back, then start again."
    )
