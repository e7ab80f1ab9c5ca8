"""What the tests know of secrets."""

import boto3

from tests.support.answers import Readers, or_error
from tests.support.tags import LISTED
from tests.types import Expected


def _read(session: boto3.Session, name: str) -> Readers:
    client = session.client("secretsmanager")
    return {
        "policy": or_error(client.get_resource_policy, SecretId=name),
        "rotation": lambda: {
            key: value
            for key, value in client.describe_secret(SecretId=name).items()
            if key in ("RotationEnabled", "RotationLambdaARN")
        },
    }


EXPECTED = Expected(
    arn="arn:{partition}:secretsmanager:{region}:{account}:secret:{id}-a1b2c3",
    read=_read,
    tag=lambda session, name, arn: session.client("secretsmanager").tag_resource(SecretId=name, Tags=LISTED),
    names={
        "shop/database": "shop/database",
        "shop-database": "shop-database",
        "arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/database-a1b2c3": "shop/database",
        "arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop-database-a1b2c3": "shop-database",
    },
    elsewhere={
        "arn:aws:secretsmanager:eu-west-1:999999999999:secret:shop-a1b2c3": "account",
        "arn:aws:secretsmanager:us-east-1:111122223333:secret:shop-a1b2c3": "region",
        "arn:aws-cn:secretsmanager:eu-west-1:111122223333:secret:shop-a1b2c3": "partition",
    },
    config_id=("arn:aws:secretsmanager:{region}:{account}:secret:shop/database-a1b2c3", "shop/database"),
    read_one_by_one=("secretsmanager:GetResourcePolicy",),
    rarely_written={"secretsmanager:DeleteResourcePolicy": "where no statement is left"},
)
