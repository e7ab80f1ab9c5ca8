"""The policies of DynamoDB tables."""

from rightstate.policy import Parameter, Policy, Reversibility, Risk, Severity
from rightstate.wants import AtLeast, Exactly

POLICIES = (
    Policy(
        id="dynamodb-point-in-time-recovery",
        aliases=("DynamoDbContinuousBackup",),
        title="Ensure Amazon DynamoDB tables have continuous backups enabled",
        category="AWS - Storage and Databases",
        risk=Risk.COST,
        severity=Severity.MEDIUM,
        wants={
            "PointInTimeRecoveryStatus": Exactly(value="ENABLED"),
            # Any period that DynamoDB takes will do: one that somebody chose is left alone.
            "RecoveryPeriodInDays": AtLeast(minimum=1, raise_to_from="recovery_period_days"),
        },
        parameters={
            "recovery_period_days": Parameter(
                default=35,
                minimum=1,
                maximum=35,
                why="DynamoDB's own default and the longest. A table that has a period already keeps it; the "
                "price does not depend on it.",
            )
        },
        not_applicable=("deleting", "archived"),
        side_effects="Charged by the table's size, GB and month. No effect on reads and writes.",
        reversibility=Reversibility.PARTLY,
        undo_note="It drops the backups of the recovery window. It needs --consent.",
        security_hub=("DynamoDB.2",),
        prowler=("dynamodb_tables_pitr_enabled",),
        config_rules=("DYNAMODB_PITR_ENABLED",),
        notes="Restored and imported tables begin without it, and each replica of a global table has a "
        "setting of its own. ContinuousBackupsStatus is always ENABLED; that alone restores nothing.",
    ),
    Policy(
        id="dynamodb-deletion-protection",
        title="Ensure Amazon DynamoDB tables have deletion protection enabled",
        category="AWS - Business Continuity",
        risk=Risk.SAFE,
        severity=Severity.MEDIUM,
        wants={"DeletionProtectionEnabled": Exactly(value=True)},
        not_applicable=("deleting", "archived"),
        side_effects="Deleting the table fails, also for a stack that deletes or replaces it, until the "
        "protection is switched off.",
        reversibility=Reversibility.FULLY,
        undo_note="UpdateTable switches it off again.",
        security_hub=("DynamoDB.6",),
        prowler=("dynamodb_table_deletion_protection_enabled",),
        config_rules=("DYNAMODB_TABLE_DELETION_PROTECTION_ENABLED",),
        notes="Restored and imported tables begin without it, and each replica of a global table has a "
        "setting of its own. It keeps nobody from deleting the items.",
    ),
)
