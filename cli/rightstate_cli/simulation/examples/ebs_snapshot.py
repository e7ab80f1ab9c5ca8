"""A snapshot that everybody may restore."""

import boto3

from rightstate_cli.simulation.examples import Example


def _create(session: boto3.Session, name: str, policy: str) -> str:
    ec2 = session.client("ec2")
    volume = ec2.create_volume(AvailabilityZone=f"{session.region_name}a", Size=1)["VolumeId"]
    snapshot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    ec2.modify_snapshot_attribute(
        SnapshotId=snapshot, Attribute="createVolumePermission", OperationType="add", GroupNames=["all"]
    )
    return snapshot


EXAMPLE = Example(
    name="snap-0a1b2c3d4e5f60718",
    policy="ebs-snapshot-not-public",
    event="ModifySnapshotAttribute",
    create=_create,
)
