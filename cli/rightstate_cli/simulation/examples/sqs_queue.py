"""A queue without encryption, and one from which everybody may receive."""

import json

import boto3

from rightstate_cli.simulation.examples import Example

_PUBLIC = "sqs-queue-not-public"


def _create(session: boto3.Session, name: str, policy: str) -> str:
    account = session.client("sts").get_caller_identity()["Account"]
    arn = f"arn:aws:sqs:{session.region_name}:{account}:{name}"
    statements = [
        {
            "Sid": "AnybodyMayReceive",
            "Effect": "Allow",
            "Principal": "*",
            "Action": "sqs:ReceiveMessage",
            "Resource": arn,
        },
        {
            "Sid": "TopicMaySend",
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {
                "ArnEquals": {"aws:SourceArn": f"arn:aws:sns:{session.region_name}:{account}:orders"}
            },
        },
    ]
    attributes = {"SqsManagedSseEnabled": "false"}
    if policy == _PUBLIC:
        attributes["Policy"] = json.dumps({"Version": "2012-10-17", "Statement": statements})
    session.client("sqs").create_queue(QueueName=name, Attributes=attributes)  # type: ignore[arg-type]
    return name


EXAMPLE = Example(
    name="invoices",
    policy="sqs-server-side-encryption",
    event="SetQueueAttributes",
    recorded=(
        "CreateQueue",
        "SetQueueAttributes",
    ),
    create=_create,
    others={"announcements": _PUBLIC},
)
