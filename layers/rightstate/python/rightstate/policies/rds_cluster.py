"""The policies of Aurora DB clusters: provisioned ones, and serverless ones by engine."""

from collections.abc import Mapping

from rightstate.policy import Parameter, Policy, Reversibility, Risk, Severity
from rightstate.services.rds import WITHOUT_OTHERS
from rightstate.wants import AtLeast, Exactly, Includes, Want

_BUSINESS_CONTINUITY = "AWS - Business Continuity"
_GOVERNANCE = "AWS - Governance"
_LEGACY = {
    "aurora": "Aurora",
    "aurora-mysql-serverless": "AuroraServerless",
    "aurora-postgres-serverless": "AuroraPostgresServerless",
}
_SCOPE = {"aurora": "aurora-provisioned"}
_SERVERLESS = {
    "aurora-mysql-serverless": "RDS Aurora MySQL Serverless Cluster",
    "aurora-postgres-serverless": "RDS Aurora PostgreSQL Serverless Cluster",
}
_CLUSTERS = {"aurora": "RDS Aurora Cluster"} | _SERVERLESS
_GENERALLY = ("deleting", "global-secondary")


def _each(
    name: str,
    legacy: str,
    title: str,
    clusters: Mapping[str, str],
    *,
    category: str,
    risk: Risk,
    severity: Severity,
    wants: Mapping[str, Want],
    side_effects: str,
    reversibility: Reversibility,
    undo_note: str,
    not_applicable: tuple[str, ...] = _GENERALLY,
    parameters: Mapping[str, Parameter] | None = None,
    security_hub: tuple[str, ...] = (),
    prowler: tuple[str, ...] = (),
    config_rules: tuple[str, ...] = (),
    notes: str = WITHOUT_OTHERS,
) -> tuple[Policy, ...]:
    """The policy for each of the kinds of cluster."""
    return tuple(
        Policy(
            id=f"rds-{kind}-{name}",
            aliases=(f"{_LEGACY[kind]}{legacy}",),
            title=title.format(called),
            category=category,
            risk=risk,
            severity=severity,
            wants=wants,
            parameters=parameters or {},
            scope=_SCOPE.get(kind, kind),
            not_applicable=not_applicable,
            side_effects=side_effects,
            reversibility=reversibility,
            undo_note=undo_note,
            security_hub=security_hub,
            prowler=prowler,
            config_rules=config_rules,
            notes=notes,
        )
        for kind, called in clusters.items()
    )


def _log_exports(kind: str, alias: str, called: str, types: tuple[str, ...], *security_hub: str) -> Policy:
    return Policy(
        id=f"rds-{kind}-log-exports",
        aliases=(alias,) if alias else (),
        title=f"Ensure Log Exports feature is enabled for {called}",
        category="AWS - Audit and Logging",
        risk=Risk.COST,
        severity=Severity.MEDIUM,
        wants={
            "EnabledCloudwatchLogsExports": Includes(
                items_from="required_log_types", offered="ExportableLogTypes"
            )
        },
        parameters={
            "required_log_types": Parameter(
                default=list(types),
                why="Types that the engine does not have are left out, so that one list serves both engines; "
                "those that are exported already stay.",
            )
        },
        scope=_SCOPE.get(kind, kind),
        not_applicable=(*_GENERALLY, "no-such-logs"),
        side_effects="CloudWatch Logs charges for what is sent; a general log can be large, and may hold "
        "values of SQL statements.",
        reversibility=Reversibility.FULLY,
        undo_note="The log types that were added are disabled again.",
        security_hub=security_hub,
        prowler=("rds_cluster_integration_cloudwatch_logs",),
        notes="Sends only what the engine writes: the audit log of Aurora MySQL also needs "
        "server_audit_logging, in the cluster's parameter group.",
    )


def _backups(
    name: str, legacy: str, title: str, clusters: Mapping[str, str], days: int, why: str
) -> tuple[Policy, ...]:
    return _each(
        name,
        legacy,
        title,
        clusters,
        category=_BUSINESS_CONTINUITY,
        risk=Risk.SAFE,
        # As AWS rates too short a retention (Security Hub RDS.50), also where there is no control.
        severity=Severity.MEDIUM,
        wants={
            "BackupRetentionPeriod": AtLeast(
                minimum_from="min_retention_days", raise_to_from="target_retention_days"
            )
        },
        parameters={
            "min_retention_days": Parameter(default=days, minimum=1, maximum=35, why=why),
            "target_retention_days": Parameter(default=7, minimum=1, maximum=35, why="What is set then."),
        },
        not_applicable=(*_GENERALLY, "aws-backup"),
        side_effects="None for the database. Backup storage beyond the size of the cluster is charged.",
        reversibility=Reversibility.PARTLY,
        undo_note="Backups older than the shorter period are deleted. It needs --consent.",
        security_hub=("RDS.50",) if name == "backup-retention" else (),
    )


POLICIES = (
    Policy(
        id="rds-aurora-iam-authentication",
        aliases=("AuroraIAMAuthEnabled",),
        title="Ensure IAM Database Authentication feature is enabled for RDS Aurora Cluster",
        category="AWS - Identity and Access Management",
        risk=Risk.SAFE,
        severity=Severity.MEDIUM,
        wants={"IAMDatabaseAuthenticationEnabled": Exactly(value=True)},
        scope="aurora",
        not_applicable=(*_GENERALLY, "without-iam"),
        side_effects="None for logins that exist: passwords go on working. In PostgreSQL a user who is later "
        "granted rds_iam can no longer sign in with a password.",
        reversibility=Reversibility.FULLY,
        undo_note="It is switched off again.",
        security_hub=("RDS.12",),
        prowler=("rds_cluster_iam_authentication_enabled",),
        config_rules=("RDS_CLUSTER_IAM_AUTHENTICATION_ENABLED",),
        notes=f"Serverless clusters included. {WITHOUT_OTHERS}",
    ),
    _log_exports(
        "aurora-mysql-serverless",
        "CloudwatchLogsExports",
        _SERVERLESS["aurora-mysql-serverless"],
        ("audit", "error", "general", "slowquery"),
        "RDS.34",
    ),
    _log_exports(
        "aurora-postgres-serverless",
        "",
        _SERVERLESS["aurora-postgres-serverless"],
        ("postgresql",),
        "RDS.37",
    ),
    _log_exports(
        "aurora",
        "AuroralogExport",
        "Aurora cluster",
        ("audit", "error", "general", "postgresql", "slowquery"),
        "RDS.34",
        "RDS.37",
    ),
    *_each(
        "deletion-protection",
        "DeleteProtection",
        "Ensure that Deletion Protection feature is enabled for {}",
        _CLUSTERS,
        category="AWS - Data Protection",
        risk=Risk.SAFE,
        severity=Severity.MEDIUM,
        wants={"DeletionProtection": Exactly(value=True)},
        side_effects="None until somebody deletes the cluster, or the CloudFormation stack that it is in: "
        "that fails until the protection is switched off.",
        reversibility=Reversibility.FULLY,
        undo_note="It is switched off again.",
        security_hub=("RDS.7",),
        prowler=("rds_cluster_deletion_protection",),
        config_rules=("RDS_CLUSTER_DELETION_PROTECTION_ENABLED",),
    ),
    *_backups(
        "automated-backups",
        "Backup",
        "Ensure backup retention policy is set for {}",
        {"aurora": "RDS Aurora Cluster"},
        2,
        "Aurora always has backups, of one day at least; fewer days than this count as left at the default.",
    ),
    *_backups(
        "backup-retention",
        "BackupTerm",
        "Ensure that sufficient backup retention period is applied to {}",
        _CLUSTERS,
        7,
        "Fewer days than this break the policy.",
    ),
    *_each(
        "copy-tags-to-snapshots",
        "CopyTagsToSnapshot",
        "Ensure that Copy Tags to Snapshots feature is enabled for {}",
        _CLUSTERS,
        category=_GOVERNANCE,
        risk=Risk.SAFE,
        severity=Severity.LOW,
        wants={"CopyTagsToSnapshot": Exactly(value=True)},
        side_effects="None.",
        reversibility=Reversibility.FULLY,
        undo_note="It is switched off again.",
        security_hub=("RDS.16",),
        prowler=("rds_cluster_copy_tags_to_snapshots",),
    ),
    *_each(
        "auto-pause",
        "ScalingAutoPause",
        "Ensure that AutoPause feature is enabled for {}",
        _SERVERLESS,
        category=_GOVERNANCE,
        risk=Risk.RESTART,
        # About cost, no control and no check.
        severity=Severity.INFORMATIONAL,
        wants={
            "MinCapacity": Exactly(value="0"),
            # Any number of seconds that AWS takes is the owner's choice.
            "SecondsUntilAutoPause": AtLeast(minimum=300, raise_to_from="seconds_until_auto_pause"),
        },
        parameters={
            "seconds_until_auto_pause": Parameter(
                default=300,
                minimum=300,
                maximum=86400,
                why="Seconds without a connection until an instance pauses, where none are set yet.",
            )
        },
        not_applicable=(
            "deleting",
            "global-database",
            "never-pauses",
            "no-serverless-member",
            "provisioned-member",
        ),
        side_effects="The first connection after a pause waits some 15 seconds, after a day 30 or more, and "
        "may time out; jobs that the database schedules itself are skipped while it is paused. A smaller "
        "minimum capacity can also mean a smaller cache and fewer connections.",
        reversibility=Reversibility.FULLY,
        undo_note="The minimum capacity is set as before, which removes the seconds.",
        notes="Saves cost, and protects nothing. An instance also stays awake, which is not checked, while "
        "it has an RDS Proxy, a zero-ETL integration, or logical or binlog replication. Aurora Serverless "
        f"v1, which had a setting of this name, was retired in 2025. {WITHOUT_OTHERS}",
    ),
)
