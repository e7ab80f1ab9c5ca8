"""A queue without encryption."""

import boto3

from rightstate_cli.simulation.examples import Example


def _create(session: boto3.Session, name: str, policy: str) -> str:
    session.client("sqs").create_queue(QueueName=name, Attributes={"SqsManagedSseEnabled": "false"})
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
)
