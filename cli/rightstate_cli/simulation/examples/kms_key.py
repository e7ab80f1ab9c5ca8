"""A key that does not rotate."""

import boto3

from rightstate_cli.simulation.examples import Example


def _create(session: boto3.Session, name: str, policy: str) -> str:
    return str(session.client("kms").create_key(Description=name)["KeyMetadata"]["KeyId"])


EXAMPLE = Example(
    name="1234abcd-12ab-34cd-56ef-1234567890ab",
    policy="kms-key-rotation",
    event="DisableKeyRotation",
    recorded=(
        "CancelKeyDeletion",
        "CreateKey",
        "DisableKeyRotation",
        "EnableKey",
        "UpdatePrimaryRegion",
    ),
    create=_create,
)
