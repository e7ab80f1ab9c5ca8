"""What DB instances and DB clusters have in common. Amazon Neptune is reached through the same API."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from rightstate.resource_type import Change
from rightstate.wants import Value

PENDING_LOGS = "PendingCloudwatchLogsExports"

# RDS User Guide, "Viewing Amazon RDS DB instance status"; Aurora User Guide, likewise for clusters.
_READY = {"available", "storage-optimization"}
_STUCK = {
    "failed",
    "inaccessible-encryption-credentials",
    "inaccessible-encryption-credentials-recoverable",
    "incompatible-create",
    "incompatible-network",
    "incompatible-option-group",
    "incompatible-parameters",
    "incompatible-restore",
    "insufficient-capacity",
    "migration-failed",
    "restore-error",
    "stopped",
    "storage-full",
}


def busy(status: Value) -> str | None:
    """Why a database in that status cannot be changed yet; None where waiting would not help either."""
    if status in _READY or status in _STUCK or status == "deleting":
        return None
    return f"The database is {status}."


def held(status: Value, pending: Value, settings: Sequence[str], logs: str) -> dict[str, str]:
    """By setting, why it must not be written now.

    `pending` names the members of PendingModifiedValues. A call with ApplyImmediately, which ours are,
    applies all that is pending too, e.g. another class or engine version, which restarts the database
    (API reference, ModifyDBInstance).
    """
    if status in _STUCK:
        return dict.fromkeys(
            settings,
            f"The database is {status}, and AWS refuses to change it. When it is available again, its event "
            "or a manual start looks at it again.",
        )
    names = pending if isinstance(pending, list) else []
    if others := [name for name in names if name != PENDING_LOGS]:
        return dict.fromkeys(
            settings,
            f"Other changes are pending ({', '.join(others)}) and would be applied at once along with this "
            "one. Let the maintenance window apply them, apply them or take them back, then start again.",
        )
    if PENDING_LOGS in names:
        return {logs: "Another change of the log exports is pending; RDS takes one at a time."}
    return {}


def pending(described: Mapping[str, Any]) -> list[str]:
    """The names of what is pending, never the values: one of them may be a password."""
    return sorted(name for name, value in described.get("PendingModifiedValues", {}).items() if value)


def log_exports(change: Change) -> dict[str, list[str]]:
    """The CloudwatchLogsExportConfiguration that adds what is missing. It is a delta, never a replacement."""
    before, after = (value if isinstance(value, list) else [] for value in (change.before, change.after))
    return {"EnableLogTypes": sorted(set(after) - set(before))}


def version(engine_version: Value) -> tuple[int, ...]:
    """The numbers with which an engine version begins: 8.0.42 -> (8, 0, 42). Of Aurora MySQL, those of
    Aurora: 8.0.mysql_aurora.3.08.2 -> (3, 8, 2)."""
    text = str(engine_version).rpartition("mysql_aurora.")[2]
    leading = re.match(r"\d+(\.\d+)*", text)
    return tuple(map(int, leading[0].split("."))) if leading else ()


_exportable: dict[tuple[str, str, str], list[str] | None] = {}


def exportable_log_types(rds: Any, engine: str, engine_version: str) -> list[str] | None:
    """The log types that the version can export, or None where AWS no longer lists it.

    A fact about AWS's offer and not about a resource, so it is asked once for a container.
    """
    key = (rds.meta.region_name, engine, engine_version)
    if key not in _exportable:
        answer = rds.describe_db_engine_versions(Engine=engine, EngineVersion=engine_version)
        versions = answer["DBEngineVersions"]
        _exportable[key] = sorted(versions[0].get("ExportableLogTypes", [])) if versions else None
    return _exportable[key]
