"""Provisioned Redshift clusters. One ModifyCluster makes all changes but those of the audit
logs, and takes effect minutes later."""

from collections.abc import Mapping, Sequence
from typing import Any

from rightstate.event_rule import Rule, Subject
from rightstate.in_code import InCode
from rightstate.listing import PAGE, Answer, Shared, paged
from rightstate.policies.redshift_cluster import POLICIES
from rightstate.resource_type import (
    Call,
    Change,
    Clients,
    Listing,
    Observed,
    Resource,
    ResourceType,
    Setting,
    listed_tags,
)
from rightstate.wants import Value, as_text, days

# Listed and set as they stand, each with its argument of aws_redshift_cluster.
_SETTINGS = {
    "PubliclyAccessible": "publicly_accessible",
    "AllowVersionUpgrade": "allow_version_upgrade",
    "AutomatedSnapshotRetentionPeriod": "automated_snapshot_retention_period",
}
_STATES = ("ClusterStatus", "ClusterAvailabilityStatus")
_LOGS = "LogDestination"
# Redshift records the activity of users only where the cluster's parameter group says so as well
# (enable_user_activity_logging), which takes a reboot.
_LOG_TYPES = ("connectionlog", "userlog")

# The states (API reference, Cluster) that a cluster does not leave by itself, or not to become available.
_STUCK = {
    # Redshift Management Guide, Pausing and resuming a cluster: "You can't modify a paused cluster."
    "paused": "The cluster is paused and cannot be modified. It is looked at again when it is resumed.",
    "deleting": "The cluster is being deleted.",
    "final-snapshot": "The cluster is being deleted, after a last snapshot.",
    **{
        status: f"The cluster is in state {status}, which needs somebody to look at it first."
        for status in (
            "hardware-failure",
            "incompatible-hsm",
            "incompatible-network",
            "incompatible-parameters",
            "incompatible-restore",
            "storage-full",
        )
    },
}


def _one(clients: Clients, resource: Resource) -> Answer:
    [cluster] = clients("redshift").describe_clusters(ClusterIdentifier=resource.id)["Clusters"]
    return cluster


def _observe(
    clients: Clients, resource: Resource, cluster: Answer, settings: frozenset[str], shared: Shared
) -> Observed:
    pending = cluster.get("PendingModifiedValues") or {}
    observed: dict[str, Value] = {
        **{name: cluster.get(name) for name in (*_STATES, *_SETTINGS) if name in settings},
        "PendingModifiedValues": sorted(set(_SETTINGS) & set(pending)),
    }
    if _LOGS in settings:
        observed[_LOGS] = _destination(
            clients("redshift").describe_logging_status(ClusterIdentifier=resource.id)
        )
    return observed


def _destination(status: Mapping[str, Any]) -> str | None:
    """Where the audit logs go: `cloudwatch`, or `s3://BUCKET/PREFIX`. None where they are off."""
    if not status["LoggingEnabled"]:
        return None
    # The type is absent where logging was enabled before there was another one than S3.
    kind = status.get("LogDestinationType") or "s3"
    if kind != "s3":
        return str(kind)
    return f"s3://{status.get('BucketName', '')}/{status.get('S3KeyPrefix', '')}".removesuffix("/")


_LISTING = Listing(
    pages=paged(
        "redshift", "describe_clusters", "Clusters", given="Marker", answered="Marker", MaxRecords=PAGE
    ),
    id_of=lambda cluster: str(cluster["ClusterIdentifier"]),
    one=_one,
    observe=_observe,
    tags=listed_tags,
)


def _calls(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    cluster = {"ClusterIdentifier": resource.id}
    modified = {change.setting: change.after for change in changes if change.setting != _LOGS}
    calls = [_call("ModifyCluster", {**cluster, **modified}, *modified)] if modified else []
    for change in changes:
        if change.setting != _LOGS:
            continue
        if change.after is None:
            # Without a type it switches the audit logs off, and leaves the tables in S3 on (API reference).
            calls.append(_call("DisableLogging", cluster, _LOGS))
        else:
            calls.append(_call("EnableLogging", {**cluster, **_logged_to(str(change.after))}, _LOGS))
    return calls


def _logged_to(destination: str) -> dict[str, Any]:
    if destination == "cloudwatch":
        return {"LogDestinationType": "cloudwatch", "LogExports": list(_LOG_TYPES)}
    bucket, _, prefix = destination.removeprefix("s3://").partition("/")
    return {"LogDestinationType": "s3", "BucketName": bucket, **({"S3KeyPrefix": prefix} if prefix else {})}


def _call(operation: str, parameters: dict[str, Any], *settings: str) -> Call:
    return Call(service="redshift", operation=operation, parameters=parameters, settings=settings)


def _destroys(change: Change) -> str:
    """Redshift deletes the snapshots outside the new period at once (Redshift Management Guide, Automated
    snapshots)."""
    before, after = change.before, change.after
    if change.setting != "AutomatedSnapshotRetentionPeriod":
        return ""
    if not isinstance(before, int) or not isinstance(after, int) or after >= before:
        return ""
    which = (
        f"the automated snapshots that are older than {days(after)}" if after else "all automated snapshots"
    )
    return f"Redshift deletes {which} of the cluster."


def _stuck(observed: Observed) -> str | None:
    """Why waiting would be pointless, if it would."""
    if observed.get("ClusterAvailabilityStatus") == "Failed":
        return "The cluster has failed."
    return _STUCK.get(str(observed["ClusterStatus"]))


def _busy(observed: Observed) -> str | None:
    """ModifyCluster needs both statuses to be available (API reference, InvalidClusterState)."""
    if _stuck(observed):
        return None
    if observed["ClusterStatus"] != "available":
        return f"The cluster is {observed['ClusterStatus']}."
    # A service that only resembles Redshift may leave the second one out.
    if (availability := observed.get("ClusterAvailabilityStatus")) not in (None, "Available"):
        return f"The cluster is available, but for queries it is {availability}."
    if pending := observed["PendingModifiedValues"]:
        return f"A change is pending: {as_text(pending)}."
    return None


def _held(observed: Observed) -> Mapping[str, str]:
    reason = _stuck(observed)
    return dict.fromkeys((*_SETTINGS, _LOGS), reason) if reason else {}


RESOURCE_TYPE = ResourceType(
    name="redshift-cluster",
    title="Redshift cluster",
    service="redshift",
    policies=POLICIES,
    settings={
        **{
            name: Setting(read=f"DescribeClusters:Clusters[].{name}", write=f"ModifyCluster:{name}")
            for name in _SETTINGS
        },
        **{
            name: Setting(read=f"DescribeClusters:Clusters[].{name}")
            for name in (*_STATES, "PendingModifiedValues")
        },
        _LOGS: Setting(
            read="DescribeLoggingStatus:LogDestinationType",
            write="EnableLogging:LogDestinationType",
            set_back_by=("DisableLogging",),
        ),
    },
    in_code={
        name: InCode(f"AWS::Redshift::Cluster/{name}", f"aws_redshift_cluster.{argument}")
        for name, argument in _SETTINGS.items()
    }
    | {
        _LOGS: InCode(
            "AWS::Redshift::Cluster/LoggingProperties",
            "aws_redshift_logging.log_destination_type",
            named_only=True,
        )
    },
    facts=(*_STATES, "PendingModifiedValues"),
    arn="arn:{partition}:redshift:{region}:{account}:cluster:{id}",
    # API reference, CreateCluster: 1 to 63 lower-case letters, digits and single hyphens, a letter first.
    id_pattern=r"(?!.*--)[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?",
    config_type="AWS::Redshift::Cluster",
    listing=_LISTING,
    rules=(
        Rule(
            "ClusterCalls",
            "redshift",
            # A paused cluster cannot be modified; it is looked at again when it is resumed.
            (
                "CreateCluster",
                "DisableLogging",
                "ModifyCluster",
                "RestoreFromClusterSnapshot",
                "ResumeCluster",
            ),
            Subject(("requestParameters.clusterIdentifier",)),
        ),
    ),
    calls=_calls,
    busy=_busy,
    held=_held,
    read_actions=("redshift:DescribeClusters", "redshift:DescribeLoggingStatus"),
    write_actions=("redshift:EnableLogging", "redshift:ModifyCluster"),
    undo_actions=("redshift:DisableLogging",),
    destroys=_destroys,
    write_resources=("arn:{partition}:redshift:{region}:{account}:cluster:{id}",),
    gone=("ClusterNotFound",),
    busy_errors=("InvalidClusterState",),
)
