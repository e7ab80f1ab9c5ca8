"""Neptune DB clusters, through the API that they share with RDS. One ModifyDBCluster takes all changes."""

from collections.abc import Iterator, Sequence

from rightstate.event_rule import Rule, Subject
from rightstate.in_code import InCode
from rightstate.listing import Answer, Shared
from rightstate.policies.neptune_cluster import POLICIES
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
from rightstate.services import rds
from rightstate.services.pending import pending

# Setting -> the parameter of ModifyDBCluster that writes it.
_PARAMETERS = {
    "IAMDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication",
    "BackupRetentionPeriod": "BackupRetentionPeriod",
    "DeletionProtection": "DeletionProtection",
    "CopyTagsToSnapshot": "CopyTagsToSnapshot",
    rds.LOGS: "CloudwatchLogsExportConfiguration",
}
_CLUSTERS = "DescribeDBClusters:DBClusters[]"


def _pages(clients: Clients, place: Place, token: str) -> Iterator[tuple[Sequence[Answer], str]]:
    return rds.clusters(clients, token, "neptune")


def _observe(
    clients: Clients, resource: Resource, cluster: Answer, settings: frozenset[str], shared: Shared
) -> Observed:
    own = {
        **{name: cluster.get(name, False) for name in _PARAMETERS},
        rds.LOGS: sorted(cluster.get(rds.LOGS, ())),
        "Engine": cluster["Engine"],
        "Status": cluster["Status"],
        "PendingModifiedValues": pending(cluster),
        "ManagedByAWSBackup": bool(cluster.get("AwsBackupRecoveryPointArn")),
    }
    return {name: own[name] for name in settings & set(own)}


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
    parameters = {_PARAMETERS[change.setting]: rds.written(change) for change in changes}
    return [rds.modification("ModifyDBCluster", {"DBClusterIdentifier": resource.id}, changes, parameters)]


RESOURCE_TYPE = ResourceType(
    name="neptune-cluster",
    title="Neptune DB cluster",
    service="rds",
    policies=POLICIES,
    settings={
        **{
            setting: Setting(read=f"{_CLUSTERS}.{setting}", write=f"ModifyDBCluster:{parameter}")
            for setting, parameter in _PARAMETERS.items()
        },
        **{
            name: Setting(read=f"{_CLUSTERS}.{name}")
            for name in ("Engine", "PendingModifiedValues", "Status")
        },
        "ManagedByAWSBackup": Setting(read=f"{_CLUSTERS}.AwsBackupRecoveryPointArn"),
    },
    in_code={
        "IAMDatabaseAuthenticationEnabled": InCode(
            "AWS::Neptune::DBCluster/IamAuthEnabled",
            "aws_neptune_cluster.iam_database_authentication_enabled",
        ),
        "BackupRetentionPeriod": InCode(
            "AWS::Neptune::DBCluster/BackupRetentionPeriod", "aws_neptune_cluster.backup_retention_period"
        ),
        "DeletionProtection": InCode(
            "AWS::Neptune::DBCluster/DeletionProtection", "aws_neptune_cluster.deletion_protection"
        ),
        "CopyTagsToSnapshot": InCode(
            "AWS::Neptune::DBCluster/CopyTagsToSnapshot", "aws_neptune_cluster.copy_tags_to_snapshot"
        ),
        rds.LOGS: InCode(
            "AWS::Neptune::DBCluster/EnableCloudwatchLogsExports",
            "aws_neptune_cluster.enable_cloudwatch_logs_exports",
        ),
    },
    cases={
        "neptune": Case(
            "Neptune DB clusters", lambda observed: observed.get("Engine") == "neptune", ("Engine",)
        ),
        "deleting": rds.deleting("cluster", "Status"),
        "aws-backup": rds.AWS_BACKUP,
    },
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
                "RestoreDBClusterFromSnapshot",
                "RestoreDBClusterToPointInTime",
                "StartDBCluster",
            ),
            Subject(("responseElements.dBClusterArn",)),
            where={"responseElements": {"engine": ["neptune"]}},
        ),
    ),
    tags=_tags,
    calls=_calls,
    busy=lambda observed: rds.busy(observed.get("Status")),
    held=lambda observed: rds.held(
        observed.get("Status"), observed.get("PendingModifiedValues"), _PARAMETERS
    ),
    out_of_scope=lambda observed: f"The cluster is of engine {observed.get('Engine')}, not of Neptune.",
    read_actions=(
        "rds:DescribeDBClusters",
        "rds:ListTagsForResource",
    ),
    write_actions=("rds:ModifyDBCluster",),
    destroys=rds.destroyed,
    write_resources=rds.CLUSTER_RESOURCES,
    # For the caller RDS makes the role for log exports, where the account has none.
    dependent_actions={"iam:CreateServiceLinkedRole": {"iam:AWSServiceName": "rds.amazonaws.com"}},
    gone=("DBClusterNotFoundFault",),
    # A modification of the cluster goes on in its instances, and waits for theirs.
    busy_errors=("InvalidDBClusterStateFault", "InvalidDBInstanceState", "InvalidGlobalClusterStateFault"),
)
