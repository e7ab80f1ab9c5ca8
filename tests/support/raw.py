"""Resources of each type as AWS's own answers describe them, whole, and not only what policies read."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import boto3
from botocore.exceptions import ClientError

Raw = Mapping[str, Any]


def described(session: boto3.Session, resource_type: str, resource: str) -> Raw:
    """Everything that the type's describe calls answer about the resource, without request ids."""
    found = {name: _plain(ask()) for name, ask in _READERS[resource_type](session, resource).items()}
    return {name: answer for name, answer in found.items() if answer is not None}


_PASSING = {"ResponseMetadata", "LatestRestorableTime", "LastModifiedTimestamp"}


def _plain(answer: Any) -> Any:
    """Without what says something about the request or the time, and with lists in an order of their own."""
    if isinstance(answer, dict):
        return {key: _plain(each) for key, each in answer.items() if key not in _PASSING}
    if isinstance(answer, list):
        return sorted((_plain(each) for each in answer), key=repr)
    return answer


def _or_error(call: Callable[..., Any], **given: Any) -> Callable[[], Any]:
    """The answer, or the code of the error that says that nothing is configured."""

    def ask() -> Any:
        try:
            return call(**given)
        except ClientError as error:
            return error.response["Error"]["Code"]

    return ask


def _s3(session: boto3.Session, name: str) -> dict[str, Callable[[], Any]]:
    s3 = session.client("s3")
    reads = (
        "get_public_access_block",
        "get_bucket_acl",
        "get_bucket_versioning",
        "get_bucket_encryption",
        "get_bucket_accelerate_configuration",
        "get_bucket_ownership_controls",
        "get_bucket_policy",
        "get_bucket_tagging",
        "get_bucket_lifecycle_configuration",
    )
    return {read: _or_error(getattr(s3, read), Bucket=name) for read in reads}


def _rds_instance(session: boto3.Session, name: str) -> dict[str, Callable[[], Any]]:
    rds = session.client("rds")
    [instance] = rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
    groups = [each["DBParameterGroupName"] for each in instance.get("DBParameterGroups", ())]
    return {
        "instance": lambda: instance,
        **{
            group: _or_error(rds.describe_db_parameters, DBParameterGroupName=group)
            for group in groups
            if not group.startswith("default.")
        },
    }


def _rds_cluster(session: boto3.Session, name: str) -> dict[str, Callable[[], Any]]:
    return {"cluster": _or_error(session.client("rds").describe_db_clusters, DBClusterIdentifier=name)}


def _rds_snapshot(session: boto3.Session, identifier: str) -> dict[str, Callable[[], Any]]:
    rds, name = session.client("rds"), identifier.rpartition(":")[2]
    return {
        "snapshot": _or_error(rds.describe_db_snapshots, DBSnapshotIdentifier=name),
        "attributes": _or_error(rds.describe_db_snapshot_attributes, DBSnapshotIdentifier=name),
        "cluster attributes": _or_error(
            rds.describe_db_cluster_snapshot_attributes, DBClusterSnapshotIdentifier=name
        ),
    }


def _load_balancer(session: boto3.Session, identifier: str) -> dict[str, Callable[[], Any]]:
    elbv2 = session.client("elbv2")
    [arn] = [
        each["LoadBalancerArn"]
        for each in elbv2.describe_load_balancers()["LoadBalancers"]
        if each["LoadBalancerArn"].endswith(identifier)
    ]
    return {
        "load balancer": _or_error(elbv2.describe_load_balancers, LoadBalancerArns=[arn]),
        "attributes": _or_error(elbv2.describe_load_balancer_attributes, LoadBalancerArn=arn),
    }


def _ec2(session: boto3.Session, name: str) -> dict[str, Callable[[], Any]]:
    ec2 = session.client("ec2")
    return {
        "instance": _or_error(ec2.describe_instances, InstanceIds=[name]),
        "protection": _or_error(
            ec2.describe_instance_attribute, InstanceId=name, Attribute="disableApiTermination"
        ),
    }


def _sqs(session: boto3.Session, name: str) -> dict[str, Callable[[], Any]]:
    sqs = session.client("sqs")
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    return {"attributes": _or_error(sqs.get_queue_attributes, QueueUrl=url, AttributeNames=["All"])}


def _attribute_of_classic(session: boto3.Session, name: str, attribute: str) -> Any:
    # moto adds one of the AdditionalAttributes once more at every change.
    answer = session.client("elb").describe_load_balancer_attributes(LoadBalancerName=name)
    return answer["LoadBalancerAttributes"][attribute]  # type: ignore[literal-required]


def _one(
    service: str, parameter: str, *operations: str, many: bool = False
) -> Callable[[boto3.Session, str], dict[str, Callable[[], Any]]]:
    def readers(session: boto3.Session, name: str) -> dict[str, Callable[[], Any]]:
        client = session.client(service)  # type: ignore[call-overload]
        given = {parameter: [name] if many else name}
        return {each: _or_error(getattr(client, each), **given) for each in operations}

    return readers


_READERS: Mapping[str, Callable[[boto3.Session, str], dict[str, Callable[[], Any]]]] = {
    "auto-scaling-group": _one(
        "autoscaling", "AutoScalingGroupNames", "describe_auto_scaling_groups", many=True
    ),
    "classic-load-balancer": lambda session, name: {
        attribute: partial(_attribute_of_classic, session, name, attribute)
        for attribute in ("ConnectionDraining", "CrossZoneLoadBalancing", "AccessLog", "ConnectionSettings")
    },
    "cloudformation-stack": _one("cloudformation", "StackName", "describe_stacks"),
    "cloudtrail-trail": lambda session, name: {
        # What a trail has logged, and when it was started, is history and no setting.
        "trail": _or_error(session.client("cloudtrail").get_trail, Name=name),
        "logging": lambda: session.client("cloudtrail").get_trail_status(Name=name)["IsLogging"],
    },
    "dynamodb-table": _one("dynamodb", "TableName", "describe_table", "describe_continuous_backups"),
    "ec2-instance": _ec2,
    "iam-password-policy": lambda session, _: {
        "policy": _or_error(session.client("iam").get_account_password_policy)
    },
    "kinesis-stream": _one("kinesis", "StreamName", "describe_stream_summary"),
    "kms-key": _one("kms", "KeyId", "describe_key", "get_key_rotation_status"),
    "load-balancer": _load_balancer,
    "neptune-cluster": _rds_cluster,
    "neptune-instance": _rds_instance,
    "rds-cluster": _rds_cluster,
    "rds-instance": _rds_instance,
    "rds-snapshot": _rds_snapshot,
    "redshift-cluster": _one("redshift", "ClusterIdentifier", "describe_clusters"),
    "s3-bucket": _s3,
    "sqs-queue": _sqs,
}
