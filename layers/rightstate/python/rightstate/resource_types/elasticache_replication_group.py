"""ElastiCache replication groups, of Redis OSS and Valkey. One ModifyReplicationGroup takes all changes.

Members of a group are never changed by themselves (ModifyCacheCluster).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rightstate.event_rule import Rule, Subject
from rightstate.in_code import InCode
from rightstate.listing import Answer, Shared, the_one
from rightstate.policies.elasticache_replication_group import POLICIES
from rightstate.resource_type import (
    Call,
    Case,
    Change,
    Clients,
    Listing,
    Observed,
    Place,
    Resource,
    ResourceType,
    Setting,
    Tags,
)
from rightstate.services import elasticache
from rightstate.services.elasticache import RETENTION
from rightstate.services.pending import pending, why_held
from rightstate.wants import Value, as_list

_ARN = "arn:{partition}:elasticache:{region}:{account}:replicationgroup:{id}"
_GROUPS = "DescribeReplicationGroups:ReplicationGroups[]"
_NODES = "DescribeCacheClusters:CacheClusters[]"
_FAILOVER = "AutomaticFailover"
# Setting -> the parameter of ModifyReplicationGroup that writes it.
_PARAMETERS = {
    "AutoMinorVersionUpgrade": "AutoMinorVersionUpgrade",
    RETENTION: RETENTION,
    _FAILOVER: "AutomaticFailoverEnabled",
}


def _pages(clients: Clients, place: Place, token: str) -> Iterator[tuple[Sequence[Answer], str]]:
    return elasticache.listed(clients, "describe_replication_groups", "ReplicationGroups", token)


def _one(clients: Clients, resource: Resource) -> Answer:
    answer = clients("elasticache").describe_replication_groups(ReplicationGroupId=resource.id)
    return the_one(answer["ReplicationGroups"], "DescribeReplicationGroups")


def _observe(
    clients: Clients, resource: Resource, group: Answer, settings: frozenset[str], shared: Shared
) -> Observed:
    # Only the nodes show a pending engine version or node type (API reference, PendingModifiedValues). No
    # call lists the nodes of one group, so the list of all nodes in the region serves every group.
    nodes = shared.once_in_place("nodes", lambda: _nodes(clients)).get(resource.id, ())
    own: dict[str, Value] = {
        "AutoMinorVersionUpgrade": bool(group.get("AutoMinorVersionUpgrade")),
        RETENTION: group.get(RETENTION, 0),
        _FAILOVER: group.get(_FAILOVER, "disabled"),
        "Status": group["Status"],
        "PendingModifiedValues": pending(group),
        "PendingInNodes": sorted({name for node in nodes for name in node["pending"]}),
        "Engine": next((node["engine"] for node in nodes), group.get("Engine")),
        "EngineVersion": next((node["version"] for node in nodes), None),
        "Nodes": len(group.get("MemberClusters", ())),
        "MultiAZ": group.get("MultiAZ", "disabled"),
        "SnapshottingClusterId": _snapshotting(group),
        "GlobalRole": group.get("GlobalReplicationGroupInfo", {}).get("GlobalReplicationGroupMemberRole"),
    }
    return {name: own[name] for name in settings}


def _nodes(clients: Clients) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """What is needed of the nodes, by replication group."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for page, _ in elasticache.listed(clients, "describe_cache_clusters", "CacheClusters", ""):
        for node in page:
            known = {
                "engine": node.get("Engine"),
                "version": node.get("EngineVersion"),
                "pending": pending(node),
            }
            found.setdefault(node.get("ReplicationGroupId", ""), []).append(known)
    return found


def _snapshotting(group: Answer) -> str | None:
    """The node that backups are made from: the one that is set, or else a replica, or the only one.

    ElastiCache wants one where backups are turned on. It takes none with cluster mode enabled (API reference,
    ModifyReplicationGroup). A primary that is short of memory gets slower by backups (User Guide, Snapshot
    and restore).
    """
    if group.get("ClusterEnabled"):
        return None
    nodes = [node for shard in group.get("NodeGroups", ()) for node in shard.get("NodeGroupMembers", ())]
    replicas = [node["CacheClusterId"] for node in nodes if node.get("CurrentRole") == "replica"]
    found = (group.get("SnapshottingClusterId"), *sorted(replicas), *group.get("MemberClusters", ()))
    return next((node for node in found if node), None)


def _tags(clients: Clients, resource: Resource) -> Tags:
    return elasticache.tags(clients, RESOURCE_TYPE.arn_of(resource))


_LISTING = Listing(
    pages=_pages, id_of=lambda group: str(group["ReplicationGroupId"]), one=_one, observe=_observe
)


def _calls(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    parameters: dict[str, Any] = {}
    for change in changes:
        after = change.after == "enabled" if change.setting == _FAILOVER else change.after
        parameters[_PARAMETERS[change.setting]] = after
        node = change.beside.get("SnapshottingClusterId")
        if change.setting == RETENTION and not change.before and node:
            parameters["SnapshottingClusterId"] = node
    return [
        Call(
            service="elasticache",
            operation="ModifyReplicationGroup",
            parameters={"ReplicationGroupId": resource.id, **parameters, "ApplyImmediately": True},
            settings=tuple(change.setting for change in changes),
        )
    ]


def _busy(observed: Observed) -> str | None:
    if why := elasticache.busy("replication group", observed.get("Status")):
        return why
    # For some minutes, while the group may already be available again.
    if (failover := observed.get(_FAILOVER)) in ("enabling", "disabling"):
        return f"The replication group is {failover} automatic failover."
    return None


def _held(observed: Observed) -> Mapping[str, str]:
    if observed.get("Status") in elasticache.STUCK:
        why = (
            f"The replication group is {observed['Status']}, and AWS refuses to change it. Start its "
            "remediation by hand when it is available."
        )
        return dict.fromkeys(_PARAMETERS, why)
    names = sorted({*as_list(observed["PendingModifiedValues"]), *as_list(observed["PendingInNodes"])})
    return dict.fromkeys(_PARAMETERS, why_held(names)) if names else {}


def _irrecoverable(changes: Sequence[Change], observed: Observed) -> str | None:
    """Multi-AZ needs automatic failover (User Guide, Minimizing downtime with Multi-AZ)."""
    off = any(change.setting == _FAILOVER and change.after != "enabled" for change in changes)
    if off and observed.get("MultiAZ") == "enabled":
        return "Multi-AZ has been enabled since, and needs automatic failover. Disable Multi-AZ first."
    return None


RESOURCE_TYPE = ResourceType(
    name="elasticache-replication-group",
    title="ElastiCache replication group",
    service="elasticache",
    policies=POLICIES,
    settings={
        **{
            setting: Setting(read=f"{_GROUPS}.{setting}", write=f"ModifyReplicationGroup:{parameter}")
            for setting, parameter in _PARAMETERS.items()
        },
        **{
            name: Setting(read=f"{_GROUPS}.{name}")
            for name in ("Status", "PendingModifiedValues", "MultiAZ", "SnapshottingClusterId")
        },
        "Nodes": Setting(read=f"{_GROUPS}.MemberClusters"),
        "GlobalRole": Setting(read=f"{_GROUPS}.GlobalReplicationGroupInfo.GlobalReplicationGroupMemberRole"),
        "Engine": Setting(read=f"{_NODES}.Engine"),
        "EngineVersion": Setting(read=f"{_NODES}.EngineVersion"),
        "PendingInNodes": Setting(read=f"{_NODES}.PendingModifiedValues"),
    },
    in_code={
        "AutoMinorVersionUpgrade": InCode(
            "AWS::ElastiCache::ReplicationGroup/AutoMinorVersionUpgrade",
            "aws_elasticache_replication_group.auto_minor_version_upgrade",
        ),
        RETENTION: InCode(
            "AWS::ElastiCache::ReplicationGroup/SnapshotRetentionLimit",
            "aws_elasticache_replication_group.snapshot_retention_limit",
        ),
        _FAILOVER: InCode(
            "AWS::ElastiCache::ReplicationGroup/AutomaticFailoverEnabled",
            "aws_elasticache_replication_group.automatic_failover_enabled",
            values={"enabled": True, "disabled": False},
        ),
    },
    cases={
        "deleting": elasticache.deleting("replication group"),
        "old-engine": elasticache.OLD_ENGINE,
        "global-secondary": Case(
            "The replication group is a secondary of a global datastore. Backups are made of the primary.",
            lambda observed: str(observed.get("GlobalRole")).lower() == "secondary",
            ("GlobalRole",),
        ),
        "global-datastore": Case(
            "The replication group belongs to a global datastore. ModifyGlobalReplicationGroup sets "
            "automatic failover of all its members.",
            lambda observed: bool(observed.get("GlobalRole")),
            ("GlobalRole",),
        ),
        "one-node": Case(
            "The replication group has no replica that could take over. Add one, which AWS charges for.",
            lambda observed: observed.get("Nodes") == 1,
            ("Nodes",),
        ),
    },
    facts=("Status", "PendingModifiedValues", "PendingInNodes"),
    arn=_ARN,
    id_pattern=elasticache.ID_PATTERN % 38,
    lower_case=True,
    listing=_LISTING,
    rules=(
        Rule(
            "GroupCalls",
            "elasticache",
            ("CreateReplicationGroup", "IncreaseReplicaCount", "ModifyReplicationGroup"),
            Subject(("requestParameters.replicationGroupId",)),
        ),
    ),
    tags=_tags,
    calls=_calls,
    busy=_busy,
    held=_held,
    beside={RETENTION: ("SnapshottingClusterId",)},
    restore_reads=("MultiAZ",),
    irrecoverable=_irrecoverable,
    destroys=elasticache.destroyed,
    read_actions=(
        "elasticache:DescribeCacheClusters",
        "elasticache:DescribeReplicationGroups",
        "elasticache:ListTagsForResource",
    ),
    write_actions=("elasticache:ModifyReplicationGroup",),
    # Service authorization reference, Amazon ElastiCache: a modification also needs what the group uses.
    write_resources=(
        _ARN,
        *(
            f"arn:{{partition}}:elasticache:{{region}}:{{account}}:{kind}:*"
            for kind in ("parametergroup", "securitygroup", "usergroup")
        ),
    ),
    gone=("ReplicationGroupNotFoundFault",),
    busy_errors=("InvalidReplicationGroupState", "InvalidCacheClusterState"),
)
