"""The policies of Neptune DB clusters."""

from rightstate.policy import Parameter, Policy, Reversibility, Risk, Severity
from rightstate.services.rds import WITHOUT_OTHERS
from rightstate.wants import AtLeast, Exactly, Includes

POLICIES = (
    Policy(
        id="neptune-iam-authentication",
        aliases=("NeptuneIAMDbAuthEnabled",),
        title="Ensure IAM Database Authentication feature is enabled for Amazon Neptune clusters",
        category="AWS - Identity and Access Management",
        risk=Risk.BREAKS_ACCESS,
        severity=Severity.MEDIUM,
        wants={"IAMDatabaseAuthenticationEnabled": Exactly(value=True)},
        scope="neptune",
        not_applicable=("deleting",),
        side_effects="HIGH: from then on Neptune rejects every request that is not signed (Signature "
        "Version 4). Each client has to sign its requests, and be allowed neptune-db actions, before.",
        reversibility=Reversibility.FULLY,
        undo_note="It is switched off again, and unsigned requests are answered again.",
        security_hub=("Neptune.7",),
        prowler=("neptune_cluster_iam_authentication_enabled",),
        config_rules=("NEPTUNE_CLUSTER_IAM_DATABASE_AUTHENTICATION",),
        notes=f"Unlike in RDS, where passwords go on working. {WITHOUT_OTHERS}",
    ),
    Policy(
        id="neptune-backup-retention",
        aliases=("NeptuneBackupRetention",),
        title="Ensure AWS Neptune clusters have a sufficient backup retention period set for compliance "
        "purposes",
        category="AWS - Business Continuity",
        risk=Risk.SAFE,
        severity=Severity.MEDIUM,
        wants={
            "BackupRetentionPeriod": AtLeast(
                minimum_from="min_retention_days", raise_to_from="target_retention_days"
            )
        },
        parameters={
            "min_retention_days": Parameter(
                default=7, minimum=1, maximum=35, why="Fewer days than this break the policy."
            ),
            "target_retention_days": Parameter(
                default=7, minimum=1, maximum=35, why="What is set then; Security Hub Neptune.5 asks for 7."
            ),
        },
        scope="neptune",
        not_applicable=("deleting", "aws-backup"),
        side_effects="None for the database. Backup storage is charged.",
        reversibility=Reversibility.PARTLY,
        undo_note="Backups older than the shorter period are deleted. It needs --consent.",
        security_hub=("Neptune.5",),
        prowler=("neptune_cluster_backup_enabled",),
        config_rules=("NEPTUNE_CLUSTER_BACKUP_RETENTION_CHECK",),
        notes=WITHOUT_OTHERS,
    ),
    Policy(
        id="neptune-deletion-protection",
        title="Ensure that Deletion Protection feature is enabled for Amazon Neptune clusters",
        category="AWS - Data Protection",
        risk=Risk.SAFE,
        severity=Severity.LOW,
        wants={"DeletionProtection": Exactly(value=True)},
        scope="neptune",
        not_applicable=("deleting",),
        side_effects="None until somebody deletes the cluster, or the CloudFormation stack that it is in: "
        "that fails until the protection is switched off.",
        reversibility=Reversibility.FULLY,
        undo_note="It is switched off again.",
        security_hub=("Neptune.4",),
        prowler=("neptune_cluster_deletion_protection",),
        config_rules=("NEPTUNE_CLUSTER_DELETION_PROTECTION_ENABLED",),
        notes=WITHOUT_OTHERS,
    ),
    Policy(
        id="neptune-copy-tags-to-snapshots",
        title="Ensure that Copy Tags to Snapshots feature is enabled for Amazon Neptune clusters",
        category="AWS - Governance",
        risk=Risk.SAFE,
        severity=Severity.LOW,
        wants={"CopyTagsToSnapshot": Exactly(value=True)},
        scope="neptune",
        not_applicable=("deleting",),
        side_effects="None.",
        reversibility=Reversibility.FULLY,
        undo_note="It is switched off again.",
        security_hub=("Neptune.8",),
        prowler=("neptune_cluster_copy_tags_to_snapshots",),
        config_rules=("NEPTUNE_CLUSTER_COPY_TAGS_TO_SNAPSHOT_ENABLED",),
        notes=WITHOUT_OTHERS,
    ),
    Policy(
        id="neptune-log-exports",
        title="Ensure Log Exports feature is enabled for Amazon Neptune clusters",
        category="AWS - Audit and Logging",
        risk=Risk.COST,
        severity=Severity.MEDIUM,
        wants={"EnabledCloudwatchLogsExports": Includes(items_from="required_log_types")},
        parameters={
            "required_log_types": Parameter(
                default=["audit"],
                choices=("audit", "slowquery"),
                why="As Security Hub Neptune.2 asks. Types that are exported already stay.",
            )
        },
        scope="neptune",
        not_applicable=("deleting",),
        side_effects="CloudWatch Logs charges for what is sent. An audit log holds the queries, and the "
        "values in them.",
        reversibility=Reversibility.FULLY,
        undo_note="The log types that were added are disabled again.",
        security_hub=("Neptune.2",),
        prowler=("neptune_cluster_integration_cloudwatch_logs",),
        config_rules=("NEPTUNE_CLUSTER_CLOUDWATCH_LOG_EXPORT_ENABLED",),
        notes="Sends only what the engine writes. The audit log also needs neptune_enable_audit_log, the "
        "slow query log neptune_enable_slow_query_log, in the cluster's parameter group. Both take effect "
        f"after a reboot. {WITHOUT_OTHERS}",
    ),
)
