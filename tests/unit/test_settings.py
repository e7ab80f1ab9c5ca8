"""What is enabled in an account, and that nothing is where that cannot be known."""

import os
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import boto3
import pytest
from moto import mock_aws

from rightstate import sessions, settings
from rightstate.catalogue import load
from rightstate.errors import SettingsUnreadable, UnknownAccount
from rightstate.models import Account, Enabled
from rightstate.policy import Mode

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


def test_settings_are_read_with_modes_and_parameters(table: Any) -> None:
    table.put_item(
        Item={
            "account": "111122223333",
            "role_arn": "arn:aws:iam::111122223333:role/r",
            "external_id": "x",
            "policies": {
                "iam-password-policy-min-length": {"mode": "auto", "parameters": {"min_length": 16}},
                "s3-versioning": {"mode": "report"},
            },
        }
    )
    account = settings.read("111122223333")
    assert settings.enabled(account, load("iam-password-policy")) == {
        "iam-password-policy-min-length": Enabled(mode=Mode.AUTO, parameters={"min_length": 16})
    }
    assert settings.enabled(account, load("s3-bucket")) == {"s3-versioning": Enabled(mode=Mode.REPORT)}


def test_a_policy_may_be_named_by_an_alias(table: Any) -> None:
    account = Account(account="111122223333", policies={"S3VersioningEnabled": Enabled(mode=Mode.AUTO)})
    assert set(settings.enabled(account, load("s3-bucket"))) == {"s3-versioning"}


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
