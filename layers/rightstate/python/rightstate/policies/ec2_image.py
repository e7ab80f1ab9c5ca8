"""The policies of AMIs."""

from rightstate.policy import Policy, Reversibility, Risk, Severity
from rightstate.wants import Exactly

POLICIES = (
    Policy(
        id="ec2-image-not-public",
        title="Ensure AMIs are not public",
        category="AWS - Data Protection",
        risk=Risk.BREAKS_ACCESS,
        severity=Severity.CRITICAL,
        wants={"Public": Exactly(value=False)},
        not_applicable=("of-another-account", "not-available"),
        side_effects="Accounts that are not named in the image's permissions can no longer launch it. "
        "Their instances keep running.",
        reversibility=Reversibility.FULLY,
        undo_note="It is public again. EC2 refuses that while the region blocks public images.",
        prowler=("ec2_ami_public",),
        notes="Accounts and organizations that the image is shared with by name keep it. Its snapshots "
        "have permissions of their own: ebs-snapshot-not-public.",
    ),
)
