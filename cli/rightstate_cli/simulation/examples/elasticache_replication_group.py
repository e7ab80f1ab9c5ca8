"""A replication group with a replica that nothing promotes, without backups and without upgrades."""

import boto3

from rightstate_cli.simulation.examples import Example


def _create(session: boto3.Session, name: str, policy: str) -> str:
    # AWS takes 40 characters.
    name = name[:40].rstrip("-")
    session.client("elasticache").create_replication_group(
        ReplicationGroupId=name,
        ReplicationGroupDescription="Sessions of the shop",
        Engine="redis",
        EngineVersion="7.1",
        CacheNodeType="cache.t4g.micro",
        NumNodeGroups=1,
        ReplicasPerNodeGroup=1,
        AutomaticFailoverEnabled=False,
        AutoMinorVersionUpgrade=False,
        SnapshotRetentionLimit=0,
    )
    return name


EXAMPLE = Example(
    name="sessions",
    policy="elasticache-automatic-failover",
    event="ModifyReplicationGroup",
    create=_create,
)
