"""The policies of Neptune DB clusters."""

from rightstate.policy import Parameter, Policy, Reversibility, Risk, Severity
from rightstate.rds import WITHOUT_OTHERS
from rightstate.wants import AtLeast, Exactly

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
)
