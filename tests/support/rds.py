"""What the tests know of databases and clusters alike, of RDS and of Neptune."""

from typing import Any

import boto3

from tests.support.answers import Readers, or_error
from tests.support.tags import LISTED
from tests.types import Busy, Dependent

ARN = "arn:{partition}:rds:{region}:{account}:"
MODIFY_INSTANCE = {"rds:ModifyDBInstance": [f"{ARN}{kind}:any" for kind in ("og", "pg", "secgrp", "subgrp")]}
MODIFY_CLUSTER = {"rds:ModifyDBCluster": [f"{ARN}{kind}:any" for kind in ("cluster-pg", "og")]}
BUSY_INSTANCE = Busy("DescribeDBInstances", ("DBInstances", 0, "DBInstanceStatus"), "modifying")
BUSY_CLUSTER = Busy("DescribeDBClusters", ("DBClusters", 0, "Status"), "modifying")
NOT_IN_CONFIG = "Config calls a database by its resource id, which no call takes."
SERVICE_ROLE = Dependent(
    "iam:CreateServiceLinkedRole",
    "arn:{partition}:iam::{account}:role/aws-service-role/rds.amazonaws.com/x",
    "iam_AWSServiceName",
    allowed=["rds.amazonaws.com"],
    refused=["ec2.amazonaws.com", "rds.amazonaws.com.example", "*", None],
)


def tag(session: Any, name: str, arn: str) -> None:
    session.client("rds").add_tags_to_resource(ResourceName=arn, Tags=LISTED)


def read_instance(session: boto3.Session, name: str) -> Readers:
    """The instance and its parameter groups."""
    rds = session.client("rds")
    [instance] = rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
    groups = [each["DBParameterGroupName"] for each in instance.get("DBParameterGroups", ())]
    return {
        "instance": lambda: instance,
        **{
            group: or_error(rds.describe_db_parameters, DBParameterGroupName=group)
            for group in groups
            if not group.startswith("default.")
        },
    }


def read_cluster(session: boto3.Session, name: str) -> Readers:
    return {"cluster": or_error(session.client("rds").describe_db_clusters, DBClusterIdentifier=name)}
