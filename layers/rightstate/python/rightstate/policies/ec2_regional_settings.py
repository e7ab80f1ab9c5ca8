"""The policies of EC2's settings of an account in a region."""

from rightstate.policy import Parameter, Policy, Reversibility, Risk, Severity
from rightstate.wants import Exactly, OneOf

_DATA = "AWS - Data Protection"
_STATES = ("block-new-sharing", "block-all-sharing")

POLICIES = (
    Policy(
        id="ec2-ebs-default-encryption",
        title="Ensure EBS encryption by default is on",
        category=_DATA,
        risk=Risk.KEY_COUPLING,
        severity=Severity.MEDIUM,
        wants={"EbsEncryptionByDefault": Exactly(value=True)},
        side_effects="New volumes and copies of snapshots are encrypted with the default key of the "
        "region, which stays as it is. Instance types without EBS encryption cannot be launched. A "
        "snapshot under the key aws/ebs cannot be shared with another account. Roles that launch "
        "instances need rights to a key of your own.",
        reversibility=Reversibility.PARTLY,
        undo_note="It is off again. Volumes that were made meanwhile stay encrypted.",
        security_hub=("EC2.7",),
        prowler=("ec2_ebs_default_encryption",),
        config_rules=("EC2_EBS_ENCRYPTION_BY_DEFAULT",),
        notes="Volumes and snapshots that exist already stay as they are.",
    ),
    Policy(
        id="ec2-ebs-snapshot-block-public-access",
        title="Ensure EBS snapshot block public access is on",
        category=_DATA,
        risk=Risk.BREAKS_ACCESS,
        severity=Severity.HIGH,
        wants={
            "SnapshotSharing": OneOf(
                allowed_from="accepted", otherwise_from="state", ranking=("unblocked", *_STATES)
            )
        },
        parameters={
            "accepted": Parameter(
                default=["block-all-sharing"],
                choices=_STATES,
                why="Security Hub asks for block-all-sharing. block-new-sharing keeps public "
                "snapshots public.",
            ),
            "state": Parameter(
                default="block-all-sharing",
                choices=_STATES,
                why="The state to set if the current one is not accepted.",
            ),
        },
        not_applicable=("sharing-by-organization",),
        side_effects="With block-all-sharing, every public snapshot of the region stops being public at "
        "once. Others cannot restore or copy it any more.",
        reversibility=Reversibility.FULLY,
        undo_note="The state as it was is set. Snapshots whose permission still says all are public "
        "again then.",
        security_hub=("EC2.182",),
        prowler=("ec2_ebs_snapshot_account_block_public_access",),
        config_rules=("EBS_SNAPSHOT_BLOCK_PUBLIC_ACCESS",),
        notes="It masks the permission of a snapshot. ebs-snapshot-not-public removes it.",
    ),
    Policy(
        id="ec2-imdsv2-account-default",
        title="Ensure IMDSv2 is the default for new instances of the account",
        category="AWS - Compute",
        risk=Risk.BREAKS_ACCESS,
        severity=Severity.HIGH,
        wants={"HttpTokens": Exactly(value="required")},
        not_applicable=("metadata-by-organization",),
        side_effects="Programs on new instances that use IMDSv1 get no credentials, unless the launch "
        "asks for HttpTokens itself. Instances that run already keep theirs.",
        reversibility=Reversibility.FULLY,
        undo_note="The default as it was, or no-preference, is set.",
        prowler=("ec2_instance_account_imdsv2_enabled",),
        notes="A default and no rule: a launch or its template may ask for something else. "
        "ec2-imdsv2-required is about instances. HttpTokensEnforced, which refuses such launches, is "
        "left as it is.",
    ),
)
