"""A database instance without any of the protections, of the engine that a policy is about."""

from typing import Any

import boto3

from rightstate_cli.simulation.examples import Example

_VERSIONS = {
    "mysql": "8.0.42",
    "mariadb": "11.4.5",
    "postgres": "16.8",
    "oracle-ee": "19.0.0.0.ru-2025-01.rur-2025-01.r1",
    "sqlserver-se": "16.00.4165.4.v1",
    "aurora-mysql": "8.0.mysql_aurora.3.08.2",
}
_ENGINES = {"enhanced": "mysql", "oracle": "oracle-ee", "sqlserver": "sqlserver-se", "aurora": "aurora-mysql"}


def engine_of(policy: str) -> str:
    """The engine that an rds-instance policy is about."""
    named = policy.split("-")[1]
    return _ENGINES.get(named, named)


def _create(session: boto3.Session, name: str, policy: str) -> str:
    rds = session.client("rds")
    engine = engine_of(policy)
    own: dict[str, Any]
    if engine == "aurora-mysql":
        rds.create_db_cluster(
            DBClusterIdentifier=f"{name}-cluster",
            Engine=engine,
            EngineVersion=_VERSIONS[engine],
            MasterUsername="master",
            MasterUserPassword="planted-secret-of-a-database",
        )
        own = {"DBClusterIdentifier": f"{name}-cluster"}
    else:
        own = {
            "AllocatedStorage": 20,
            "MasterUsername": "master",
            "MasterUserPassword": "planted-secret-of-a-database",
            # SQL Server allows Multi-AZ only with backups.
            "BackupRetentionPeriod": 1 if policy == "rds-sqlserver-multi-az" else 0,
            "MultiAZ": False,
        }
    if engine == "mysql":
        rds.create_db_parameter_group(
            DBParameterGroupName=f"{name}-mysql8", DBParameterGroupFamily="mysql8.0", Description=name
        )
        own |= {"DBParameterGroupName": f"{name}-mysql8"}
    rds.create_db_instance(
        DBInstanceIdentifier=name,
        Engine=engine,
        EngineVersion=_VERSIONS[engine],
        DBInstanceClass="db.m6g.large" if engine != "aurora-mysql" else "db.r6g.large",
        AutoMinorVersionUpgrade=False,
        PubliclyAccessible=True,
        CopyTagsToSnapshot=False,
        **own,
    )
    return name


EXAMPLE = Example(
    name="orders",
    policy="rds-mysql-deletion-protection",
    event="ModifyDBInstance",
    recorded=(
        "CreateDBInstance",
        "CreateDBInstanceReadReplica",
        "ModifyDBInstance",
        "ModifyDBParameterGroup",
        "RestoreDBInstanceFromDBSnapshot",
        "RestoreDBInstanceFromS3",
        "RestoreDBInstanceToPointInTime",
        "StartDBInstance",
    ),
    create=_create,
    others={
        "ledger": "rds-postgres-deletion-protection",
        "catalogue": "rds-mariadb-deletion-protection",
        "payroll": "rds-oracle-deletion-protection",
        "planning": "rds-sqlserver-deletion-protection",
        "sessions": "rds-aurora-instance-no-public-access",
    },
    words=lambda policy: {"mysql": engine_of(policy)},
)
