"""What the tests know of VPCs."""

from typing import Any

import boto3

from tests.support.answers import Readers, or_error
from tests.support.tags import LISTED
from tests.types import Dependent, Expected

_LOG = "arn:{partition}:ec2:{region}:{account}:vpc-flow-log/fl-0a1b2c3d4e5f60718"
# A new VPC has a security group, a default one subnets too.
_OTHERS = {"CreateVpc": ["security-group"], "CreateDefaultVpc": ["subnet"]}


def _read(session: boto3.Session, name: str) -> Readers:
    ec2 = session.client("ec2")

    def logs() -> list[Any]:
        return ec2.describe_flow_logs(Filter=[{"Name": "resource-id", "Values": [name]}])["FlowLogs"]

    return {"vpc": or_error(ec2.describe_vpcs, VpcIds=[name]), "logs": logs}


def _delivery(action: str) -> Dependent:
    return Dependent(action, "*", "aws_RequestedRegion", allowed=["{region}"], refused=["xx-west-1"])


EXPECTED = Expected(
    arn="arn:{partition}:ec2:{region}:{account}:vpc/{id}",
    beside={"ec2:CreateFlowLogs": [_LOG]},
    instead={"ec2:DeleteFlowLogs": [_LOG]},
    dependent=(
        Dependent(
            "iam:PassRole",
            "arn:{partition}:iam::{account}:role/any",
            "iam_PassedToService",
            allowed=["vpc-flow-logs.amazonaws.com"],
            refused=["ec2.amazonaws.com", "vpc-flow-logs.amazonaws.com.example", "*", None],
        ),
        _delivery("logs:CreateLogDelivery"),
        _delivery("logs:DeleteLogDelivery"),
    ),
    read=_read,
    tag=lambda session, name, arn: session.client("ec2").create_tags(Resources=[name], Tags=LISTED),
    names={"vpc-0a1b2c3d4e5f60718": "vpc-0a1b2c3d4e5f60718", "vpc-1a2b3c4d": "vpc-1a2b3c4d"},
    config_id=("vpc-0a1b2c3d4e5f60718", "vpc-0a1b2c3d4e5f60718"),
    also_starts=_OTHERS,
    also_started_by=_OTHERS,
    # The list, and the flow logs of its VPCs.
    listed=0.02,
)
