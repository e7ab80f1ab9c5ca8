"""The policies of EBS snapshots."""

from rightstate.policy import Policy, Reversibility, Risk, Severity
from rightstate.wants import Exactly

POLICIES = (
    Policy(
        id="ebs-snapshot-not-public",
        title="Ensure EBS snapshots are not public",
        category="AWS - Data Protection",
        risk=Risk.BREAKS_ACCESS,
        severity=Severity.CRITICAL,
        wants={"Public": Exactly(value=False)},
        not_applicable=("of-another-account", "encrypted"),
        side_effects="Accounts that are not named in the snapshot's permissions can no longer restore or "
        "copy it. Copies that they have made are theirs.",
        reversibility=Reversibility.FULLY,
        undo_note="It is public again. EC2 refuses that while the region blocks public snapshots.",
        security_hub=("EC2.1",),
        prowler=("ec2_ebs_public_snapshot",),
        config_rules=("EBS_SNAPSHOT_PUBLIC_RESTORABLE_CHECK",),
        notes="Accounts that the snapshot is shared with by their number keep it. The region's block of "
        "public snapshots hides the permission and leaves it in place, so that it is removed all the "
        "same.",
    ),
)
