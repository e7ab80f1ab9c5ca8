"""`python -m benchmarks.growth_server --serve PORT TYPE NUMBER`: a moto server with so many resources."""

import sys
from copy import copy

import boto3
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.rds.models import rds_backends
from moto.s3.models import s3_backends

from benchmarks import server

_REGION = "us-east-1"


def _fill(resource_type: str, count: int) -> None:
    """Have so many: one that a call makes, and copies of it, as the calls would take minutes."""
    # Without an end, as moto forgets everything at it.
    mock_aws().start()
    {"rds-instance": _databases, "s3-bucket": _buckets}[resource_type](count)


def _buckets(count: int) -> None:
    boto3.client("s3", region_name=_REGION).create_bucket(Bucket="first")
    known = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets
    first, owner = known.pop("first"), s3_backends.bucket_accounts.pop("first")
    for number in range(count):
        bucket = copy(first)
        bucket.name = f"grown-{number:06}"
        known[bucket.name], s3_backends.bucket_accounts[bucket.name] = bucket, owner


def _databases(count: int) -> None:
    boto3.client("rds", region_name=_REGION).create_db_instance(
        DBInstanceIdentifier="first",
        Engine="mysql",
        EngineVersion="8.0.42",
        DBInstanceClass="db.t3.medium",
        AllocatedStorage=20,
        MasterUsername="admin",
        MasterUserPassword="not-a-secret",
    )
    known = rds_backends[DEFAULT_ACCOUNT_ID][_REGION].databases
    first = known.pop("first")
    for number in range(count):
        database = copy(first)
        database.db_instance_identifier = f"grown-{number:06}"
        known[database.db_instance_identifier] = database


if __name__ == "__main__":
    _fill(sys.argv[3], int(sys.argv[4]))
    server.serve(int(sys.argv[2]))
