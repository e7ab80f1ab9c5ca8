"""A Neptune instance that AWS does not upgrade by itself, with the cluster that it needs."""

import boto3

from rightstate_cli.simulation.examples import Example


def _create(session: boto3.Session, name: str, policy: str) -> str:
    rds = session.client("rds")
    rds.create_db_cluster(DBClusterIdentifier=f"{name}-cluster", Engine="neptune")
    rds.create_db_instance(
        DBInstanceIdentifier=name,
        DBClusterIdentifier=f"{name}-cluster",
        Engine="neptune",
        DBInstanceClass="db.r6g.large",
        AutoMinorVersionUpgrade=False,
    )
    return name


EXAMPLE = Example(
    name="recommendations",
    policy="neptune-auto-minor-version-upgrade",
    event="ModifyDBInstance",
    recorded=(
        "CreateDBInstance",
        "ModifyDBInstance",
    ),
    create=_create,
)
