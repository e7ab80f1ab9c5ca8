"""Two snapshots of one name, of a database and of a cluster, that every AWS account may restore."""

from typing import Any

import boto3

from rightstate_cli.simulation.examples import Example

_SHARED_WITH = ["all", "777788889999"]


def _create(session: boto3.Session, name: str, policy: str) -> str:
    rds = session.client("rds")
    snapshot = name.rpartition(":")[2]
    login: dict[str, Any] = {"MasterUsername": "master", "MasterUserPassword": "planted-secret-of-a-database"}
    rds.create_db_instance(
        DBInstanceIdentifier=f"{snapshot}-source",
        Engine="postgres",
        EngineVersion="16.8",
        DBInstanceClass="db.m6g.large",
        AllocatedStorage=20,
        **login,
    )
    rds.create_db_snapshot(DBSnapshotIdentifier=snapshot, DBInstanceIdentifier=f"{snapshot}-source")
    rds.modify_db_snapshot_attribute(
        DBSnapshotIdentifier=snapshot, AttributeName="restore", ValuesToAdd=_SHARED_WITH
    )
    rds.create_db_cluster(
        DBClusterIdentifier=f"{snapshot}-source", Engine="aurora-postgresql", EngineVersion="16.8", **login
    )
    rds.create_db_cluster_snapshot(
        DBClusterSnapshotIdentifier=snapshot, DBClusterIdentifier=f"{snapshot}-source"
    )
    rds.modify_db_cluster_snapshot_attribute(
        DBClusterSnapshotIdentifier=snapshot, AttributeName="restore", ValuesToAdd=_SHARED_WITH
    )
    return f"snapshot:{snapshot}"


EXAMPLE = Example(
    name="snapshot:before-upgrade",
    policy="rds-snapshot-not-public",
    event="ModifyDBSnapshotAttribute",
    recorded=(
        "ModifyDBClusterSnapshotAttribute",
        "ModifyDBSnapshotAttribute",
    ),
    create=_create,
    also=("cluster-snapshot:before-upgrade",),
)
