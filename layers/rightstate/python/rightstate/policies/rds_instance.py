"""The policies of RDS DB instances, by database engine."""

from collections.abc import Mapping

from rightstate.policy import Parameter, Policy, Reversibility, Risk, Severity
from rightstate.services.rds import WITHOUT_OTHERS
from rightstate.wants import AtLeast, Exactly, Includes, OneOf, Present, Want

_BUSINESS_CONTINUITY = "AWS - Business Continuity"
_DATA_PROTECTION = "AWS - Data Protection"
_LEGACY = {
    "postgres": "SQL",
    "mariadb": "Mariadb",
    "oracle": "Oracle",
    "sqlserver": "SQLServer",
    "aurora-instance": "AuroraInstance",
    "mysql": "MySQL",
}
_PLURAL = {
    "postgres": "RDS PostgreSQL Instances",
    "mariadb": "RDS MariaDB Instances",
    "oracle": "RDS Oracle Instances",
    "sqlserver": "RDS SQL Server Instances",
    "mysql": "RDS MySQL Instances",
}
_MOSTLY_SINGULAR = {
    "postgres": "RDS PostgreSQL Instance",
    "mariadb": "RDS MariaDB Instance",
    "oracle": "RDS Oracle Instances",
    "sqlserver": "RDS SQL Server Instances",
    "mysql": "RDS MySQL Instance",
}
_IN_AURORA = {"aurora-instance": "RDS Aurora SQL Instances"}


def _each(
    name: str,
    legacy: str,
    title: str,
    instances: Mapping[str, str],
    *,
    category: str,
    risk: Risk,
    severity: Severity,
    setting: str,
    want: Want,
    side_effects: str,
    reversibility: Reversibility,
    undo_note: str,
    not_applicable: Mapping[str, tuple[str, ...]] | None = None,
    parameters: Mapping[str, Parameter] | None = None,
    security_hub: tuple[str, ...] = (),
    prowler: tuple[str, ...] = (),
    config_rules: tuple[str, ...] = (),
    notes: str = WITHOUT_OTHERS,
    unlisted: tuple[str, ...] = (),
) -> tuple[Policy, ...]:
    """The policy for each of the engines of `instances`, with the cases that are each engine's own.

    `legacy`: the end of the alias under which each was known; empty for a policy that has none. `unlisted`:
    the engines that the list with these aliases leaves out.
    """
    return tuple(
        Policy(
            id=f"rds-{engine}-{name}",
            aliases=(f"{_LEGACY[engine]}{legacy}",) if legacy and engine not in unlisted else (),
            title=title.format(called),
            category=category,
            risk=risk,
            severity=severity,
            wants={setting: want},
            parameters=parameters or {},
            scope=engine,
            not_applicable=(*_GENERALLY[engine], *(not_applicable or {}).get(engine, ())),
            side_effects=side_effects,
            reversibility=reversibility,
            undo_note=undo_note,
            security_hub=security_hub,
            prowler=prowler,
            config_rules=config_rules,
            notes=notes,
        )
        for engine, called in instances.items()
    )


_GENERALLY = {
    "postgres": ("deleting", "cluster-member"),
    "mysql": ("deleting", "cluster-member"),
    "mariadb": ("deleting",),
    "oracle": ("deleting", "custom"),
    "sqlserver": ("deleting", "custom"),
    "aurora-instance": ("deleting",),
}
_EXEMPT_REPLICAS = Parameter(
    default=True, why="A read replica can be made again from its source; false asks the same of it."
)
_NO_BACKUPS = {
    "postgres": ("read-replica", "old-postgres-replica", "aws-backup"),
    "mysql": ("read-replica", "aws-backup"),
    "mariadb": ("read-replica", "aws-backup"),
    "oracle": ("read-replica", "aws-backup"),
    "sqlserver": ("read-replica", "sqlserver-replica", "aws-backup"),
}


def _backups(
    name: str, legacy: str, title: str, instances: Mapping[str, str], days: int
) -> tuple[Policy, ...]:
    return _each(
        name,
        legacy,
        title,
        instances,
        category=_BUSINESS_CONTINUITY,
        risk=Risk.SAFE,
        severity=Severity.MEDIUM,
        setting="BackupRetentionPeriod",
        want=AtLeast(minimum_from="min_retention_days", raise_to_from="target_retention_days"),
        parameters={
            "min_retention_days": Parameter(
                default=days, minimum=1, maximum=35, why="Fewer days than this break the policy."
            ),
            "target_retention_days": Parameter(
                default=7, minimum=1, maximum=35, why="What is set then; Security Hub RDS.11 asks for 7."
            ),
            "exempt_read_replicas": _EXEMPT_REPLICAS,
        },
        not_applicable=_NO_BACKUPS,
        side_effects="From 0: a first backup is taken at once, which suspends I/O of a Single-AZ instance "
        "briefly, and backup storage is charged. From fewer days: none.",
        reversibility=Reversibility.PARTLY,
        undo_note="Backups older than the shorter period are deleted; a period of 0 deletes all. It needs "
        "--consent.",
        security_hub=("RDS.11",),
        prowler=("rds_instance_backup_enabled",),
        config_rules=("DB_INSTANCE_BACKUP_ENABLED",),
    )


def _log_exports(engine: str, called: str, types: tuple[str, ...], *also: str) -> tuple[Policy, ...]:
    return _each(
        "log-exports",
        "logExport",
        "Ensure Log Exports feature is enabled for {}",
        {engine: called},
        category="AWS - Audit and Logging",
        risk=Risk.COST,
        severity=Severity.MEDIUM,
        setting="EnabledCloudwatchLogsExports",
        want=Includes(items_from="required_log_types", offered="ExportableLogTypes"),
        parameters={
            "required_log_types": Parameter(
                default=list(types),
                why="As Security Hub RDS.9 asks. Types that the engine version cannot export are left out; "
                "those that are exported already stay.",
            )
        },
        side_effects="CloudWatch Logs charges for what is sent; a general log can be large, and may hold "
        "values of SQL statements.",
        reversibility=Reversibility.FULLY,
        undo_note="The log types that were added are disabled again.",
        security_hub=("RDS.9", *also),
        prowler=("rds_instance_integration_cloudwatch_logs",),
        config_rules=("RDS_LOGGING_ENABLED",),
        notes="Sends only what the engine writes: MySQL and MariaDB also need log_output=FILE, and the "
        "parameters and options that switch each log on. Where MySQL has the audit plugin in its option "
        "group, add audit to the log types.",
        unlisted=("postgres", "sqlserver"),
    )


_SMALL_CLASS = ("small-class", "no-performance-insights")
_ONE_PLACE = ("read-replica", "one-zone", "edge-location")

POLICIES = (
    *_each(
        "iam-authentication",
        "IAMAuthEnabled",
        "Ensure IAM Database Authentication feature is enabled for {}",
        {engine: _PLURAL[engine] for engine in ("postgres", "mariadb", "mysql")},
        category="AWS - Identity and Access Management",
        risk=Risk.SAFE,
        severity=Severity.MEDIUM,
        setting="IAMDatabaseAuthenticationEnabled",
        want=Exactly(value=True),
        not_applicable={
            "postgres": ("old-postgres",),
            "mariadb": ("old-mariadb",),
            "mysql": ("old-mysql",),
        },
        side_effects="None for logins that exist: passwords go on working. In PostgreSQL a user who is later "
        "granted rds_iam can no longer sign in with a password.",
        reversibility=Reversibility.FULLY,
        undo_note="It is switched off again.",
        unlisted=("mariadb",),
        security_hub=("RDS.10",),
        prowler=("rds_instance_iam_authentication_enabled",),
        config_rules=("RDS_INSTANCE_IAM_AUTHENTICATION_ENABLED",),
    ),
    *_log_exports("mysql", "RDS MySQL Instance", ("error", "general", "slowquery")),
    *_log_exports("mariadb", "RDS Mariadb Instance", ("audit", "error", "general", "slowquery"), "RDS.42"),
    *_log_exports("oracle", "Oracle instances", ("alert", "audit", "listener", "trace")),
    *_log_exports("postgres", "RDS PostgreSQL Instance", ("postgresql", "upgrade"), "RDS.36"),
    *_log_exports("sqlserver", "RDS SQL Server Instance", ("agent", "error"), "RDS.40"),
    *_each(
        "no-public-access",
        "PrivateInstance",
        "Ensure that public access is not given to {}",
        _MOSTLY_SINGULAR | _IN_AURORA,
        category="AWS - Networking",
        risk=Risk.BREAKS_ACCESS,
        severity=Severity.CRITICAL,
        setting="PubliclyAccessible",
        want=Exactly(value=False),
        side_effects="Clients outside the VPC lose access within minutes, once DNS resolves the endpoint to "
        "the private address.",
        reversibility=Reversibility.PARTLY,
        undo_note="The instance gets another public address than before.",
        security_hub=("RDS.2",),
        prowler=("rds_instance_no_public_access",),
        config_rules=("RDS_INSTANCE_PUBLIC_ACCESS_CHECK",),
        notes="A setting of each instance, in Aurora too.",
    ),
    *_each(
        "deletion-protection",
        "DeletionProtection",
        "Ensure Deletion Protection feature is enabled for {}",
        _PLURAL,
        category=_DATA_PROTECTION,
        risk=Risk.SAFE,
        severity=Severity.LOW,
        setting="DeletionProtection",
        want=Exactly(value=True),
        side_effects="None until somebody deletes the instance, or the CloudFormation stack that it is in: "
        "that fails until the protection is switched off.",
        reversibility=Reversibility.FULLY,
        undo_note="It is switched off again.",
        security_hub=("RDS.8",),
        prowler=("rds_instance_deletion_protection",),
        config_rules=("RDS_INSTANCE_DELETION_PROTECTION_ENABLED",),
    ),
    *_each(
        "performance-insights",
        "PerformanceInsights",
        "Ensure Performance Insights feature is enabled for {}",
        _PLURAL | {"aurora-instance": "Aurora SQL Instances"},
        category=_DATA_PROTECTION,
        risk=Risk.COST,
        # As AWS rates Enhanced Monitoring (Security Hub RDS.6).
        severity=Severity.LOW,
        setting="PerformanceInsightsEnabled",
        want=Exactly(value=True),
        not_applicable={
            "postgres": ("no-performance-insights",),
            "mariadb": _SMALL_CLASS,
            "mysql": _SMALL_CLASS,
            "oracle": ("no-performance-insights",),
            "sqlserver": ("no-performance-insights",),
            "aurora-instance": ("small-aurora-class", "no-performance-insights"),
        },
        side_effects="A little processor and memory. Seven days are kept, which cost nothing; MySQL and "
        "MariaDB gather more once performance_schema has been enabled by a restart.",
        reversibility=Reversibility.PARTLY,
        undo_note="The KMS key that was used at first cannot be changed any more.",
        notes="Part of CloudWatch Database Insights since 2026: what is switched on is its standard mode. "
        "The advanced mode, which is charged, is left as it is.",
    ),
    Policy(
        id="rds-mysql-block-encryption-mode",
        aliases=("MySQLBlockEncryption",),
        title="Ensure that latest block encryption algorithms is used for RDS MySQL Instance",
        category=_DATA_PROTECTION,
        risk=Risk.RESTART,
        # Only what AES_ENCRYPT() writes is concerned; ECB shows patterns of the plain text.
        severity=Severity.MEDIUM,
        wants={"block_encryption_mode": OneOf(allowed=("aes-256-cbc",), otherwise="aes-256-cbc")},
        scope="mysql-8",
        not_applicable=("deleting", "cluster-member", "default-parameter-group", "no-block-encryption-mode"),
        side_effects="HIGH: AES_ENCRYPT() and AES_DECRYPT() use it by default. Values written in the old "
        "mode can no longer be read without naming that mode, and CBC needs an initialization vector. Every "
        "instance that uses the parameter group is concerned.",
        reversibility=Reversibility.FULLY,
        undo_note="The parameter gets its old value, or is reset where it had none.",
        notes="The default of MySQL is aes-128-ecb. A parameter group is shared by instances.",
    ),
    Policy(
        id="rds-mysql-fips-mode",
        aliases=("MySQLEnableFIPS",),
        title="Ensure to enable FIPS standards on the server side for RDS MySQL Instance",
        category=_DATA_PROTECTION,
        risk=Risk.RESTART,
        # A duty of some, no weakness of its own: TLS is as strong without it.
        severity=Severity.LOW,
        wants={"ssl_fips_mode": OneOf(allowed=("1", "ON", "2", "STRICT"), otherwise="1")},
        scope="mysql-8",
        not_applicable=("deleting", "cluster-member", "default-parameter-group", "no-fips-mode"),
        side_effects="Sessions that use algorithms which FIPS does not allow fail. Every instance that uses "
        "the parameter group is concerned.",
        reversibility=Reversibility.FULLY,
        undo_note="The parameter gets its old value, or is reset where it had none.",
        notes="MySQL deprecates the parameter since 8.0.34. A parameter group is shared by instances.",
    ),
    *_each(
        "auto-minor-version-upgrade",
        "VersionUpgrade",
        "Ensure Auto Minor Version Upgrade feature is Enabled for {}",
        _PLURAL | _IN_AURORA,
        category=_BUSINESS_CONTINUITY,
        risk=Risk.SAFE,
        severity=Severity.HIGH,
        setting="AutoMinorVersionUpgrade",
        want=Exactly(value=True),
        side_effects="None now. From then on the instance is restarted in its maintenance window when AWS "
        "releases a minor version that it upgrades to.",
        reversibility=Reversibility.FULLY,
        undo_note="It is switched off again.",
        security_hub=("RDS.13",),
        prowler=("rds_instance_minor_version_upgrade_enabled",),
        config_rules=("RDS_AUTOMATIC_MINOR_VERSION_UPGRADE_ENABLED",),
        notes="Aurora upgrades by itself only where every member of the cluster has it on.",
    ),
    *_backups(
        "automated-backups",
        "Backup",
        "Ensure backup retention policy is set for {}",
        _PLURAL | {"sqlserver": "RDS SQL Server Instance"},
        1,
    ),
    *_backups(
        "backup-retention",
        "BackupTerm",
        "Ensure that sufficient backup retention period is applied to {}",
        _PLURAL,
        7,
    ),
    *_each(
        "multi-az",
        "MultiAZEnabled",
        "Ensure Multi-AZ feature is Enabled for {}",
        _MOSTLY_SINGULAR,
        category=_BUSINESS_CONTINUITY,
        risk=Risk.RESTART,
        severity=Severity.MEDIUM,
        setting="MultiAZ",
        want=Exactly(value=True),
        parameters={"exempt_read_replicas": _EXEMPT_REPLICAS},
        not_applicable={
            **dict.fromkeys(("postgres", "mysql", "mariadb", "oracle"), _ONE_PLACE),
            "sqlserver": (
                *_ONE_PLACE,
                "sqlserver-replica",
                "sqlserver-edition",
                "no-multi-az",
                "sqlserver-without-backups",
            ),
        },
        side_effects="Roughly doubles the price of instance and storage. Writes are slower while the standby "
        "is made, which takes minutes to hours; no outage. Do it outside peak hours.",
        reversibility=Reversibility.FULLY,
        undo_note="The standby is dropped again.",
        security_hub=("RDS.5",),
        prowler=("rds_instance_multi_az",),
        config_rules=("RDS_MULTI_AZ_SUPPORT",),
    ),
    *_each(
        "copy-tags-to-snapshots",
        "CopyTagsToSnapshot",
        "Ensure that Copy Tags to Snapshots feature is enabled for {}",
        _PLURAL,
        category="AWS - Governance",
        risk=Risk.SAFE,
        severity=Severity.LOW,
        setting="CopyTagsToSnapshot",
        want=Exactly(value=True),
        side_effects="None.",
        reversibility=Reversibility.FULLY,
        undo_note="It is switched off again.",
        security_hub=("RDS.17",),
        prowler=("rds_instance_copy_tags_to_snapshots",),
    ),
    Policy(
        id="rds-enhanced-monitoring",
        title="Ensure enhanced monitoring is enabled for RDS instances",
        category="AWS - Monitoring",
        risk=Risk.COST,
        severity=Severity.LOW,
        wants={
            # Any interval that RDS takes will do: one that somebody chose is left alone.
            "MonitoringInterval": AtLeast(minimum=1, raise_to_from="interval"),
            "MonitoringRoleArn": Present(otherwise_from="role_arn"),
        },
        parameters={
            "interval": Parameter(
                default=60,
                minimum=1,
                maximum=60,
                why="Seconds between two measurements: 1, 5, 10, 15, 30 or 60. Fewer cost more. An instance "
                "that is monitored already keeps its interval.",
            ),
            "role_arn": Parameter(
                example="arn:aws:iam::{account}:role/rds-monitoring-role",
                pattern=r"arn:[a-z-]+:iam::[^:]+:role/[A-Za-z0-9+=,.@_/-]+",
                why="The ARN of a role that monitoring.rds.amazonaws.com may assume. It has the policy "
                "AmazonRDSEnhancedMonitoringRole.",
            ),
        },
        scope="any-engine",
        not_applicable=("deleting", "custom", "cluster-member"),
        side_effects="CloudWatch Logs charges for the measurements, in the log group RDSOSMetrics. The "
        "instance is not restarted.",
        reversibility=Reversibility.FULLY,
        undo_note="The interval is set to 0 again. What was measured stays in the log group.",
        security_hub=("RDS.6",),
        prowler=("rds_instance_enhanced_monitoring_enabled",),
        config_rules=("RDS_ENHANCED_MONITORING_ENABLED",),
        notes=f"For all engines. {WITHOUT_OTHERS}",
    ),
)
