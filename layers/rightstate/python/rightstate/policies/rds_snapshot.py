"""The policies of snapshots of RDS databases and clusters."""

from rightstate.policy import Policy, Reversibility, Risk, Severity
from rightstate.wants import Lacks

POLICIES = (
    Policy(
        id="rds-snapshot-not-public",
        aliases=("RDSSnapshotNoPublicAccess",),
        title="Ensure that Amazon RDS database snapshots are not accessible to all AWS accounts",
        category="AWS - Identity and Access Management",
        risk=Risk.BREAKS_ACCESS,
        severity=Severity.CRITICAL,
        wants={"restore": Lacks(items=("all",))},
        not_applicable=("not-manual", "encrypted"),
        side_effects="Accounts with which the snapshot is not shared by their id can no longer copy or "
        "restore it. Copies that they already have stay theirs.",
        reversibility=Reversibility.FULLY,
        undo_note="The ledger has the accounts that it was shared with.",
        security_hub=("RDS.1",),
        prowler=(
            "rds_snapshots_public_access",
            # Snapshots of these clusters are cluster snapshots of RDS too, with the same attribute.
            "documentdb_cluster_public_snapshot",
            "neptune_cluster_public_snapshot",
        ),
        config_rules=("RDS_SNAPSHOTS_PUBLIC_PROHIBITED",),
        notes="A public snapshot can be copied by anybody from the moment it is made public: fix it first. "
        "Snapshots of Aurora, Multi-AZ, Neptune and DocumentDB clusters are covered too.",
    ),
)
