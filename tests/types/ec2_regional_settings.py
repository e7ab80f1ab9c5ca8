"""What the tests know of EC2's settings of an account in a region."""

import boto3

from tests.support.answers import Readers
from tests.types import Expected


def _read(session: boto3.Session, account: str) -> Readers:
    ec2 = session.client("ec2")
    return {
        "encryption": lambda: ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"],
        "sharing": lambda: ec2.get_snapshot_block_public_access_state()["State"],
        "metadata": lambda: ec2.get_instance_metadata_defaults()["AccountLevel"],
    }


EXPECTED = Expected(
    arn="*",
    read=_read,
    tag=None,
    names={
        "111122223333": "111122223333",
        "arn:aws:ec2:eu-west-1:111122223333:regional-settings": "111122223333",
    },
    elsewhere={
        "arn:aws:ec2:eu-west-1:999999999999:regional-settings": "account",
        "arn:aws:ec2:us-east-1:111122223333:regional-settings": "region",
    },
    not_in_config="Config has no type for these settings.",
    read_one_by_one=(
        "ec2:GetEbsEncryptionByDefault",
        "ec2:GetInstanceMetadataDefaults",
        "ec2:GetSnapshotBlockPublicAccessState",
    ),
)
