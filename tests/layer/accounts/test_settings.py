"""What is enabled in an account, and that nothing is where that cannot be known."""

import base64
import gzip
import json
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from rightstate import storage
from rightstate.accounts import settings
from rightstate.aws import sessions
from rightstate.catalogue import load
from rightstate.errors import InvalidInput, SettingsUnreadable, Throttled, Unavailable, UnknownAccount
from rightstate.models.settings import Account, Enabled, Exemption
from rightstate.policy import Mode, Parameter
from rightstate.resource_type import ResourceType
from rightstate.storage.dynamodb import serialized
from rightstate_cli.tables import accounts_table

SECRET = "planted-secret"


@pytest.fixture
def table() -> Iterator[Any]:
    environment = {"AWS_DEFAULT_REGION": "eu-west-1", "SETTINGS_TABLE": "settings"}
    with mock_aws(), patch.dict(os.environ, environment), sessions.hub_kept_apart(boto3.Session):
        yield boto3.resource("dynamodb").create_table(
            TableName="settings",
            KeySchema=[{"AttributeName": "account", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "account", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )


def put(**fields: Any) -> None:
    """Write an account's settings as the commands do."""
    account = Account.model_validate({"account": "111122223333", **fields})
    storage.settings().put(settings.as_item(account))


def test_settings_are_read_with_modes_and_parameters(table: Any) -> None:
    put(
        role_arn="arn:aws:iam::111122223333:role/r",
        external_id="x",
        policies={
            "iam-password-policy-min-length": {"mode": "auto", "parameters": {"min_length": 16}},
            "s3-versioning": {"mode": "report"},
        },
    )
    account = settings.read("111122223333")
    assert settings.enabled(account, load("iam-password-policy")) == {
        "iam-password-policy-min-length": Enabled(mode=Mode.AUTO, parameters={"min_length": 16})
    }
    assert settings.enabled(account, load("s3-bucket")) == {"s3-versioning": Enabled(mode=Mode.REPORT)}


def test_a_policy_may_be_named_by_an_alias(table: Any) -> None:
    account = Account(account="111122223333", policies={"S3VersioningEnabled": Enabled(mode=Mode.AUTO)})
    assert set(settings.enabled(account, load("s3-bucket"))) == {"s3-versioning"}


def with_a_log_bucket() -> ResourceType:
    """A type whose policy can do nothing without a value of the account's."""
    passwords = load("iam-password-policy")
    policy = passwords.policies[0]
    bucket = Parameter(example="amzn-s3-demo-logs", pattern="[a-z0-9.-]+", why="The bucket for the logs.")
    needing = policy.model_copy(update={"parameters": {**policy.parameters, "log_bucket": bucket}})
    return replace(passwords, policies=(needing,))


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({}, r"lacks a value.*The bucket for the logs\. Give it.*\.log_bucket=amzn-s3-demo-logs"),
        ({"log_bucket": "With Spaces"}, "'log_bucket' that it does not take, or whose value is out of range"),
        ({"log_bucket": ""}, "'log_bucket' that it does not take, or whose value is out of range"),
        ({"log_bucket": 7}, "'log_bucket' that it does not take, or whose value is out of range"),
        ({"log_bucket": "logs-of-all"}, None),
    ],
)
def test_a_policy_counts_only_once_its_account_gives_what_it_needs(
    given: dict[str, Any], problem: str | None
) -> None:
    resource_type = with_a_log_bucket()
    [policy] = resource_type.policies
    account = Account(
        account="111122223333", policies={policy.id: Enabled(mode=Mode.REPORT, parameters=given)}
    )
    with pytest.raises(SettingsUnreadable, match=problem) if problem else nullcontext():
        assert set(settings.enabled(account, resource_type)) == {policy.id}


def test_a_policy_that_is_off_needs_no_value() -> None:
    resource_type = with_a_log_bucket()
    account = Account(account="111122223333", policies={resource_type.policies[0].id: Enabled(mode=Mode.OFF)})
    assert settings.enabled(account, resource_type) == {}


def test_an_account_without_settings_has_nothing_enabled(table: Any) -> None:
    with pytest.raises(UnknownAccount, match="Nothing was changed"):
        settings.read("999999999999")


def test_a_policy_that_is_not_mentioned_or_off_is_off(table: Any) -> None:
    account = Account(account="111122223333", policies={"s3-versioning": Enabled(mode=Mode.OFF)})
    assert settings.enabled(account, load("s3-bucket")) == {}


def test_a_table_that_cannot_be_read_enables_nothing(table: Any) -> None:
    table.delete()
    with pytest.raises(SettingsUnreadable, match="ResourceNotFoundException"):
        settings.read("111122223333")


@pytest.mark.parametrize(
    ("error", "status", "raised"),
    [
        ("ProvisionedThroughputExceededException", 400, Throttled),
        ("ThrottlingException", 400, Throttled),
        ("RequestLimitExceeded", 400, Throttled),
        ("InternalServerError", 500, Unavailable),
        ("ServiceUnavailable", 503, Unavailable),
        ("AccessDeniedException", 400, SettingsUnreadable),
        ("ResourceNotFoundException", 400, SettingsUnreadable),
    ],
)
def test_only_what_a_later_try_may_read_is_an_error_that_is_tried_again(
    table: Any, error: str, status: int, raised: type[Exception]
) -> None:
    with Stubber(sessions.hub_client("dynamodb")) as stub:
        stub.add_client_error("get_item", error, http_status_code=status)
        with pytest.raises(raised, match=error):
            settings.read("111122223333")


def exemption(number: int) -> Exemption:
    return Exemption(
        id=f"ex-{number:08x}",
        policies=("s3-versioning",),
        resource=f"eu-west-1/s3-bucket/orders-{uuid.UUID(int=number * 0x9E3779B97F4A7C15 % 2**128).hex}",
        reason=f"Legacy import, ends with project {number}",
        approver="ana@example.com",
        by="arn:aws:sts::111122223333:assumed-role/admin/ben@example.com",
        created="2026-11-01T08:00:00Z",
        until="2027-01-31T23:59:59Z",
    )


@pytest.mark.parametrize("count", [0, 1, 20, 21, 1000])
def test_settings_are_read_as_they_were_written(table: Any, count: int) -> None:
    written = Account(account="111122223333", exemptions=tuple(map(exemption, range(count))))
    put(**dict(written))
    assert settings.read("111122223333") == written


def test_a_thousand_exemptions_cost_an_execution_a_tenth_of_what_the_item_may_have(table: Any) -> None:
    """A strong read costs a unit for each 4 KB, and DynamoDB gives 3,000 a second for an item's key."""
    written = Account(account="111122223333", exemptions=tuple(map(exemption, range(1000))))
    put(**dict(written))
    answer = boto3.client("dynamodb").get_item(
        TableName="settings", Key={"account": {"S": "111122223333"}}, ReturnConsumedCapacity="TOTAL"
    )
    assert len(answer["Item"]["packed_exemptions"]["S"]) < 40_000


def test_exemptions_that_are_not_packed_count_beside_those_that_are(table: Any) -> None:
    """Those of an earlier version, and those that somebody has written by hand."""
    packed = Account(account="111122223333", exemptions=tuple(map(exemption, range(1, 30))))
    by_hand = settings.as_item(packed.model_copy(update={"exemptions": (exemption(0),)}))
    item = {**settings.as_item(packed), "exemptions": by_hand["exemptions"]}
    boto3.client("dynamodb").put_item(TableName="settings", Item=serialized(item))
    assert settings.read("111122223333").exemptions == tuple(map(exemption, range(30)))


def test_exemptions_that_an_earlier_version_has_packed_into_bytes_are_read(table: Any) -> None:
    written = Account(account="111122223333", exemptions=tuple(map(exemption, range(30))))
    item = settings.as_item(written)
    table.put_item(Item={**item, "packed_exemptions": base64.b64decode(item["packed_exemptions"])})
    assert settings.read("111122223333") == written


@pytest.mark.parametrize("stored", [bytes, lambda packed: base64.b64encode(packed).decode()], ids=["B", "S"])
@pytest.mark.parametrize(
    "packed",
    [
        b"no gzip",
        gzip.compress(b"no JSON"),
        gzip.compress(b"[]")[:-4],
        gzip.compress(b'{"id": "x"}'),
        gzip.compress(json.dumps([{"id": SECRET}]).encode()),
        gzip.compress(b"[" * 100_000),
        gzip.compress(b"[" + b" " * 20_000_000 + b"]"),
    ],
    ids=["no gzip", "no JSON", "cut off", "no list", "no exemption", "nested deeply", "too long"],
)
def test_packed_exemptions_that_are_not_understood_enable_nothing(
    table: Any, packed: bytes, stored: Callable[[bytes], Any]
) -> None:
    table.put_item(Item={"account": "111122223333", "packed_exemptions": stored(packed)})
    with pytest.raises(SettingsUnreadable, match="Nothing was changed") as unreadable:
        settings.read("111122223333")
    assert SECRET not in str(unreadable.value)


def test_settings_that_the_table_cannot_keep_are_refused_before_they_are_written() -> None:
    def item(letters: int) -> dict[str, Any]:
        return {"account": {"S": "111122223333"}, "name": {"S": "x" * letters}}

    names = len("account") + 12 + len("name")
    accounts_table.check_size("111122223333", item(400 * 1024 - names))
    with pytest.raises(InvalidInput, match="Nothing was changed"):
        accounts_table.check_size("111122223333", item(400 * 1024 - names + 1))


START = datetime(2026, 11, 26, 8, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("started", "asks", "name"),
    [
        (-1, 4.9, "before"),
        (0, 4.9, "before"),
        # Not older than five seconds,
        (-1, 5, "after"),
        # and not older than the execution.
        (0.001, 0.002, "after"),
    ],
)
def test_an_execution_of_a_batch_shares_what_was_read_since_it_started_for_a_few_seconds(
    table: Any, monkeypatch: pytest.MonkeyPatch, started: float, asks: float, name: str
) -> None:
    clock = iter([at(0), at(asks)])
    monkeypatch.setattr(settings, "_now", lambda: next(clock))
    put(name="before")
    assert settings.read_shared("111122223333", at(-2)).name == "before"
    put(name="after")
    assert settings.read_shared("111122223333", at(started)).name == name


def test_what_is_shared_does_not_grow_without_end(table: Any) -> None:
    for number in range(100):
        put(account=f"{number:012}")
        settings.read_shared(f"{number:012}", START)
    assert len(settings._shared) <= 16


@pytest.mark.parametrize(
    "item",
    [
        {"policies": SECRET},
        {"policies": {"s3-versioning": {"mode": SECRET}}},
        {"policies": {"s3-versioning": {}}},
        {"unknown": SECRET},
    ],
    ids=str,
)
def test_settings_that_are_not_understood_enable_nothing(table: Any, item: dict[str, Any]) -> None:
    table.put_item(Item={"account": "111122223333", **item})
    with pytest.raises(SettingsUnreadable, match="Nothing was changed") as unreadable:
        settings.read("111122223333")
    assert SECRET not in str(unreadable.value)


@pytest.mark.parametrize(
    ("policy", "parameters"),
    [
        ("iam-password-policy-min-length", {"min_length": 5}),
        ("iam-password-policy-min-length", {"min_length": 129}),
        ("iam-password-policy-min-length", {"min_length": True}),
        ("iam-password-policy-min-length", {"min_length": "14"}),
        ("iam-password-policy-min-length", {"length": 14}),
        ("iam-password-policy-max-age", {"max_age_days": 0}),
        ("iam-password-policy-max-age", {"accept_no_users": "yes"}),
    ],
    ids=str,
)
def test_a_parameter_out_of_range_enables_nothing(policy: str, parameters: dict[str, Any]) -> None:
    account = Account(
        account="111122223333", policies={policy: Enabled(mode=Mode.AUTO, parameters=parameters)}
    )
    with pytest.raises(SettingsUnreadable, match="Nothing was changed"):
        settings.enabled(account, load("iam-password-policy"))


@pytest.mark.parametrize(
    "parameters",
    [{"allowed_algorithms": ["aws:kms"]}, {"allowed_algorithms": []}, {"target": "rot13"}],
    ids=str,
)
def test_parameters_that_contradict_each_other_enable_nothing(parameters: dict[str, Any]) -> None:
    account = Account(
        account="111122223333",
        policies={"s3-default-encryption": Enabled(mode=Mode.AUTO, parameters=parameters)},
    )
    with pytest.raises(SettingsUnreadable, match="Nothing was changed"):
        settings.enabled(account, load("s3-bucket"))


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ({"s3-versionning": Mode.AUTO}, "a policy that does not exist: 's3-versionning'"),
        ({"s3-versioning": Mode.OFF, "S3VersioningEnabled": Mode.AUTO}, "name policy s3-versioning twice"),
        ({"S3VersioningEnabled": Mode.AUTO, "s3-versioning": Mode.AUTO}, "name policy s3-versioning twice"),
    ],
    ids=str,
)
def test_a_misspelt_policy_and_one_that_is_named_twice_enable_nothing(
    names: dict[str, Mode], said: str
) -> None:
    policies = {name: Enabled(mode=mode) for name, mode in names.items()}
    with pytest.raises(SettingsUnreadable, match=said):
        settings.enabled(Account(account="111122223333", policies=policies), load("s3-bucket"))
