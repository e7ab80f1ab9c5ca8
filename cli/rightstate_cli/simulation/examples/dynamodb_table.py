"""A table that cannot be recovered to a point in time, and that anybody may delete."""

import boto3

from rightstate_cli.simulation.examples import Example


def _create(session: boto3.Session, name: str, policy: str) -> str:
    session.client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    return name


EXAMPLE = Example(
    name="customers",
    policy="dynamodb-point-in-time-recovery",
    event="UpdateContinuousBackups",
    recorded=(
        "CreateTable",
        "UpdateTable",
    ),
    create=_create,
)
