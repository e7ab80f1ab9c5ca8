"""The tables of every implementation, each one empty."""

from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from rightstate.storage.dynamodb import DynamoDBTable
from rightstate.storage.table import Table
from rightstate.storage.tables import TableSpec
from rightstate_cli.embedded.storage import SQLiteStorage
from tests.support.template import rendered

TableOf = Callable[[TableSpec], Table]


def created(spec: TableSpec) -> DynamoDBTable:
    """The table in DynamoDB, as template.yaml declares it."""
    client = boto3.client("dynamodb", region_name="eu-west-1")
    declared = rendered()[f"{spec.name.title()}Table"]["Properties"]
    taken = ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes")
    client.create_table(TableName=spec.name, **{name: declared[name] for name in taken if name in declared})
    return DynamoDBTable(client, spec.name, spec)


@pytest.fixture(params=["DynamoDB", "SQLite"])
def table_of(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TableOf]:
    if request.param == "SQLite":
        yield SQLiteStorage(tmp_path / "ledger.sqlite")
        return
    with mock_aws():
        yield created
