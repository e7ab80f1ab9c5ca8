"""What the embedded engine's hub keeps, when many executions use it at once."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from rightstate_cli.embedded.engine import Engine, acting_outside
from rightstate_cli.executions import Start

REGION = "us-east-1"


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """One that could reach nothing but its own hub."""
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_SFN"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with acting_outside(REGION) as made:
        yield made


@pytest.fixture
def restless() -> Iterator[None]:
    """Threads that take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_a_table_is_read_while_others_write_to_it(engine: Engine, restless: None) -> None:
    """moto's fails such a read: its items changed while it went through them (A19)."""
    dynamodb, table = engine.client("dynamodb"), engine.resources["LedgerTable"]

    def write(number: int) -> None:
        keys = {"resource": str(number), "at": "x", "day": "today", "execution": f"e-{number}"}
        item = {name: {"S": value} for name, value in keys.items()}
        dynamodb.put_item(TableName=table, Item=item)

    def read(number: int) -> None:
        dynamodb.query(
            TableName=table,
            IndexName="day",
            KeyConditionExpression="#d = :d",
            ExpressionAttributeNames={"#d": "day"},
            ExpressionAttributeValues={":d": {"S": "today"}},
        )

    with ThreadPoolExecutor(8) as pool:
        done = [pool.submit(each, number) for number in range(150) for each in (write, read)]
    assert [each.exception() for each in done if each.exception()] == []
    assert len(engine.ledger()) == 150


def test_a_run_that_was_given_up_leaves_nothing_to_the_next_one(engine: Engine) -> None:
    starts = [Start(resource_type="sqs-queue", input={"account": "no"}) for _ in range(3)]
    next(engine.run(starts))
    assert len(list(engine.run(starts))) == 3
