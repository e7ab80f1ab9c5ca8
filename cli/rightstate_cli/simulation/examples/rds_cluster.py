"""An Aurora cluster without any of the protections, of the engine and kind that a policy is about."""

from typing import Any

import boto3

from rightstate_cli.simulation.examples import Example

_VERSIONS = {"aurora-mysql": "8.0.mysql_aurora.3.08.2", "aurora-postgresql": "16.8"}


def engine_of(policy: str) -> str:
    """The engine that an rds-cluster policy is about."""
    return "aurora-postgresql" if policy.startswith("rds-aurora-postgres-") else "aurora-mysql"


def _create(session: boto3.Session, name: str, policy: str) -> str:
    rds = session.client("rds")
    engine = engine_of(policy)
    serverless = "-serverless-" in policy
    own: dict[str, Any] = (
        {"ServerlessV2ScalingConfiguration": {"MinCapacity": 0.5, "MaxCapacity": 16}} if serverless else {}
    )
    rds.create_db_cluster(
        DBClusterIdentifier=name,
        Engine=engine,
        EngineVersion=_VERSIONS[engine],
        MasterUsername="master",
        MasterUserPassword="planted-secret-of-a-database",
        BackupRetentionPeriod=1,
        CopyTagsToSnapshot=False,
        DeletionProtection=False,
        **own,
    )
    rds.create_db_instance(
        DBInstanceIdentifier=f"{name}-1",
        DBClusterIdentifier=name,
        Engine=engine,
        DBInstanceClass="db.serverless" if serverless else "db.r6g.large",
    )
    return name


EXAMPLE = Example(
    name="checkout",
    policy="rds-aurora-mysql-serverless-deletion-protection",
    event="ModifyDBCluster",
    recorded=(
        "CreateDBCluster",
        "CreateDBInstance",
        "ModifyDBCluster",
        "RestoreDBClusterFromSnapshot",
        "RestoreDBClusterToPointInTime",
    ),
    create=_create,
    others={
        "reports": "rds-aurora-deletion-protection",
        "search": "rds-aurora-postgres-serverless-deletion-protection",
    },
    words=lambda policy: {"aurora-mysql": engine_of(policy)},
)
