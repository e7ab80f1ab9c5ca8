"""The canary: which way it goes, what counts as one, and what the self-check makes of it."""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import boto3
import pytest
from moto import mock_aws

from rightstate.aws import sessions
from rightstate.catalogue import load
from rightstate.errors import CallFailed
from rightstate.executions import canary, metrics
from rightstate.executions.triggers import understood
from rightstate.models.start import Execution
from rightstate.models.tasks import StateTask
from rightstate.policy import Mode
from tests.support import endings
from tests.support.template import HUB, REGION, matching

NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)
SCHEDULE = f"arn:aws:scheduler:{REGION}:{HUB}:schedule/default/rightstate-check-self"


def sent(queue: str = "rightstate-verify-1") -> dict[str, Any]:
    """The canary as EventBridge hands it to the rules."""
    entry = canary.entry(HUB, REGION, queue, NOW)
    envelope = {
        "account": HUB,
        "region": REGION,
        "id": "6f0a",
        "time": "2026-11-26T09:00:00Z",
        "version": "0",
    }
    kind = {"source": entry["Source"], "detail-type": entry["DetailType"]}
    return {**envelope, **kind, "resources": [], "detail": json.loads(entry["Detail"])}


def test_one_rule_starts_the_machine_of_queues_with_an_input_that_it_understands() -> None:
    [rule] = matching(sent())
    assert rule.resource_type == canary.TYPE
    started = understood(load(canary.TYPE), rule.input(sent())).start
    assert (started.account, started.region, started.resource) == (HUB, REGION, "rightstate-verify-1")


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, True),
        ({"outcome": "off"}, True),
        ({"outcome": "rejected"}, True),
        ({"resource": f"{canary.NOBODY}/{REGION}/sqs-queue/rightstate-verify-1", "outcome": "failed"}, True),
        ({"outcome": "remediated"}, False),
        ({"outcome": "reported"}, False),
        ({"outcome": "compliant"}, False),
        ({"outcome": "failed"}, False),
        ({"resource": f"{HUB}/{REGION}/sqs-queue/orders"}, False),
        ({"resource": f"{HUB}/{REGION}/s3-bucket/rightstate-verify-1"}, False),
        ({"resource": f"{HUB}/{REGION}/sqs-queue/my-rightstate-verify-1"}, False),
    ],
    ids=str,
)
def test_a_canary_is_a_queue_of_that_name_of_which_nothing_was_found(
    changed: dict[str, str], expected: bool
) -> None:
    entry = {"resource": f"{HUB}/{REGION}/sqs-queue/rightstate-verify-1", "outcome": "gone"}
    assert canary.is_canary({**entry, **changed}) is expected


@pytest.fixture
def table() -> Iterator[Any]:
    environment = {
        "AWS_DEFAULT_REGION": REGION,
        "LEDGER_TABLE": "ledger",
        "LEDGER_DAYS": "1",
        "POWERTOOLS_METRICS_NAMESPACE": "Rightstate",
        "POWERTOOLS_SERVICE_NAME": "rightstate",
    }
    with mock_aws(), patch.dict(os.environ, environment), sessions.hub_kept_apart(boto3.Session):
        boto3.client("dynamodb").create_table(
            TableName="ledger",
            KeySchema=[
                {"AttributeName": "resource", "KeyType": "HASH"},
                {"AttributeName": "at", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": "S"} for name in ("resource", "at")
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        yield boto3.client("dynamodb")


def check(hour: int) -> canary.SelfChecked:
    started = f"2026-11-26T{hour:02}:00:00Z"
    execution = Execution(id="1", name="check-self", started=started, state_machine=SCHEDULE)
    return canary.check_self(StateTask(execution=execution))


def recorded(table: Any, queue: str) -> dict[str, Any]:
    """The canary's entry, as the ledger has it."""
    entry = endings.ended(
        canary.TYPE,
        queue,
        account=HUB,
        region=REGION,
        policies={"sqs-server-side-encryption": Mode.AUTO},
        failed=endings.GONE,
        batch="b",
    )
    table.put_item(TableName="ledger", Item=endings.item(entry))
    [item] = table.scan(TableName="ledger")["Items"]
    found: dict[str, Any] = item
    return found


def test_a_canary_that_was_recorded_is_counted_an_hour_later_and_none_is_counted_without(table: Any) -> None:
    with patch.object(metrics, "add") as added:
        first = check(9)
        assert (first.passed, added.call_count) == (False, 0)
        recorded(table, first.sent)
        assert check(10).passed
        added.assert_called_once()
        assert added.call_args.args[:2] == ("SelfCheckPassed", 1)
        assert not check(11).passed, "the canary of 10 o'clock was lost"


def test_a_canary_is_in_no_index_of_the_ledger(table: Any) -> None:
    item = recorded(table, check(9).sent)
    assert not {"account", "day", "execution", "batch"} & set(item)
    assert "expires" in item


def test_a_bus_that_takes_no_canary_is_an_error(table: Any) -> None:
    refused = {"Entries": [{"ErrorCode": "InternalFailure"}]}
    client = sessions.hub_client("events")
    with (
        patch.object(client, "put_events", return_value=refused),
        pytest.raises(CallFailed, match="Internal"),
    ):
        check(9)
