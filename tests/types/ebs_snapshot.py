"""What the tests know of EBS snapshots."""

import boto3

from tests.support.answers import Readers, or_error
from tests.support.tags import LISTED
from tests.types import Expected


def _read(session: boto3.Session, name: str) -> Readers:
    ask = session.client("ec2").describe_snapshot_attribute
    return {"permissions": or_error(ask, SnapshotId=name, Attribute="createVolumePermission")}


EXPECTED = Expected(
    arn="arn:{partition}:ec2:{region}::snapshot/{id}",
    read=_read,
    tag=lambda session, name, arn: session.client("ec2").create_tags(Resources=[name], Tags=LISTED),
    names={
        "snap-0a1b2c3d4e5f60718": "snap-0a1b2c3d4e5f60718",
        "snap-1a2b3c4d": "snap-1a2b3c4d",
    },
    elsewhere={"arn:aws:ec2:us-east-1::snapshot/snap-1a2b3c4d": "region"},
    not_in_config="Config records no snapshots.",
    # The list, and that of the public ones.
    listed=0.02,
)
