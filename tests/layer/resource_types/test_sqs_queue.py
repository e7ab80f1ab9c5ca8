"""What is read of a queue, what is written, and what is left as it is."""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from rightstate.catalogue import load
from rightstate.models.decision import Outcome
from rightstate.resource_type import Place, Resource
from tests.support.cycle import Account, enabled, plan, remediate

QUEUE = load("sqs-queue")
RESOURCE = Resource(account="123456789012", region="us-east-1", id="invoices")


@pytest.fixture
def account() -> Iterator[Account]:
    with mock_aws():
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
