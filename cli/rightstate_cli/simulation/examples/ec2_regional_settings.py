"""A region where EBS does not encrypt, snapshots may be shared, and new instances answer to IMDSv1."""

import boto3

from rightstate_cli.simulation.examples import Example


def _create(session: boto3.Session, name: str, policy: str) -> str:
    """As every region is at first."""
    return session.client("sts").get_caller_identity()["Account"]


EXAMPLE = Example(
    name="111122223333",
    policy="ec2-ebs-default-encryption",
    event="DisableEbsEncryptionByDefault",
    create=_create,
)
