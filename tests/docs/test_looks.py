"""The page about looks: its queries find what a look has written."""

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb
import pytest

from rightstate import storage
from rightstate.catalogue import names
from rightstate.surveying import looks
from rightstate.surveying.looks import Line, Look
from rightstate_cli.application import sam_template
from rightstate_cli.embedded.storage import SQLiteStorage

PAGE = (sam_template.root() / "docs" / "looks.md").read_text()
TABLE, BY_TYPE, OF_POLICY = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)
ACCOUNT = "111122223333"


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB with the table of the page, on the files that looks have written."""
    kept = SQLiteStorage(tmp_path / "ledger.sqlite")
    with (
        storage.kept_in(kept),
        storage.objects_kept_in(kept.objects),
        patch.dict(os.environ, {"LEDGER_DAYS": "400"}),
    ):
        for account, region, resource_type in (
            (ACCOUNT, "eu-west-1", "s3-bucket"),
            (ACCOUNT, "us-east-1", "s3-bucket"),
            (ACCOUNT, "eu-west-1", "sqs-queue"),
            ("444455556666", "eu-west-1", "s3-bucket"),
        ):
            look = Look(account, region, resource_type, "batches/b/aside/")
            for number in range(5):
                look.add(seen(f"{region}-{number}", "broken" if number < 2 else "compliant"))
            look.finish(datetime.now(UTC), "arn", "b")
        for key in kept.objects().keys(looks.PREFIX):
            path = tmp_path / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(kept.objects().get(key) or b"")
    columns = re.findall(r"^  (\w+) (string|map<string, string>),?$", TABLE, re.MULTILINE)
    assert [name for name, _ in columns] == list(Line.model_fields)
    types = {"string": "VARCHAR", "map<string, string>": "MAP(VARCHAR, VARCHAR)"}
    given = ", ".join(f"'{name}': '{types[kind]}'" for name, kind in columns)
    connection = duckdb.connect()
    connection.execute(
        # Of the test's own folder.
        f"CREATE VIEW rightstate_looks AS SELECT * FROM read_json('{tmp_path}/looks/**/*.jsonl.gz', "  # noqa: S608
        f"format = 'newline_delimited', columns = {{{given}}}, hive_partitioning = true, "
        "hive_types_autocast = false)"
    )
    with connection:
        yield connection


def seen(name: str, status: str) -> Line:
    verdicts = {"s3-versioning": status}
    return Line(resource=name, arn=None, at="2026-11-26T08:00:00.000Z", status=status, verdicts=verdicts)


def rows(asked: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    return asked.execute(query).fetchall()


def test_what_is_broken_is_counted_by_type_and_region(asked: duckdb.DuckDBPyConnection) -> None:
    assert rows(asked, BY_TYPE) == [
        ("s3-bucket", "eu-west-1", 2),
        ("s3-bucket", "us-east-1", 2),
        ("sqs-queue", "eu-west-1", 2),
    ]


def test_the_resources_that_break_a_policy_are_found(asked: duckdb.DuckDBPyConnection) -> None:
    found = [resource for resource, _ in rows(asked, OF_POLICY)]
    assert set(found) == {"eu-west-1-0", "eu-west-1-1", "us-east-1-0", "us-east-1-1"}


def test_the_table_names_the_partitions_as_the_keys_do() -> None:
    partitions = re.search(r"PARTITIONED BY \((.*?)\)", TABLE)
    assert partitions
    columns = re.findall(r"(\w+) string", partitions[1])
    folder = looks.folder_of(*(f"${{{name}}}" for name in columns))
    assert f"s3://WORK_BUCKET/{folder}'" in TABLE
    [types] = re.findall(r"'projection.resource_type.values' = '(.*?)'", TABLE)
    assert set(types.split(",")) <= set(names())
