"""The ledger as it is read: which index answers, in which order, and what old entries still say."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any

import boto3
import pytest
from moto import mock_aws

from rightstate.clock import written
from rightstate.models.decision import Outcome
from rightstate.policy import Mode
from rightstate.storage.dynamodb import DynamoDBTable
from rightstate.storage.tables import LEDGER
from rightstate_cli.application import sam_template
from rightstate_cli.tables.ledger_table import Entry, Ledger, Query, understood
from tests.support import endings

NOW = datetime.now(UTC)
FIRST, SECOND = "111122223333", "444455556666"
POLICY = "sqs-server-side-encryption"
AUTO = {POLICY: Mode.AUTO}
QUEUE = {"QueueUrl": "https://sqs.eu-west-1.amazonaws.com/111122223333/q", "Encryption": "SSE-SQS"}


class Table:
    """The table of template.yaml, and what it was asked."""

    def __init__(self) -> None:
        declared = sam_template.template()["Resources"]["LedgerTable"]["Properties"]
        self.session = boto3.Session(region_name="us-east-1")
        self.table = self.session.resource("dynamodb").create_table(
            TableName="ledger",
            BillingMode="PAY_PER_REQUEST",
            **{
                each: declared[each]
                for each in ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
            },
        )
        self.asked: list[str] = []
        self.session.events.register("provide-client-params.dynamodb", self._note)
        self.ledger = Ledger(DynamoDBTable(self.session.client("dynamodb"), "ledger", LEDGER))

    def _note(self, params: dict[str, Any], model: Any, **given: Any) -> None:
        self.asked.append(f"{model.name} {params.get('IndexName', '')}".strip())

    def put(self, name: str, ago: timedelta = timedelta(), **ended: Any) -> None:
        """The entry of an execution about a queue, that long ago."""
        about = {"resource_type": "sqs-queue", "resource": "q", "policies": AUTO, "observed": QUEUE}
        entry = endings.ended(**{**about, **ended}, name=name, started=written(NOW - ago))
        # Of a client whose calls are not noted.
        client = boto3.client("dynamodb", region_name="us-east-1")
        client.put_item(TableName="ledger", Item=endings.item(entry))

    def names(self, query: Query) -> list[str]:
        self.asked.clear()
        return [entry.name for entry in self.ledger.entries(query)]


@pytest.fixture
def table() -> Iterator[Table]:
    with mock_aws():
        yield Table()


def test_the_newest_come_first_whichever_index_answers(table: Table) -> None:
    for name, days in {"c": 2, "a": 0, "d": 3, "b": 1}.items():
        table.put(name, ago=timedelta(days=days), batch="backfill")
    since = NOW - timedelta(days=5)
    for query, index in {
        Query(resource=f"{FIRST}/eu-west-1/sqs-queue/q"): "Query",
        Query(account=FIRST): "Query account",
        Query(batch="backfill"): "Query batch",
        Query(since=since): "Query day",
    }.items():
        assert table.names(query) == ["a", "b", "c", "d"], index
        assert index in table.asked
        assert "Scan" not in table.asked


def test_one_execution_is_found_by_its_arn_with_all_that_the_entry_has(table: Table) -> None:
    table.put("a")
    table.put("b", seconds=2.5)
    [entry] = table.ledger.entries(Query(execution=f"{endings.HUB}:rightstate-sqs-queue:b"))
    assert (entry.reason, entry.seconds) == ("Complies with 1 of 1 policies that apply.", 2.5)
    assert table.asked == ["Query execution", "GetItem"]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, "abcd"),
        ({"account": SECOND}, "c"),
        ({"outcomes": frozenset({Outcome.FAILED})}, "b"),
        ({"outcomes": frozenset({Outcome.FAILED, Outcome.COMPLIANT})}, "abcd"),
        ({"policies": frozenset({"s3-versioning"})}, "d"),
        ({"types": frozenset({"s3-bucket"})}, "d"),
        ({"event": endings.EVENT.id}, "b"),
        ({"until": NOW - timedelta(hours=1)}, "bcd"),
        ({"since": NOW - timedelta(hours=1)}, "a"),
        ({"since": NOW - timedelta(hours=30), "until": NOW - timedelta(hours=1)}, "bc"),
        (
            {"account": FIRST, "since": NOW - timedelta(hours=30), "outcomes": frozenset({Outcome.FAILED})},
            "b",
        ),
    ],
)
def test_what_is_wanted_is_found_and_nothing_else(table: Table, wanted: dict[str, Any], found: str) -> None:
    table.put("a")
    broken = {**QUEUE, "Encryption": "none"}
    failed = {"observed": broken, "failed": endings.Failed("Apply"), "event": endings.EVENT}
    table.put("b", ago=timedelta(hours=2), **failed)
    table.put("c", account=SECOND, ago=timedelta(hours=3))
    bucket = {"resource_type": "s3-bucket", "observed": endings.KEPT}
    table.put("d", ago=timedelta(hours=50), **bucket, policies={"s3-versioning": Mode.AUTO})
    since = {"since": NOW - timedelta(days=5)} if "account" not in wanted else {}
    assert "".join(table.names(Query(**{**since, **wanted}))) == found


def test_a_page_is_read_only_when_those_before_it_are_taken(table: Table) -> None:
    for day in range(4):
        table.put(f"day-{day}", ago=timedelta(days=day))
    entries = table.ledger.entries(Query(since=NOW - timedelta(days=10)))
    table.asked.clear()
    assert [entry.name for entry in islice(entries, 2)] == ["day-0", "day-1"]
    # Tomorrow, as clocks differ, today and yesterday.
    assert table.asked == ["Query day"] * 3


def test_without_a_time_no_day_before_the_table_was_made_is_looked_at(table: Table) -> None:
    table.put("a")
    assert table.names(Query()) == ["a"]
    assert table.asked == ["DescribeTable", "Query day", "Query day"]


def test_an_entry_of_the_first_version_says_what_its_key_says() -> None:
    old = {
        "resource": f"{FIRST}/eu-west-1/sqs-queue/a/b",
        "at": "2026-11-25T08:00:00.000Z#name",
        "execution": "arn:aws:states:x:y:execution:m:name",
        "outcome": "reported",
        "verdicts": [
            {"policy": "sqs-server-side-encryption", "mode": "report", "status": "broken", "findings": []}
        ],
    }
    entry = understood(old)
    assert (entry.account, entry.region, entry.resource_type) == (FIRST, "eu-west-1", "sqs-queue")
    assert (entry.identifier, entry.name) == ("a/b", "name")
    assert entry.policies == ("sqs-server-side-encryption",)
    assert entry.started == "2026-11-25T08:00:00.000Z"
    assert entry.seconds is None


@pytest.mark.parametrize(
    "odd",
    [
        {"verdicts": [{"policy": "x", "status": "of the future"}]},
        {"event": {"nothing": "known"}},
        {"changes": "none"},
        {"seconds": "long"},
    ],
)
def test_an_entry_that_is_not_understood_hides_no_other_and_says_what_it_can(odd: dict[str, Any]) -> None:
    known = {"resource": "a/b/c/d", "at": "2026-11-25T08:00:00.000Z#n", "execution": "e:n", "outcome": "x"}
    entry = understood({**known, **odd})
    assert isinstance(entry, Entry)
    assert (entry.resource, entry.outcome, entry.name) == ("a/b/c/d", "x", "n")


def test_numbers_of_dynamodb_are_settings_again() -> None:
    change = {
        "setting": "BackupRetentionPeriod",
        "before": Decimal(1),
        "after": Decimal(7),
        "want": {"kind": "at-least", "minimum": Decimal(7)},
        "policies": ["p"],
    }
    known = {"resource": "a/b/c/d", "at": "t#n", "execution": "e:n", "outcome": "remediated"}
    entry = understood({**known, "changes": [change]})
    assert [(each.before, each.after) for each in entry.changes] == [(1, 7)]
