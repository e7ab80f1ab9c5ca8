"""What replication groups and standalone clusters of ElastiCache have in common."""

from collections.abc import Iterator, Sequence
from typing import Any

from rightstate.listing import PAGE, Answer, pages
from rightstate.policy import Parameter
from rightstate.resource_type import Case, Change, Clients, Tags, tags_in
from rightstate.services.rds import version
from rightstate.wants import Value, days

RETENTION = "SnapshotRetentionLimit"

# API reference, CreateReplicationGroup and CreateCacheCluster: letters, digits and single hyphens, a letter
# first, no hyphen at the end, kept in lower case.
ID_PATTERN = r"(?!.*--)[A-Za-z]([A-Za-z0-9-]{0,%d}[A-Za-z0-9])?"

# Of both, and no others become available by themselves (API reference, ReplicationGroup and CacheCluster).
STUCK = ("create-failed", "deleted", "incompatible-network", "restore-failed")

OLD_ENGINE = Case(
    "ElastiCache upgrades minor versions by itself from Redis 6.0 on. The engine is older.",
    # API reference, ModifyReplicationGroup: "This parameter is disabled for previous versions."
    lambda observed: observed.get("Engine") == "redis" and () < version(observed.get("EngineVersion")) < (6,),
    ("Engine", "EngineVersion"),
)

RETENTION_PARAMETERS = {
    "min_retention_days": Parameter(
        default=1, minimum=1, maximum=35, why="Fewer days than this break the policy."
    ),
    "target_retention_days": Parameter(
        default=1, minimum=1, maximum=35, why="What is set then; Security Hub ElastiCache.1 asks for 1."
    ),
}

WITHOUT_OTHERS = (
    "Applied at once. Where other changes wait for the maintenance window, nothing is written, because they "
    "would be applied along with it."
)


def listed(
    clients: Clients, operation: str, what: str, token: str, **parameters: Any
) -> Iterator[tuple[Sequence[Answer], str]]:
    """The pages of a list of ElastiCache."""
    marks = {"given": "Marker", "answered": "Marker"}
    return pages(clients, "elasticache", operation, what, token, **marks, MaxRecords=PAGE, **parameters)


def deleting(what: str) -> Case:
    """The case that it is being deleted."""
    return Case(
        f"The {what} is being deleted.", lambda observed: observed.get("Status") == "deleting", ("Status",)
    )


def busy(what: str, status: Value) -> str | None:
    """Why it cannot be changed yet; None where waiting would not help either."""
    if status in ("available", "deleting", *STUCK):
        return None
    return f"The {what} is {status}."


def tags(clients: Clients, arn: str) -> Tags:
    """Tags of what has that ARN."""
    return tags_in(clients("elasticache").list_tags_for_resource(ResourceName=arn)["TagList"])


def destroyed(change: Change) -> str:
    """What a shorter retention destroys: a backup is deleted after the days of SnapshotRetentionLimit, and 0
    turns backups off (API reference). It does not say what 0 does to those that there are."""
    before, after = change.before, change.after
    if change.setting != RETENTION or not isinstance(before, int) or not isinstance(after, int):
        return ""
    if after == 0:
        return "ElastiCache makes no automatic backups any more, and may delete those that it has made."
    if after < before:
        return f"ElastiCache deletes the automatic backups that are older than {days(after)}."
    return ""
