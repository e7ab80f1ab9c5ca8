"""A topic without a key, to which everybody may publish."""

import json

import boto3

from rightstate_cli.simulation.examples import Example

_KEY = "alias/topics"


def _create(session: boto3.Session, name: str, policy: str) -> str:
    account = session.client("sts").get_caller_identity()["Account"]
    arn = f"arn:aws:sns:{session.region_name}:{account}:{name}"
    statements = [
        {
            "Sid": "AnybodyMayPublish",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": "sns:Publish",
            "Resource": arn,
        },
        {
            "Sid": "AlarmsMayPublish",
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": arn,
        },
    ]
    document = {"Version": "2012-10-17", "Id": "orders", "Statement": statements}
    session.client("sns").create_topic(Name=name, Attributes={"Policy": json.dumps(document)})
    kms = session.client("kms")
    if _KEY not in [each["AliasName"] for each in kms.list_aliases()["Aliases"]]:
        kms.create_alias(AliasName=_KEY, TargetKeyId=kms.create_key()["KeyMetadata"]["KeyId"])
    return name


EXAMPLE = Example(
    name="orders",
    policy="sns-topic-not-public",
    event="SetTopicAttributes",
    create=_create,
)
