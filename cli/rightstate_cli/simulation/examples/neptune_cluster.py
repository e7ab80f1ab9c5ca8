"""A Neptune cluster without any of the protections, whose backups are kept for a day."""

import boto3

from rightstate_cli.simulation.examples import Example


def _create(session: boto3.Session, name: str, policy: str) -> str:
    session.client("rds").create_db_cluster(
        DBClusterIdentifier=name,
        Engine="neptune",
        BackupRetentionPeriod=1,
        CopyTagsToSnapshot=False,
        DeletionProtection=False,
    )
    return name


EXAMPLE = Example(
    name="relations",
    policy="neptune-backup-retention",
    event="ModifyDBCluster",
    recorded=(
        "CreateDBCluster",
        "ModifyDBCluster",
        "RestoreDBClusterFromSnapshot",
        "RestoreDBClusterToPointInTime",
    ),
    create=_create,
)
