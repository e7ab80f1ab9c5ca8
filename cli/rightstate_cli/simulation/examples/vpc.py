"""A VPC without flow logs, and the bucket that takes them."""

import boto3

from rightstate_cli.simulation.examples import Example


def _create(session: boto3.Session, name: str, policy: str) -> str:
    account = session.client("sts").get_caller_identity()["Account"]
    # A bucket of that name may be there already, which only us-east-1 takes as success.
    session.client("s3", region_name="us-east-1").create_bucket(
        Bucket=f"flow-logs-{account}-{session.region_name}"
    )
    return session.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]


EXAMPLE = Example(
    name="vpc-0a1b2c3d4e5f60718",
    policy="vpc-flow-logs",
    event="CreateVpc",
    create=_create,
)
