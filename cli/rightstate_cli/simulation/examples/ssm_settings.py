"""A region where documents may be made public and no role manages hosts, and the role that could."""

import json
from contextlib import suppress

import boto3
from botocore.exceptions import ClientError

from rightstate_cli.simulation.examples import Example


def _create(session: boto3.Session, name: str, policy: str) -> str:
    with suppress(ClientError):  # There is one for all regions.
        session.client("iam").create_role(
            Path="/service-role/",
            RoleName="AWSSystemsManagerDefaultEC2InstanceManagementRole",
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": []}),
        )
    return session.client("sts").get_caller_identity()["Account"]


EXAMPLE = Example(
    name="111122223333",
    policy="ssm-block-public-document-sharing",
    event="UpdateServiceSetting",
    create=_create,
)
