"""A region with a GuardDuty detector that is suspended."""

import boto3

from rightstate_cli.simulation.examples import Example


def _create(session: boto3.Session, name: str, policy: str) -> str:
    session.client("guardduty").create_detector(Enable=False)
    return session.client("sts").get_caller_identity()["Account"]


EXAMPLE = Example(
    name="111122223333",
    policy="guardduty-enabled",
    event="UpdateDetector",
    create=_create,
)
