"""A stream without encryption and without metrics of its shards."""

import boto3

from rightstate_cli.simulation.examples import Example


def _create(session: boto3.Session, name: str, policy: str) -> str:
    session.client("kinesis").create_stream(StreamName=name, ShardCount=1)
    return name


EXAMPLE = Example(
    name="clickstream",
    policy="kinesis-server-side-encryption",
    event="StopStreamEncryption",
    recorded=("CreateStream",),
    create=_create,
)
