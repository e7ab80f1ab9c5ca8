"""What is read of a queue, what is written, and what is left as it is."""

import json
from collections.abc import Iterator

import pytest
from moto import mock_aws

from rightstate.catalogue import load
from rightstate.models.decision import Outcome
from rightstate.resource_type import Place, Resource
from rightstate_cli.simulation import moto_gaps
from tests.support.cycle import Account, enabled, make, plan, remediate, undo

QUEUE = load("sqs-queue")
RESOURCE = Resource(account="123456789012", region="us-east-1", id="invoices")


@pytest.fixture
def account() -> Iterator[Account]:
    with mock_aws(), moto_gaps.fill():
        yield Account()


def create(account: Account, **attributes: str) -> str:
    return str(account.client("sqs").create_queue(QueueName="invoices", Attributes=attributes)["QueueUrl"])


def test_a_queue_without_encryption_gets_sse_sqs_and_keeps_every_other_attribute(account: Account) -> None:
    url = create(account, SqsManagedSseEnabled="false", VisibilityTimeout="77")
    assert remediate(QUEUE, account, RESOURCE, enabled(QUEUE)).outcome is Outcome.REMEDIATED
    attributes = account.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])[
        "Attributes"
    ]
    assert attributes["SqsManagedSseEnabled"] == "true"
    assert attributes["VisibilityTimeout"] == "77"
    assert plan(QUEUE, account, RESOURCE, enabled(QUEUE)).outcome is Outcome.COMPLIANT


def test_a_key_of_the_account_is_used_where_its_settings_name_one(account: Account) -> None:
    url = create(account, SqsManagedSseEnabled="false")
    remediate(QUEUE, account, RESOURCE, enabled(QUEUE, encrypt_with="alias/queues"))
    attributes = account.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])[
        "Attributes"
    ]
    assert attributes["KmsMasterKeyId"] == "alias/queues"


@pytest.mark.parametrize(
    "attributes", [{"SqsManagedSseEnabled": "true"}, {"KmsMasterKeyId": "alias/own"}], ids=str
)
def test_an_encrypted_queue_is_left_alone_however_it_is_encrypted(
    account: Account, attributes: dict[str, str]
) -> None:
    create(account, **attributes)
    account.calls.clear()
    assert remediate(QUEUE, account, RESOURCE, enabled(QUEUE, encrypt_with="alias/other")).calls == ()
    assert account.calls == ["sqs:GetQueueUrl", "sqs:GetQueueAttributes"]


def test_queues_are_listed_by_name(account: Account) -> None:
    create(account)
    assert list(QUEUE.find(account.client, Place(account="123456789012", region="us-east-1"))) == ["invoices"]


ARN = "arn:aws:sqs:us-east-1:123456789012:invoices"
PUBLIC = {"Sid": "All", "Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": ARN}
PARTNER = {**PUBLIC, "Sid": "Partner", "Principal": {"AWS": "444455556666"}}


def policy(account: Account) -> str | None:
    sqs = account.client("sqs")
    url = sqs.get_queue_url(QueueName="invoices")["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"].get("Policy")
    return str(found) if found else None


@pytest.mark.parametrize("statements", [[PUBLIC, PARTNER], [PUBLIC]], ids=["another stays", "none stays"])
def test_public_statements_go_and_an_undo_has_the_text_byte_by_byte(
    account: Account, statements: list[dict[str, object]]
) -> None:
    create(account, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))
    before = policy(account)
    decision = remediate(QUEUE, account, RESOURCE, enabled(QUEUE, "sqs-queue-not-public"))
    left = policy(account)
    assert (json.loads(left)["Statement"] if left else []) == statements[1:]
    make(QUEUE, account, RESOURCE, undo(QUEUE, account, RESOURCE, decision))
    assert policy(account) == before


def test_a_queue_without_a_policy_is_not_public(account: Account) -> None:
    create(account)
    decision = plan(QUEUE, account, RESOURCE, enabled(QUEUE, "sqs-queue-not-public"))
    assert decision.outcome is Outcome.COMPLIANT


def test_encryption_and_policy_are_set_with_one_call(account: Account) -> None:
    create(account, SqsManagedSseEnabled="false", Policy=json.dumps({"Statement": [PUBLIC, PARTNER]}))
    account.calls.clear()
    decision = remediate(QUEUE, account, RESOURCE, enabled(QUEUE))
    assert account.calls.count("sqs:SetQueueAttributes") == 1
    assert plan(QUEUE, account, RESOURCE, enabled(QUEUE)).outcome is Outcome.COMPLIANT
    account.calls.clear()
    make(QUEUE, account, RESOURCE, undo(QUEUE, account, RESOURCE, decision))
    assert account.calls.count("sqs:SetQueueAttributes") == 1
    assert plan(QUEUE, account, RESOURCE, enabled(QUEUE)).changes == decision.changes
