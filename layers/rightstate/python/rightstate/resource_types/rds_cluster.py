"""Aurora DB clusters, provisioned and serverless. One ModifyDBCluster takes all changes.

The same call describes Multi-AZ DB clusters (engine mysql or postgres); no policy is about them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from rightstate.event_rule import Rule, Subject
from rightstate.in_code import InCode
from rightstate.listing import Answer, Shared
from rightstate.policies.rds_cluster import POLICIES
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
    send,
)
from rightstate.services import rds
from rightstate.services.pending import pending
from rightstate.wants import Restored, Value, as_list

_SCALING = "ServerlessV2ScalingConfiguration"
# Setting -> the parameter of ModifyDBCluster that writes it.
_PARAMETERS = {
    "IAMDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication",
    rds.LOGS: "CloudwatchLogsExportConfiguration",
    "DeletionProtection": "DeletionProtection",
    "BackupRetentionPeriod": "BackupRetentionPeriod",
    "CopyTagsToSnapshot": "CopyTagsToSnapshot",
    "MinCapacity": _SCALING,
    "SecondsUntilAutoPause": _SCALING,
}
_OF_SCALING = ("MinCapacity", "SecondsUntilAutoPause")
# API reference, ModifyDBCluster, CloudwatchLogsExportConfiguration.
_LOG_TYPES = {
    "aurora-mysql": ["audit", "error", "general", "iam-db-auth-error", "instance", "slowquery"],
    "aurora-postgresql": ["iam-db-auth-error", "instance", "postgresql"],
}
# Major version of Aurora PostgreSQL -> the first minor version that pauses. Later majors all do (Aurora User
# Guide, "Scaling to Zero ACUs").
_PAUSES_FROM = {13: 15, 14: 12, 15: 7, 16: 3}


def _pages(clients: Clients, place: Place, token: str) -> Iterator[tuple[Sequence[Answer], str]]:
    return rds.clusters(clients, token, *rds.AURORA)


def _observe(
    clients: Clients, resource: Resource, cluster: Answer, settings: frozenset[str], shared: Shared
) -> Observed:
    client = clients("rds")
    own = _of_cluster(cluster)
    observed: dict[str, Value] = {name: own[name] for name in settings & set(own)}
    if own["Engine"] not in rds.AURORA:
        return observed
    # Both are asked only where they matter: DescribeDBClusters does not say who writes to a global database,
    # nor of which class the members are.
    if "IsGlobalSecondary" in settings and own["InGlobalDatabase"]:
        observed["IsGlobalSecondary"] = _is_secondary(client, cluster)
    if "MemberClasses" in settings and _may_pause(own):
        asked = [each["DBClusterIdentifier"] for each in shared.answers if _may_pause(_of_cluster(each))]
        observed["MemberClasses"] = shared.batch(
            "members",
            cluster["DBClusterIdentifier"],
            asked,
            _CLUSTERS_AT_ONCE,
            partial(_member_classes, client),
        )
    return observed


def _may_pause(own: Observed) -> bool:
    """Whether the instance classes of the members decide if the cluster pauses."""
    return bool(own["MaxCapacity"]) and own["MinCapacity"] != "0" and _pauses(own)


def _of_cluster(cluster: Mapping[str, Any]) -> dict[str, Value]:
    """Every setting that DescribeDBClusters shows."""
    return {
        **{name: cluster.get(name, False) for name in _PARAMETERS if name not in _OF_SCALING},
        rds.LOGS: sorted(cluster.get(rds.LOGS, ())),
        "ExportableLogTypes": _LOG_TYPES.get(cluster["Engine"], []),
        "Engine": cluster["Engine"],
        "EngineMode": cluster.get("EngineMode", "provisioned"),
        "EngineVersion": cluster["EngineVersion"],
        "Status": cluster["Status"],
        "PendingModifiedValues": pending(cluster),
        "ManagedByAWSBackup": bool(cluster.get("AwsBackupRecoveryPointArn")),
        "InGlobalDatabase": bool(cluster.get("GlobalClusterIdentifier")),
        **_scaling(cluster.get(_SCALING, {})),
    }


def _scaling(configuration: Mapping[str, Any]) -> dict[str, Value]:
    """Capacities are numbers of ACUs in half steps, which a text keeps exact. AWS shows the seconds only of
    clusters that pause, which those with a MinCapacity of 0 do (API reference and Aurora User Guide)."""
    smallest, largest = (
        f"{configuration[name]:g}" if name in configuration else None
        for name in ("MinCapacity", "MaxCapacity")
    )
    seconds = configuration.get("SecondsUntilAutoPause", 300) if smallest == "0" else None
    return {"MinCapacity": smallest, "MaxCapacity": largest, "SecondsUntilAutoPause": seconds}


def _is_secondary(client: Any, cluster: Mapping[str, Any]) -> bool:
    found = client.describe_global_clusters(GlobalClusterIdentifier=cluster["GlobalClusterIdentifier"])
    return any(
        member["DBClusterArn"] == cluster["DBClusterArn"] and not member.get("IsWriter")
        for database in found["GlobalClusters"]
        for member in database["GlobalClusterMembers"]
    )


# AWS names no limit for the values of a filter. A page has all of 25 clusters with four instances each.
# If AWS refuses that number, `Shared.batch` asks about each cluster alone: that costs calls, and no result.
_CLUSTERS_AT_ONCE = 25


def _member_classes(client: Any, clusters: Sequence[str]) -> Mapping[str, list[str]]:
    """The classes of their instances, by cluster."""
    found: dict[str, set[str]] = {cluster: set() for cluster in clusters}
    filters = [{"Name": "db-cluster-id", "Values": list(clusters)}]
    for members, _ in rds.listed(
        lambda service: client, "describe_db_instances", "DBInstances", "", Filters=filters
    ):
        for member in members:
            found.setdefault(member["DBClusterIdentifier"], set()).add(member["DBInstanceClass"])
    return {cluster: sorted(classes) for cluster, classes in found.items()}


_LISTING = Listing(
    pages=_pages,
    id_of=lambda cluster: str(cluster["DBClusterIdentifier"]),
    one=rds.cluster,
    observe=_observe,
    tags=rds.listed_tags,
)


def _tags(clients: Clients, resource: Resource) -> Tags:
    return rds.tags(clients, RESOURCE_TYPE.arn_of(resource))


def _calls(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    parameters = {
        _PARAMETERS[change.setting]: rds.written(change)
        for change in changes
        if change.setting not in _OF_SCALING
    }
    if scaling := {change.setting: change.after for change in changes if change.setting in _OF_SCALING}:
        whole = {**{name: observed.get(name) for name in _OF_SCALING}, **scaling}
        seconds = whole["SecondsUntilAutoPause"]
        parameters[_SCALING] = {
            "MinCapacity": float(str(whole["MinCapacity"])),
            "MaxCapacity": float(str(observed["MaxCapacity"])),
            **({} if seconds is None else {"SecondsUntilAutoPause": seconds}),
        }
    named = {"DBClusterIdentifier": resource.id}
    return [rds.modification("ModifyDBCluster", named, changes, parameters)]


def _apply(clients: Clients, resource: Resource, call: Call, changes: Sequence[Change]) -> None:
    """The scaling configuration is sent whole, so it is read again: its maximum stays as it is now, and a
    cluster that has begun to pause meanwhile keeps its seconds, unless that is undone."""
    if _SCALING in call.parameters:
        [cluster] = clients("rds").describe_db_clusters(DBClusterIdentifier=resource.id)["DBClusters"]
        now = cluster[_SCALING]
        pauses = now["MinCapacity"] == 0 and not any(isinstance(each.want, Restored) for each in changes)
        kept = now if pauses else {"MaxCapacity": now["MaxCapacity"]}
        whole = {**call.parameters, _SCALING: {**call.parameters[_SCALING], **kept}}
        call = call.model_copy(update={"parameters": whole})
    send(clients, resource, call, changes)


def _aurora(observed: Observed) -> bool:
    return observed.get("Engine") in rds.AURORA and observed.get("EngineMode") == "provisioned"


def _serverless(observed: Observed) -> bool:
    """Aurora Serverless v2 is of engine mode provisioned too; it has a scaling configuration."""
    return _aurora(observed) and observed.get("MaxCapacity") is not None


def _serverless_of(engine: str) -> Callable[[Observed], bool]:
    return lambda observed: _serverless(observed) and observed.get("Engine") == engine


def _without_iam(observed: Observed) -> bool:
    version = rds.version(observed.get("EngineVersion"))
    return observed.get("Engine") == "aurora-postgresql" and (
        version < (9, 6, 9) or (10,) <= version < (10, 4)
    )


def _pauses(observed: Observed) -> bool:
    version = rds.version(observed.get("EngineVersion"))
    if observed.get("Engine") == "aurora-mysql":
        return version >= (3, 8)
    major, minor = (*version, 0, 0)[:2]
    return major > max(_PAUSES_FROM) or (major in _PAUSES_FROM and minor >= _PAUSES_FROM[major])


_KIND = ("Engine", "EngineMode", "MaxCapacity")
_CASES = {
    "aurora": Case("Aurora clusters", _aurora, _KIND),
    "aurora-provisioned": Case(
        "Aurora clusters that are not serverless",
        lambda observed: _aurora(observed) and not _serverless(observed),
        _KIND,
    ),
    "aurora-mysql-serverless": Case(
        "Aurora MySQL Serverless clusters", _serverless_of("aurora-mysql"), _KIND
    ),
    "aurora-postgres-serverless": Case(
        "Aurora PostgreSQL Serverless clusters", _serverless_of("aurora-postgresql"), _KIND
    ),
    "deleting": rds.deleting("cluster", "Status"),
    "aws-backup": rds.AWS_BACKUP,
    "global-secondary": Case(
        "The cluster is a read-only secondary of an Aurora global database.",
        lambda observed: observed.get("IsGlobalSecondary") is True,
        ("IsGlobalSecondary",),
    ),
    "global-database": Case(
        "The cluster belongs to an Aurora global database, of which Aurora pauses neither the primary's "
        "writer nor any instance of a secondary.",
        lambda observed: observed.get("InGlobalDatabase") is True,
        ("InGlobalDatabase",),
    ),
    "no-such-logs": Case(
        "The engine has none of the log types that are asked for.",
        lambda observed: (
            not set(as_list(observed.get("required_log_types")))
            & set(as_list(observed.get("ExportableLogTypes")))
        ),
        ("ExportableLogTypes",),
    ),
    # Aurora User Guide, "IAM database authentication", Availability.
    "without-iam": Case(
        "IAM database authentication needs Aurora PostgreSQL 9.6.9, 10.4 or later.",
        _without_iam,
        ("Engine", "EngineVersion"),
    ),
    "never-pauses": Case(
        "The engine version cannot pause: that takes Aurora MySQL 3.08.0, or Aurora PostgreSQL 13.15, 14.12, "
        "15.7, 16.3 or later. With an older one the smallest capacity is 0.5.",
        lambda observed: not _pauses(observed),
        ("Engine", "EngineVersion"),
    ),
    "no-serverless-member": Case(
        "The cluster has no instance of class db.serverless, and no other pauses.",
        lambda observed: (
            observed.get("MemberClasses") is not None
            and "db.serverless" not in as_list(observed.get("MemberClasses"))
        ),
        ("MemberClasses",),
    ),
    "provisioned-member": Case(
        "An instance of the cluster is provisioned, and with one Aurora does not pause the writer.",
        lambda observed: any(each != "db.serverless" for each in as_list(observed.get("MemberClasses"))),
        ("MemberClasses",),
    ),
}


def _out_of_scope(observed: Observed) -> str:
    engine = observed.get("Engine")
    if engine in ("mysql", "postgres"):
        return f"The cluster is a Multi-AZ DB cluster of {engine}; no policy is about these."
    if engine not in rds.AURORA:
        return f"The cluster is of engine {engine}, not of Aurora."
    if not _aurora(observed):
        return f"No policy is about the engine mode {observed.get('EngineMode')}, which Aurora has retired."
    kind = "serverless" if _serverless(observed) else "provisioned"
    return f"No enabled policy is about {kind} clusters of {engine}."


_CLUSTERS = "DescribeDBClusters:DBClusters[]"

RESOURCE_TYPE = ResourceType(
    name="rds-cluster",
    title="Aurora DB cluster",
    service="rds",
    policies=POLICIES,
    settings={
        **{
            setting: Setting(read=f"{_CLUSTERS}.{setting}", write=f"ModifyDBCluster:{parameter}")
            for setting, parameter in _PARAMETERS.items()
            if setting not in _OF_SCALING
        },
        **{
            setting: Setting(
                read=f"{_CLUSTERS}.{_SCALING}.{setting}", write=f"ModifyDBCluster:{_SCALING}.{setting}"
            )
            for setting in _OF_SCALING
        },
        "MaxCapacity": Setting(read=f"{_CLUSTERS}.{_SCALING}.MaxCapacity"),
        **{
            name: Setting(read=f"{_CLUSTERS}.{name}")
            for name in ("Engine", "EngineMode", "EngineVersion", "PendingModifiedValues", "Status")
        },
        "ManagedByAWSBackup": Setting(read=f"{_CLUSTERS}.AwsBackupRecoveryPointArn"),
        "InGlobalDatabase": Setting(read=f"{_CLUSTERS}.GlobalClusterIdentifier"),
        "IsGlobalSecondary": Setting(
            read="DescribeGlobalClusters:GlobalClusters[].GlobalClusterMembers[].IsWriter"
        ),
        "MemberClasses": Setting(read="DescribeDBInstances:DBInstances[].DBInstanceClass"),
        "ExportableLogTypes": Setting(read=f"{_CLUSTERS}.Engine"),
    },
    in_code={
        name: InCode(f"AWS::RDS::DBCluster/{path}", f"aws_rds_cluster.{argument}")
        for name, (path, argument) in {
            "IAMDatabaseAuthenticationEnabled": (
                "EnableIAMDatabaseAuthentication",
                "iam_database_authentication_enabled",
            ),
            "EnabledCloudwatchLogsExports": (
                "EnableCloudwatchLogsExports",
                "enabled_cloudwatch_logs_exports",
            ),
            "DeletionProtection": ("DeletionProtection", "deletion_protection"),
            "BackupRetentionPeriod": ("BackupRetentionPeriod", "backup_retention_period"),
            "CopyTagsToSnapshot": ("CopyTagsToSnapshot", "copy_tags_to_snapshot"),
            "MinCapacity": (f"{_SCALING}.MinCapacity", "serverlessv2_scaling_configuration.min_capacity"),
            "SecondsUntilAutoPause": (
                f"{_SCALING}.SecondsUntilAutoPause",
                "serverlessv2_scaling_configuration.seconds_until_auto_pause",
            ),
        }.items()
    },
    cases=_CASES,
    facts=("Engine", "PendingModifiedValues", "Status"),
    arn="arn:{partition}:rds:{region}:{account}:cluster:{id}",
    id_pattern=rds.ID_PATTERN,
    lower_case=True,
    listing=_LISTING,
    rules=(
        Rule(
            "ClusterCalls",
            "rds",
            (
                "CreateDBCluster",
                "ModifyDBCluster",
                "PromoteReadReplicaDBCluster",
                "RestoreDBClusterFromS3",
                "RestoreDBClusterFromSnapshot",
                "RestoreDBClusterToPointInTime",
                "StartDBCluster",
            ),
            Subject(("responseElements.dBClusterArn",)),
            # Of a record that says no engine the execution finds out, or ends rejected if it says no cluster.
            where={"responseElements": {"engine": ["aurora-mysql", "aurora-postgresql", {"exists": False}]}},
        ),
        # A first serverless instance lets its cluster pause. The instance's own remediation starts too.
        Rule(
            "ServerlessInstances",
            "rds",
            ("CreateDBInstance",),
            Subject(("responseElements.dBClusterIdentifier",)),
            name="rds-cluster-instance",
            where={
                "responseElements": {
                    "dBInstanceClass": ["db.serverless"],
                    "engine": ["aurora-mysql", "aurora-postgresql"],
                }
            },
        ),
    ),
    tags=_tags,
    calls=_calls,
    apply=_apply,
    busy=lambda observed: rds.busy(observed.get("Status")),
    held=lambda observed: rds.held(
        observed.get("Status"), observed.get("PendingModifiedValues"), _PARAMETERS
    ),
    out_of_scope=_out_of_scope,
    read_actions=(
        "rds:DescribeDBClusters",
        "rds:DescribeDBInstances",
        "rds:DescribeGlobalClusters",
        "rds:ListTagsForResource",
    ),
    write_actions=("rds:ModifyDBCluster",),
    destroys=rds.destroyed,
    restore_reads=("MinCapacity", "MaxCapacity"),
    write_resources=rds.CLUSTER_RESOURCES,
    # For the caller RDS makes the role for log exports, where the account has none.
    dependent_actions={"iam:CreateServiceLinkedRole": {"iam:AWSServiceName": "rds.amazonaws.com"}},
    gone=("DBClusterNotFoundFault",),
    # A modification of the cluster goes on in its instances, and waits for theirs.
    busy_errors=("InvalidDBClusterStateFault", "InvalidDBInstanceState", "InvalidGlobalClusterStateFault"),
)
