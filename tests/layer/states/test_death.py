"""Executions that could not write their own entry of the ledger."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from rightstate.aws.sessions import hub_kept_apart
from rightstate.errors import RightstateError
from rightstate.states import death
from tests.support import endings
from tests.support.emitted import emitted

HUB, MEMBER, REGION = "111122223333", "444455556666", "eu-west-1"
NAME = "e-1_x"
STARTED = 1795424525123
INPUT = {"account": MEMBER, "region": REGION, "resource": "a-bucket", "batch": "b-1", "reason": "audit"}


@pytest.fixture(autouse=True)
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    environment = {
        "LEDGER_TABLE": "ledger",
        "LEDGER_DAYS": "400",
        "GUARDS_TABLE": "guards",
        "STACK": "rightstate",
        "POWERTOOLS_METRICS_NAMESPACE": "Rightstate",
        "POWERTOOLS_SERVICE_NAME": "rightstate",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with mock_aws(), hub_kept_apart(boto3.Session):
        boto3.client("dynamodb").create_table(
            TableName="guards",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": each, "AttributeType": "S"} for each in ("id", "what")],
            KeySchema=[
                {"AttributeName": "id", "KeyType": "HASH"},
                {"AttributeName": "what", "KeyType": "RANGE"},
            ],
        )
        yield boto3.resource("dynamodb").create_table(
            TableName="ledger",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                {"AttributeName": each, "AttributeType": "S"} for each in ("resource", "at", "account")
            ],
            KeySchema=[
                {"AttributeName": "resource", "KeyType": "HASH"},
                {"AttributeName": "at", "KeyType": "RANGE"},
            ],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "account",
                    "KeySchema": [{"AttributeName": "account", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
        )


def ended(status: str = "ABORTED", machine: str = "rightstate-s3-bucket", **changed: Any) -> dict[str, Any]:
    states = f"arn:aws:states:{REGION}:{HUB}"
    detail = {
        "executionArn": f"{states}:execution:{machine}:{NAME}",
        "stateMachineArn": f"{states}:stateMachine:{machine}",
        "name": NAME,
        "status": status,
        "startDate": STARTED,
        "stopDate": STARTED + 90_500,
        "input": json.dumps(INPUT),
        "inputDetails": {"included": True},
        "output": None,
        "outputDetails": None,
        "error": None,
        "cause": None,
        **changed,
    }
    return {"detail-type": "Step Functions Execution Status Change", "source": "aws.states", "detail": detail}


def entries(table: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = table.scan()["Items"]
    return found


def test_an_execution_that_was_aborted_is_recorded_as_died_with_its_resource(table: Any) -> None:
    death.record_death(ended())
    [entry] = entries(table)
    assert entry["resource"] == f"{MEMBER}/{REGION}/s3-bucket/a-bucket"
    assert entry["at"] == f"2026-11-23T09:02:05.123Z#{NAME}"
    assert (entry["outcome"], entry["error"], entry["rule"]) == ("died", "ABORTED", "execution")
    assert (entry["batch"], entry["why"], entry["day"]) == ("b-1", "audit", "2026-11-23")
    assert (entry["seconds"], entry["arn"]) == (90.5, "arn:aws:s3:::a-bucket")
    assert "was aborted" in entry["reason"]
    assert "not known" in entry["reason"]
    assert f"rightstate history '{NAME}' --deployed" in entry["reason"]


def test_an_execution_of_a_stack_whose_name_begins_alike_is_left_to_that_stack(table: Any) -> None:
    death.record_death(ended("FAILED", "rightstate-two-s3-bucket"))
    assert entries(table) == []


def test_a_backfill_that_was_stopped_in_order_has_not_died(table: Any) -> None:
    given = {"batch": "plan-1", "requester": "AIDAEXAMPLE"}
    stopped = ended("ABORTED", "rightstate-backfill", error="Stopped", input=json.dumps(given))
    death.record_death(stopped)
    [entry] = entries(table)
    assert (entry["outcome"], entry["error"], entry["requester"]) == ("stopped", "", "AIDAEXAMPLE")
    assert "rightstate batch show 'plan-1'" in entry["reason"]


@pytest.mark.parametrize(
    ("status", "error", "kept", "said"),
    [
        ("TIMED_OUT", None, "TIMED_OUT", "ran out of time"),
        ("FAILED", "NotRecorded", "NotRecorded", "failed with NotRecorded"),
        ("ABORTED", "stopped by <b>ana</b>", "ABORTED", "was aborted and"),
    ],
)
def test_the_entry_says_how_it_ended(
    table: Any, status: str, error: str | None, kept: str, said: str
) -> None:
    death.record_death(ended(status, error=error, cause="secret"))
    [entry] = entries(table)
    assert entry["error"] == kept
    assert said in entry["reason"]
    assert "secret" not in str(entry)


def test_what_the_execution_has_recorded_itself_stays(table: Any) -> None:
    own = endings.ended(
        "s3-bucket", "a-bucket", account=MEMBER, name=NAME, started="2026-11-23T09:02:05.123Z"
    )
    boto3.client("dynamodb").put_item(TableName="ledger", Item=endings.item(own))
    death.record_death(ended())
    assert [entry["outcome"] for entry in entries(table)] == ["compliant"]


def test_a_death_that_is_told_twice_is_recorded_and_counted_once(
    table: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    death.record_death(ended())
    printed = [line for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    assert emitted("\n".join(printed)) == {"Executions": (["Outcome", "ResourceType", "service"], 1)}
    death.record_death(ended())
    assert "_aws" not in capsys.readouterr().out
    assert len(entries(table)) == 1


@pytest.mark.parametrize(
    ("text", "resource"),
    [
        (None, "?/?/s3-bucket/*"),
        ("not JSON", "?/?/s3-bucket/*"),
        ("[1]", "?/?/s3-bucket/*"),
        ("[" * 100_000, "?/?/s3-bucket/*"),
        (json.dumps({**INPUT, "resource": "../x"}), f"{MEMBER}/{REGION}/s3-bucket/'../x'"),
        (json.dumps({**INPUT, "account": "", "region": "evil/"}), "?/?/s3-bucket/'a-bucket'"),
        (
            json.dumps({"account": MEMBER, "region": REGION, "group": "account"}),
            f"{MEMBER}/{REGION}/s3-bucket/'account'",
        ),
    ],
    ids=lambda given: str(given)[:30],
)
def test_an_input_that_names_no_resource_is_recorded_as_far_as_it_can_be_told(
    table: Any, text: str | None, resource: str
) -> None:
    death.record_death(ended(input=text))
    [entry] = entries(table)
    assert entry["resource"] == resource
    assert ("only in its history" in entry["reason"]) == (text is None)


def test_a_backfill_that_died_is_recorded_for_the_hub_and_is_no_resource_of_its_batch(table: Any) -> None:
    given = json.dumps({"accounts": [MEMBER], "batch": "b-1"})
    death.record_death(ended("FAILED", "rightstate-backfill", input=given, error="States.Runtime"))
    [entry] = entries(table)
    assert entry["resource"] == f"{HUB}/{REGION}/backfill/*"
    assert "batch" not in entry


@pytest.mark.parametrize(
    "event",
    [
        None,
        [],
        "text",
        {},
        {"detail": None},
        {"detail": {}},
        ended("RUNNING"),
        ended(startDate="yesterday"),
        ended(startDate=10**30),
        ended(startDate=-1),
        ended(executionArn="arn:aws:states:x"),
        ended(input={"not": "text"}),
    ],
    ids=lambda event: json.dumps(event)[-40:],
)
def test_an_event_that_is_not_understood_ends_once_and_the_next_good_one_is_recorded(
    table: Any, event: Any
) -> None:
    death.record_death(event)
    assert entries(table) == []
    death.record_death(ended())
    assert len(entries(table)) == 1


_NAMES = "account region resource group batch event reason requester undo policies"


def _objects(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.dictionaries(st.sampled_from(_NAMES.split()) | st.text(max_size=5), inner)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | _objects(inner)
)


@given(given=json_values | _objects(json_values))
def test_whatever_the_input_is_there_is_one_entry(table: Any, given: Any) -> None:
    for each in entries(table):
        table.delete_item(Key={"resource": each["resource"], "at": each["at"]})
    death.record_death(ended(input=json.dumps(given)))
    [entry] = entries(table)
    assert entry["outcome"] == "died"


def test_a_ledger_that_cannot_be_written_is_tried_again_by_lambda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEDGER_TABLE", "no-such-table")
    with pytest.raises(RightstateError):
        death.record_death(ended())
