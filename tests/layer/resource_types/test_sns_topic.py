"""What is read of a topic, what is written, and which policy it has if none of its statements is left."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from rightstate.catalogue import load
from rightstate.errors import CallFailed
from rightstate.models.decision import Outcome, Status
from rightstate.resource_policy import parse, public_statements
from rightstate.resource_type import Resource
from tests.support.cycle import Account, enabled, make, plan, remediate, undo

TOPIC = load("sns-topic")
OWNER = "123456789012"
ARN = f"arn:aws:sns:us-east-1:{OWNER}:orders"
RESOURCE = Resource(account=OWNER, region="us-east-1", id="orders")
PUBLIC = {"Sid": "All", "Effect": "Allow", "Principal": "*", "Action": "sns:Publish", "Resource": ARN}
PARTNER = {**PUBLIC, "Sid": "Partner", "Principal": {"AWS": "arn:aws:iam::444455556666:root"}}


@pytest.fixture
def account() -> Iterator[Account]:
    with mock_aws():
        yield Account()


def create(account: Account, *statements: dict[str, Any]) -> str:
    text = json.dumps({"Version": "2012-10-17", "Statement": statements})
    attributes = {"Attributes": {"Policy": text}} if statements else {}
    account.client("sns").create_topic(Name="orders", **attributes)
    return attribute(account, "Policy")


def attribute(account: Account, name: str) -> str:
    return str(account.client("sns").get_topic_attributes(TopicArn=ARN)["Attributes"].get(name, ""))


def test_a_new_topic_is_not_public(account: Account) -> None:
    create(account)
    assert plan(TOPIC, account, RESOURCE, enabled(TOPIC, "sns-topic-not-public")).calls == ()


def test_public_statements_go_and_an_undo_has_the_text_byte_by_byte(account: Account) -> None:
    before = create(account, PUBLIC, PARTNER)
    decision = remediate(TOPIC, account, RESOURCE, enabled(TOPIC, "sns-topic-not-public"))
    assert json.loads(attribute(account, "Policy"))["Statement"] == [PARTNER]
    make(TOPIC, account, RESOURCE, undo(TOPIC, account, RESOURCE, decision))
    assert attribute(account, "Policy") == before


def test_a_topic_whose_statements_are_all_public_gets_the_policy_of_a_new_one(account: Account) -> None:
    before = create(account, PUBLIC)
    decision = remediate(TOPIC, account, RESOURCE, enabled(TOPIC, "sns-topic-not-public"))
    [statement] = parse(attribute(account, "Policy")).statements
    assert statement.content["Condition"] == {"StringEquals": {"AWS:SourceOwner": OWNER}}
    assert public_statements(parse(attribute(account, "Policy"))) == []
    assert plan(TOPIC, account, RESOURCE, enabled(TOPIC, "sns-topic-not-public")).calls == ()
    make(TOPIC, account, RESOURCE, undo(TOPIC, account, RESOURCE, decision))
    assert attribute(account, "Policy") == before


@pytest.mark.parametrize(
    "condition",
    [{"StringLike": {"sns:Endpoint": "*@example.com"}}, {"StringEquals": {"SNS:Protocol": "https"}}],
    ids=str,
)
def test_subscriptions_that_are_limited_by_endpoint_or_protocol_are_for_a_person_to_decide(
    account: Account, condition: dict[str, Any]
) -> None:
    create(account, {**PUBLIC, "Action": ["SNS:Subscribe"], "Condition": condition})
    decision = plan(TOPIC, account, RESOURCE, enabled(TOPIC, "sns-topic-not-public"))
    assert (decision.calls, decision.verdicts[0].status) == ((), Status.HELD)


def key(account: Account, **parameters: Any) -> str:
    return str(account.client("kms").create_key(**parameters)["KeyMetadata"]["KeyId"])


def test_a_topic_without_a_key_gets_the_one_of_the_settings_and_an_undo_takes_it_off(
    account: Account,
) -> None:
    create(account)
    policies = enabled(TOPIC, "sns-topic-encryption", kms_key_id=key(account))
    decision = remediate(TOPIC, account, RESOURCE, policies)
    assert attribute(account, "KmsMasterKeyId") == policies["sns-topic-encryption"].parameters["kms_key_id"]
    make(TOPIC, account, RESOURCE, undo(TOPIC, account, RESOURCE, decision))
    assert attribute(account, "KmsMasterKeyId") == ""


def test_a_topic_with_another_key_keeps_it(account: Account) -> None:
    create(account)
    account.client("sns").set_topic_attributes(
        TopicArn=ARN, AttributeName="KmsMasterKeyId", AttributeValue="alias/own"
    )
    decision = plan(TOPIC, account, RESOURCE, enabled(TOPIC, "sns-topic-encryption"))
    assert decision.outcome is Outcome.COMPLIANT


@pytest.mark.parametrize("unfit", ["disabled", "asymmetric"])
def test_a_key_that_nobody_could_publish_with_is_refused(account: Account, unfit: str) -> None:
    create(account)
    asymmetric = {"KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT"}
    given = key(account, **(asymmetric if unfit == "asymmetric" else {}))
    if unfit == "disabled":
        account.client("kms").disable_key(KeyId=given)
    with pytest.raises(CallFailed, match="cannot encrypt a topic"):
        remediate(TOPIC, account, RESOURCE, enabled(TOPIC, "sns-topic-encryption", kms_key_id=given))
    assert attribute(account, "KmsMasterKeyId") == ""
