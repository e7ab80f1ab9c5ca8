"""A key that does not rotate, or that somebody wants to delete."""

import boto3

from rightstate_cli.simulation.examples import Example


def _create(session: boto3.Session, name: str, policy: str) -> str:
    kms = session.client("kms")
    key = str(kms.create_key(Description=name)["KeyMetadata"]["KeyId"])
    if policy == "kms-key-not-pending-deletion":
        kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    return key


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
