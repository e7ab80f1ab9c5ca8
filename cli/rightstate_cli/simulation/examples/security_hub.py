"""A region where Security Hub is off, as it is at first."""

import boto3

from rightstate_cli.simulation.examples import Example


def _create(session: boto3.Session, name: str, policy: str) -> str:
    return session.client("sts").get_caller_identity()["Account"]


EXAMPLE = Example(
    name="111122223333",
    policy="security-hub-enabled",
    event="DisableSecurityHub",
    create=_create,
)
