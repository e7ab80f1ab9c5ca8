"""`python -m benchmarks.growth_server --serve PORT NUMBER`: a moto server with so many databases."""

import sys
from copy import copy

import boto3
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.rds.models import rds_backends

from benchmarks import server

_REGION = "us-east-1"


def _fill(databases: int) -> None:
    """Have so many databases: one that a call makes, and copies of it, as the calls would take minutes."""
    # Without an end, as moto forgets everything at it.
    mock_aws().start()
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
    for number in range(databases):
        database = copy(first)
        database.db_instance_identifier = f"grown-{number:06}"
        known[database.db_instance_identifier] = database


if __name__ == "__main__":
    _fill(int(sys.argv[3]))
    server.serve(int(sys.argv[2]))
