"""What is read of a stream, what is written, and what is left as it is."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.stub import Stubber
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws
from moto.kinesis.models import kinesis_backends

from rightstate.aws.errors import named_errors
from rightstate.catalogue import load
from rightstate.errors import InvalidInput, NotReady, ResourceGone, RightstateError, Throttled
from rightstate.identify import identify
from rightstate.models.decision import Outcome, Status
from rightstate.policies.kinesis_stream import SHARD_LEVEL_METRICS
from rightstate.resource_type import Place, Resource
from tests.support.cycle import Account, enabled, observe, plan, reasons, remediate

STREAM = load("kinesis-stream")
OWNER = "123456789012"
PLACE = Place(account=OWNER, region="us-east-1")
RESOURCE = Resource(**PLACE.model_dump(), id="clickstream")
ARN = f"arn:aws:kinesis:us-east-1:{OWNER}:stream/clickstream"
METRICS, ENCRYPTION = "kinesis-shard-level-metrics", "kinesis-server-side-encryption"
SEVEN = list(SHARD_LEVEL_METRICS)


@pytest.fixture
def account() -> Iterator[Account]:
    with mock_aws():
        made = Account()
        made.client("kinesis").create_stream(StreamName="clickstream", ShardCount=1)
        made.parameters.clear()
        yield made


def described(account: Account) -> dict[str, Any]:
    return dict(account.client("kinesis").describe_stream_summary(StreamARN=ARN)["StreamDescriptionSummary"])


def enable_metrics(account: Account, *metrics: str) -> None:
    account.client("kinesis").enable_enhanced_monitoring(StreamARN=ARN, ShardLevelMetrics=list(metrics))
    account.parameters.clear()


def encrypt(account: Account, key: str) -> None:
    account.client("kinesis").start_stream_encryption(StreamARN=ARN, EncryptionType="KMS", KeyId=key)
    account.parameters.clear()


def set_status(status: str) -> None:
    kinesis_backends[OWNER]["us-east-1"].streams["clickstream"].status = status


def written(account: Account) -> list[tuple[str, dict[str, Any]]]:
    return [(name, given) for name, given in account.parameters if name.startswith(("Start", "Enable"))]


# --- Shard-level metrics ---


def test_a_stream_without_shard_level_metrics_gets_all_seven_by_name_and_keeps_the_rest(
    account: Account,
) -> None:
    before = described(account)
    assert remediate(STREAM, account, RESOURCE, enabled(STREAM, METRICS)).outcome is Outcome.REMEDIATED
    assert written(account) == [("EnableEnhancedMonitoring", {"StreamARN": ARN, "ShardLevelMetrics": SEVEN})]
    after = described(account)
    [monitoring] = after["EnhancedMonitoring"]
    assert sorted(monitoring["ShardLevelMetrics"]) == SEVEN
    assert {**after, "EnhancedMonitoring": before["EnhancedMonitoring"]} == before
    account.parameters.clear()
    assert remediate(STREAM, account, RESOURCE, enabled(STREAM, METRICS)).outcome is Outcome.COMPLIANT
    assert written(account) == []


@pytest.mark.parametrize("present", [SEVEN, ["ALL"], [*SEVEN[1:], "ALL"], SEVEN[::-1]], ids=str)
def test_a_stream_with_all_seven_or_all_of_them_is_left_alone(account: Account, present: list[str]) -> None:
    enable_metrics(account, *present)
    assert remediate(STREAM, account, RESOURCE, enabled(STREAM, METRICS)).outcome is Outcome.COMPLIANT
    assert written(account) == []


@given(
    st.sets(st.sampled_from(SEVEN)),
    st.lists(st.sampled_from(SEVEN), min_size=1, unique=True),
)
@settings(max_examples=25)
def test_the_required_metrics_are_added_and_no_other_is_added_or_taken_away(
    present: set[str], required: list[str]
) -> None:
    with mock_aws():
        account = Account()
        account.client("kinesis").create_stream(StreamName="clickstream", ShardCount=1)
        if present:
            enable_metrics(account, *present)
        decision = remediate(STREAM, account, RESOURCE, enabled(STREAM, METRICS, required_metrics=required))
        [monitoring] = described(account)["EnhancedMonitoring"]
        assert set(monitoring["ShardLevelMetrics"]) == present | set(required)
        assert decision.apply is bool(set(required) - present)


# --- Encryption ---


@pytest.mark.parametrize(
    ("parameters", "key"),
    [({}, "alias/aws/kinesis"), ({"kms_key_id": "alias/streams"}, "alias/streams")],
)
def test_a_stream_without_encryption_is_encrypted_with_the_key_of_the_settings(
    account: Account, parameters: dict[str, str], key: str
) -> None:
    before = described(account)
    policies = enabled(STREAM, ENCRYPTION, **parameters)
    assert remediate(STREAM, account, RESOURCE, policies).outcome is Outcome.REMEDIATED
    assert written(account) == [
        ("StartStreamEncryption", {"StreamARN": ARN, "EncryptionType": "KMS", "KeyId": key})
    ]
    assert described(account) == {**before, "EncryptionType": "KMS", "KeyId": key}
    account.parameters.clear()
    assert remediate(STREAM, account, RESOURCE, policies).outcome is Outcome.COMPLIANT
    assert written(account) == []


def test_an_encrypted_stream_keeps_its_key(account: Account) -> None:
    encrypt(account, "alias/own")
    assert remediate(STREAM, account, RESOURCE, enabled(STREAM, ENCRYPTION)).outcome is Outcome.COMPLIANT
    assert written(account) == []


def test_a_stream_that_says_nothing_of_encryption_has_none(account: Account) -> None:
    summary = described(account) | {"EnhancedMonitoring": [{}]}
    del summary["EncryptionType"]
    with Stubber(account.client("kinesis")) as stubber:
        stubber.add_response(
            "describe_stream_summary", {"StreamDescriptionSummary": summary}, {"StreamARN": ARN}
        )
        observed = observe(STREAM, account, RESOURCE, enabled(STREAM, ENCRYPTION))
    assert observed == {"StreamStatus": "ACTIVE", "Encryption": "none"}


# --- Both ---


def test_both_policies_read_once_and_make_a_call_each(account: Account) -> None:
    account.calls.clear()
    decision = plan(STREAM, account, RESOURCE, enabled(STREAM))
    assert account.calls == ["kinesis:DescribeStreamSummary"]
    assert [call.operation for call in decision.calls] == [
        "StartStreamEncryption",
        "EnableEnhancedMonitoring",
    ]


def test_what_is_there_already_when_apply_is_tried_again_is_not_written_again(account: Account) -> None:
    decision = plan(STREAM, account, RESOURCE, enabled(STREAM))
    encryption, metrics = decision.calls
    by_setting = {change.setting: [change] for change in decision.changes}
    encrypt(account, "alias/set-by-somebody-else")
    STREAM.apply(account.client, RESOURCE, encryption, by_setting["Encryption"])
    assert written(account) == []
    STREAM.apply(account.client, RESOURCE, metrics, by_setting["ShardLevelMetrics"])
    assert [name for name, _ in written(account)] == ["EnableEnhancedMonitoring"]
    assert described(account)["KeyId"] == "alias/set-by-somebody-else"


# --- Waiting ---


@pytest.mark.parametrize("status", ["CREATING", "UPDATING"])
def test_a_stream_that_is_not_active_is_waited_for(account: Account, status: str) -> None:
    set_status(status)
    assert status in str(STREAM.busy(observe(STREAM, account, RESOURCE, enabled(STREAM))))
    set_status("ACTIVE")
    assert STREAM.busy(observe(STREAM, account, RESOURCE, enabled(STREAM))) is None


def test_a_stream_that_is_being_deleted_is_neither_waited_for_nor_written(account: Account) -> None:
    set_status("DELETING")
    assert STREAM.busy(observe(STREAM, account, RESOURCE, enabled(STREAM))) is None
    decision = remediate(STREAM, account, RESOURCE, enabled(STREAM))
    assert {verdict.status for verdict in decision.verdicts} == {Status.HELD}
    assert set(reasons(decision)) == {"The stream is being deleted."}
    assert written(account) == []


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("ResourceInUseException", NotReady),
        ("ResourceNotFoundException", ResourceGone),
        ("LimitExceededException", Throttled),
        ("KMSThrottlingException", Throttled),
    ],
)
def test_a_refused_call_says_whether_to_try_again(
    account: Account, code: str, error: type[RightstateError]
) -> None:
    decision = plan(STREAM, account, RESOURCE, enabled(STREAM, ENCRYPTION))
    summary = described(account) | {"EnhancedMonitoring": [{}]}
    with Stubber(account.client("kinesis")) as stubber:
        stubber.add_response("describe_stream_summary", {"StreamDescriptionSummary": summary})
        stubber.add_client_error("start_stream_encryption", code)
        with pytest.raises(error), named_errors(gone=STREAM.gone, busy=STREAM.busy_errors):
            STREAM.apply(account.client, RESOURCE, decision.calls[0], decision.changes)


# --- Listing and names ---


def test_streams_are_listed_page_by_page(account: Account) -> None:
    assert list(STREAM.find(account.client, PLACE)) == ["clickstream"]
    with Stubber(account.client("kinesis")) as stubber:
        for name, more in (
            ("first", {"HasMoreStreams": True, "NextToken": "n"}),
            ("second", {"HasMoreStreams": False}),
        ):
            stubber.add_response("list_streams", {"StreamNames": [name], **more})
        assert list(STREAM.find(account.client, PLACE)) == ["first", "second"]


@pytest.mark.parametrize("given", ["clickstream", "a", "A_b-1.c", "a" * 128, ARN])
def test_a_name_or_an_arn_names_a_stream(given: str) -> None:
    assert identify(STREAM, PLACE, given).id == given.rpartition("/")[2]


@pytest.mark.parametrize("given", ["a" * 129, "a:b", "a/b", f"{ARN}/consumer/x:1", f"{ARN}\n"])
def test_what_kinesis_would_not_take_as_a_name_is_refused(given: str) -> None:
    with pytest.raises(InvalidInput):
        identify(STREAM, PLACE, given)
