"""What DB instances and DB clusters have in common. Amazon Neptune is reached through the same API."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from rightstate.listing import PAGE, Answer, Shared, pages
from rightstate.resource_type import Call, Case, Change, Clients, Resource, Tags, tags_in
from rightstate.services.pending import why_held
from rightstate.wants import Value, as_list, days

AURORA = ("aurora-mysql", "aurora-postgresql")
LOGS = "EnabledCloudwatchLogsExports"
PENDING_LOGS = "PendingCloudwatchLogsExports"

# API reference, CreateDBInstance and CreateDBCluster: 1 to 63 letters, digits and hyphens, a letter first, no
# two hyphens together and none at the end.
ID_PATTERN = r"(?!.*--)[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"

# Service authorization reference, Amazon RDS: a modification also needs what the database uses.
INSTANCE_RESOURCES = (
    "arn:{partition}:rds:{region}:{account}:db:{id}",
    *(f"arn:{{partition}}:rds:{{region}}:{{account}}:{kind}:*" for kind in ("og", "pg", "secgrp", "subgrp")),
)
CLUSTER_RESOURCES = (
    "arn:{partition}:rds:{region}:{account}:cluster:{id}",
    *(f"arn:{{partition}}:rds:{{region}}:{{account}}:{kind}:*" for kind in ("cluster-pg", "og")),
)

WITHOUT_OTHERS = (
    "Applied at once. Where other changes of the database wait for its maintenance window, nothing is "
    "written, because they would be applied along with it."
)
"""A note for every policy that a modification serves."""

AWS_BACKUP = Case(
    "AWS Backup owns the retention with a continuous backup plan, and RDS refuses to change it.",
    lambda observed: observed.get("ManagedByAWSBackup") is True,
    ("ManagedByAWSBackup",),
)

# RDS User Guide, "Viewing Amazon RDS DB instance status"; Aurora User Guide, likewise for clusters. While its
# storage is initialized (after a restore) or optimized, which may take more than a day, a database "remains
# available for operations".
_READY = {"available", "storage-initialization", "storage-optimization"}
_STUCK = {
    "cloning-failed",
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


def deleting(what: str, status: str) -> Case:
    """The case that it is being deleted, which the setting `status` says."""
    return Case(
        f"The {what} is being deleted.", lambda observed: observed.get(status) == "deleting", (status,)
    )


def tags(clients: Clients, arn: str) -> Tags:
    """Tags of what has that ARN."""
    return tags_in(clients("rds").list_tags_for_resource(ResourceName=arn)["TagList"])


def listed_tags(clients: Clients, resource: Resource, answer: Answer, shared: Shared) -> Tags:
    """The same from what a describe call answers."""
    return tags_in(answer.get("TagList", ()))


def instances(
    clients: Clients, wanted: Callable[[str], bool], token: str = ""
) -> Iterator[tuple[Sequence[Answer], str]]:
    """Pages of the DB instances of the engines wanted. Those of every engine are listed by the same call."""
    for page, following in listed(clients, "describe_db_instances", "DBInstances", token):
        yield [each for each in page if wanted(each["Engine"])], following


def instance(clients: Clients, resource: Resource) -> Answer:
    """The DB instance."""
    [found] = clients("rds").describe_db_instances(DBInstanceIdentifier=resource.id)["DBInstances"]
    return found


def clusters(clients: Clients, token: str, *engines: str) -> Iterator[tuple[Sequence[Answer], str]]:
    """Pages of the DB clusters of those engines."""
    for page, following in listed(clients, "describe_db_clusters", "DBClusters", token):
        yield [each for each in page if each["Engine"] in engines], following


def cluster(clients: Clients, resource: Resource) -> Answer:
    """The DB cluster."""
    [found] = clients("rds").describe_db_clusters(DBClusterIdentifier=resource.id)["DBClusters"]
    return found


def listed(
    clients: Clients, operation: str, what: str, token: str, **parameters: Any
) -> Iterator[tuple[Sequence[Answer], str]]:
    """The pages of a list of RDS."""
    marks = {"given": "Marker", "answered": "Marker"}
    return pages(clients, "rds", operation, what, token, **marks, MaxRecords=PAGE, **parameters)


def busy(status: Value) -> str | None:
    """Why a database in that status cannot be changed yet; None where waiting would not help either."""
    if status in _READY or status in _STUCK or status == "deleting":
        return None
    return f"The database is {status}."


def held(status: Value, pending: Value, settings: Iterable[str]) -> dict[str, str]:
    """By setting, why it must not be written now.

    `pending` names the members of PendingModifiedValues.
    """
    if status in _STUCK:
        return dict.fromkeys(
            settings,
            f"The database is {status}, and AWS refuses to change it. Once it is available again, start its "
            "remediation by hand, unless the call that started it has done so.",
        )
    names = as_list(pending)
    if others := [name for name in names if name != PENDING_LOGS]:
        return dict.fromkeys(settings, why_held(others))
    if PENDING_LOGS in names:
        return {LOGS: "Another change of the log exports is pending; RDS takes one at a time."}
    return {}


def modification(
    operation: str, named: Mapping[str, str], changes: Sequence[Change], parameters: Mapping[str, Any]
) -> Call:
    """The one call that makes the changes at once."""
    return Call(
        service="rds",
        operation=operation,
        parameters={**named, **parameters, "ApplyImmediately": True},
        settings=tuple(change.setting for change in changes),
    )


def written(change: Change) -> Any:
    """What a modification sends for the change."""
    if change.setting != LOGS:
        return change.after
    # A CloudwatchLogsExportConfiguration is a delta, never a replacement.
    before, after = set(as_list(change.before)), set(as_list(change.after))
    delta = {"EnableLogTypes": sorted(after - before), "DisableLogTypes": sorted(before - after)}
    return {name: types for name, types in delta.items() if types}


def destroyed(change: Change) -> str:
    """What a modification destroys. A shorter retention deletes the automated backups that are older, and 0
    all of them (API reference, ModifyDBInstance)."""
    before, after = change.before, change.after
    if change.setting != "BackupRetentionPeriod" or not isinstance(before, int) or not isinstance(after, int):
        return ""
    if after == 0:
        return "RDS deletes every automated backup of the database."
    if after < before:
        return f"RDS deletes the automated backups of the database that are older than {days(after)}."
    return ""


def version(engine_version: Value) -> tuple[int, ...]:
    """The numbers with which an engine version begins: 8.0.42 -> (8, 0, 42). Of Aurora MySQL, those of
    Aurora: 8.0.mysql_aurora.3.08.2 -> (3, 8, 2)."""
    text = str(engine_version).rpartition("mysql_aurora.")[2]
    leading = re.match(r"\d+(\.\d+)*", text)
    return tuple(map(int, leading[0].split("."))) if leading else ()
