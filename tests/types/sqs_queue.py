"""What the tests know of SQS queues."""

from typing import Any

import boto3

from tests.support.answers import Readers, or_error
from tests.support.tags import TAGS
from tests.types import Expected


def _read(session: boto3.Session, name: str) -> Readers:
    sqs = session.client("sqs")
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    return {"attributes": or_error(sqs.get_queue_attributes, QueueUrl=url, AttributeNames=["All"])}


def _tag(session: Any, name: str, arn: str) -> None:
    sqs = session.client("sqs")
    sqs.tag_queue(QueueUrl=sqs.get_queue_url(QueueName=name)["QueueUrl"], Tags=TAGS)


EXPECTED = Expected(
    arn="arn:{partition}:sqs:{region}:{account}:{id}",
    read=_read,
    tag=_tag,
    names={
        "invoices": "invoices",
        "Orders": "Orders",
        "invoices.fifo": "invoices.fifo",
        "arn:aws:sqs:eu-west-1:111122223333:invoices": "invoices",
        "https://sqs.eu-west-1.amazonaws.com/111122223333/invoices": "invoices",
        "https://eu-west-1.queue.amazonaws.com/111122223333/invoices": "invoices",
        "https://queue.amazonaws.com/111122223333/invoices": "invoices",
        "http://127.0.0.1:5000/111122223333/invoices": "invoices",
    },
    elsewhere={
        "arn:aws:sqs:eu-west-1:999999999999:invoices": "account",
        "https://sqs.eu-west-1.amazonaws.com/999999999999/invoices": "account",
        "arn:aws:sqs:us-east-1:111122223333:invoices": "region",
        "https://sqs.us-east-1.amazonaws.com/111122223333/invoices": "region",
        "arn:aws-cn:sqs:eu-west-1:111122223333:invoices": "partition",
    },
    config_id=("https://sqs.{region}.amazonaws.com/{account}/invoices", "invoices"),
    read_one_by_one=("sqs:GetQueueAttributes",),
)
