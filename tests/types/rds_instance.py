"""What the tests know of database instances."""

import boto3

from rightstate_cli.simulation import examples
from tests.support import rds
from tests.support.kms import through
from tests.types import Dependent, Expected


def _create_one_of_many(session: boto3.Session, number: int, example: examples.Example) -> None:
    """As those of a team are: of one parameter group."""
    name = f"survey-{number}"
    if number == 0:
        example.create(session, name, example.policy)
        return
    session.client("rds").create_db_instance(
        DBInstanceIdentifier=name,
        Engine="mysql",
        EngineVersion="8.0.42",
        DBInstanceClass="db.m6g.large",
        AllocatedStorage=20,
        MasterUsername="master",
        MasterUserPassword="planted-secret-of-a-database",
        DBParameterGroupName="survey-0-mysql8",
    )


EXPECTED = Expected(
    arn=f"{rds.ARN}db:{{id}}",
    read=rds.read_instance,
    tag=rds.tag,
    beside=rds.MODIFY_INSTANCE,
    instead={
        "rds:ModifyDBParameterGroup": [f"{rds.ARN}pg:any"],
        "rds:ResetDBParameterGroup": [f"{rds.ARN}pg:any"],
    },
    dependent=(
        *through("rds", "kms:CreateGrant", "kms:DescribeKey"),
        rds.SERVICE_ROLE,
        Dependent(
            "iam:PassRole",
            "arn:{partition}:iam::{account}:role/any",
            "iam_PassedToService",
            allowed=["monitoring.rds.amazonaws.com"],
            refused=["rds.amazonaws.com", "monitoring.rds.amazonaws.com.example", "*", None],
        ),
    ),
    busy=rds.BUSY_INSTANCE,
    names={
        "orders": "orders",
        "arn:aws:rds:eu-west-1:111122223333:db:orders": "orders",
        "Orders": "orders",
    },
    elsewhere={"arn:aws:rds:eu-west-1:999999999999:db:orders": "account"},
    not_in_config=rds.NOT_IN_CONFIG,
    listed=0.05,
    create_one_of_many=_create_one_of_many,
    rarely_read={
        "rds:DescribeDBEngineVersions": "lists the log types, where the settings ask for some of their own",
    },
)
