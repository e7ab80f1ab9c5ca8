"""What the tests know of SNS topics."""

import boto3

from tests.support.answers import Readers, or_error
from tests.support.tags import LISTED
from tests.types import Expected


def _read(session: boto3.Session, name: str) -> Readers:
    sns = session.client("sns")
    account = session.client("sts").get_caller_identity()["Account"]
    arn = f"arn:aws:sns:{session.region_name}:{account}:{name}"
    return {"attributes": or_error(sns.get_topic_attributes, TopicArn=arn)}


EXPECTED = Expected(
    arn="arn:{partition}:sns:{region}:{account}:{id}",
    read=_read,
    tag=lambda session, name, arn: session.client("sns").tag_resource(ResourceArn=arn, Tags=LISTED),
    names={
        "orders": "orders",
        "orders.fifo": "orders.fifo",
        "arn:aws:sns:eu-west-1:111122223333:orders": "orders",
    },
    elsewhere={
        "arn:aws:sns:eu-west-1:999999999999:orders": "account",
        "arn:aws:sns:us-east-1:111122223333:orders": "region",
        "arn:aws-cn:sns:eu-west-1:111122223333:orders": "partition",
    },
    config_id=("arn:aws:sns:{region}:{account}:orders", "orders"),
    also_calls=("kms",),
    read_one_by_one=("sns:GetTopicAttributes",),
    rarely_read={"kms:DescribeKey": "asked about the key before a topic gets it"},
)
