"""What the tests know of snapshots of databases and clusters."""

import boto3

from rightstate_cli.simulation import examples
from tests.support import rds
from tests.support.answers import Readers, or_error
from tests.types import Busy, Expected


def _read(session: boto3.Session, identifier: str) -> Readers:
    client, name = session.client("rds"), identifier.rpartition(":")[2]
    return {
        "snapshot": or_error(client.describe_db_snapshots, DBSnapshotIdentifier=name),
        "attributes": or_error(client.describe_db_snapshot_attributes, DBSnapshotIdentifier=name),
        "cluster attributes": or_error(
            client.describe_db_cluster_snapshot_attributes, DBClusterSnapshotIdentifier=name
        ),
    }


def _create_one_of_many(session: boto3.Session, number: int, example: examples.Example) -> None:
    example.create(session, f"snapshot:survey-{number}", example.policy)


EXPECTED = Expected(
    arn=f"{rds.ARN}{{id}}",
    read=_read,
    tag=rds.tag,
    busy=Busy("DescribeDBSnapshots", ("DBSnapshots", 0, "Status"), "creating", changes_at_once=True),
    names={
        "snapshot:orders": "snapshot:orders",
        "arn:aws:rds:eu-west-1:111122223333:cluster-snapshot:o-1": "cluster-snapshot:o-1",
        "snapshot:arn:aws:rds:eu-west-1:111122223333:snapshot:orders": "snapshot:orders",
        "snapshot:Orders-Before": "snapshot:orders-before",
    },
    elsewhere={
        "arn:aws:rds:us-east-1:111122223333:snapshot:orders": "region",
        "snapshot:arn:aws:rds:eu-west-1:999999999999:snapshot:orders": "account",
    },
    other_kinds=("orders", "db:orders", "snapshot:arn:aws:rds:eu-west-1:111122223333:db:orders"),
    not_in_config=rds.NOT_IN_CONFIG,
    read_one_by_one=("rds:DescribeDBClusterSnapshotAttributes", "rds:DescribeDBSnapshotAttributes"),
    create_one_of_many=_create_one_of_many,
)
