"""A secret that everybody may read, and that has a rotation function that nothing starts."""

import json

import boto3

from rightstate_cli.simulation.examples import Example

_STATEMENTS = [
    {
        "Sid": "AnybodyMayRead",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "secretsmanager:GetSecretValue",
        "Resource": "*",
    },
    {
        "Sid": "PartnerMayRead",
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::444455556666:root"},
        "Action": "secretsmanager:GetSecretValue",
        "Resource": "*",
    },
]


def _create(session: boto3.Session, name: str, policy: str) -> str:
    account = session.client("sts").get_caller_identity()["Account"]
    client = session.client("secretsmanager")
    client.create_secret(Name=name, SecretString=json.dumps({"password": "example"}))
    client.put_resource_policy(
        SecretId=name, ResourcePolicy=json.dumps({"Version": "2012-10-17", "Statement": _STATEMENTS})
    )
    client.rotate_secret(
        SecretId=name,
        RotationLambdaARN=f"arn:aws:lambda:{session.region_name}:{account}:function:rotate",
        RotationRules={"AutomaticallyAfterDays": 30},
        RotateImmediately=False,
    )
    client.cancel_rotate_secret(SecretId=name)
    return name


EXAMPLE = Example(
    name="shop/database",
    policy="secret-not-public",
    event="PutResourcePolicy",
    create=_create,
)
