"""The policies of provisioned Redshift clusters."""

from rightstate.policy import Parameter, Policy, Reversibility, Risk, Severity
from rightstate.wants import AtLeast, Exactly, Present

_STORAGE = "AWS - Storage and Databases"

POLICIES = (
    Policy(
        id="redshift-no-public-access",
        aliases=("RedShiftNotPublic",),
        title="Ensure Redshift clusters are not publicly accessible to minimize security risks",
        category=_STORAGE,
        risk=Risk.BREAKS_ACCESS,
        severity=Severity.CRITICAL,
        wants={"PubliclyAccessible": Exactly(value=False)},
        side_effects="Clients outside the VPC lose the cluster. Everybody else is disconnected for a moment, "
        "because the address of the leader node changes.",
        reversibility=Reversibility.PARTLY,
        undo_note="An Elastic IP that the cluster had is not associated again.",
        security_hub=("Redshift.1",),
        prowler=("redshift_cluster_public_access",),
        config_rules=("REDSHIFT_CLUSTER_PUBLIC_ACCESS_CHECK",),
        notes="New clusters are private unless somebody asks otherwise, since January 2025.",
    ),
    Policy(
        id="redshift-version-upgrade",
        aliases=("RedShiftVersionUpgrade",),
        title="Ensure Version Upgrade is enabled for Redshift clusters to automatically receive upgrades "
        "during the maintenance window",
        category=_STORAGE,
        risk=Risk.SAFE,
        severity=Severity.MEDIUM,
        wants={"AllowVersionUpgrade": Exactly(value=True)},
        side_effects="None at once. A new version of the engine restarts the cluster in its maintenance "
        "window.",
        reversibility=Reversibility.FULLY,
        undo_note="The ledger has the setting as it was. An upgrade that has taken place stays.",
        security_hub=("Redshift.6",),
        prowler=("redshift_cluster_automatic_upgrades",),
        config_rules=("REDSHIFT_CLUSTER_MAINTENANCESETTINGS_CHECK",),
        notes="The cluster's maintenance track is left as it is.",
    ),
    Policy(
        id="redshift-automated-snapshot-retention",
        aliases=("RedShiftAutomatedSnapshot",),
        title="Ensure that retention period is enabled for Amazon Redshift automated snapshots",
        category=_STORAGE,
        risk=Risk.SAFE,
        severity=Severity.MEDIUM,
        wants={
            "AutomatedSnapshotRetentionPeriod": AtLeast(
                minimum_from="min_retention_days", raise_to_from="target_retention_days"
            )
        },
        parameters={
            "min_retention_days": Parameter(
                default=7,
                minimum=1,
                maximum=35,
                why="Security Hub's Redshift.3. The published policy has 1, which finds snapshots that are "
                "switched off and nothing else.",
            ),
            "target_retention_days": Parameter(
                default=7,
                minimum=1,
                maximum=35,
                why="What a shorter retention becomes, or min_retention_days where that is more.",
            ),
        },
        side_effects="Snapshots are kept longer, which may cost storage.",
        reversibility=Reversibility.PARTLY,
        undo_note="Snapshots older than the shorter period are deleted at once. It needs --consent.",
        security_hub=("Redshift.3",),
        prowler=("redshift_cluster_automated_snapshot",),
        config_rules=("REDSHIFT_BACKUP_ENABLED",),
        notes="The published minimum of 1 day can no longer fail: RA3 and RG nodes cannot switch automated "
        "snapshots off, and the node types that could are retired. Hence 7 days here.",
    ),
    Policy(
        id="redshift-audit-logging",
        title="Ensure audit logging is enabled for Redshift clusters",
        category="AWS - Audit and Logging",
        risk=Risk.COST,
        severity=Severity.MEDIUM,
        wants={"LogDestination": Present(otherwise_from="log_destination")},
        parameters={
            "log_destination": Parameter(
                default="cloudwatch",
                pattern=r"cloudwatch|s3://[a-z0-9][a-z0-9.{}-]{1,61}[a-z0-9}](/[A-Za-z0-9_.:/=+@{}-]+)?",
                why="Where logs go that go nowhere yet. cloudwatch needs nothing else. s3://BUCKET/PREFIX "
                "needs a bucket in the cluster's region, whose policy lets redshift.amazonaws.com write.",
            )
        },
        side_effects="Storing the logs of connections and users is charged. Queries are not affected.",
        reversibility=Reversibility.FULLY,
        undo_note="DisableLogging switches it off again. Logs that were written stay.",
        security_hub=("Redshift.4",),
        prowler=("redshift_cluster_audit_logging",),
        config_rules=("REDSHIFT_AUDIT_LOGGING_ENABLED",),
        notes="A destination that a cluster has is kept. To log queries too, add useractivitylog to the log "
        "types, and set enable_user_activity_logging in the cluster's parameter group.",
    ),
)
