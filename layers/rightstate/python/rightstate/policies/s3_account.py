"""The policies of the S3 settings of an account."""

from rightstate.policy import Policy, Reversibility, Risk, Severity
from rightstate.wants import Exactly

POLICIES = (
    Policy(
        id="s3-account-block-public-access",
        title="Ensure S3 public access is blocked for the whole account",
        category="AWS - Storage and Databases",
        risk=Risk.BREAKS_ACCESS,
        severity=Severity.HIGH,
        wants={
            "BlockPublicAcls": Exactly(value=True),
            "IgnorePublicAcls": Exactly(value=True),
            "BlockPublicPolicy": Exactly(value=True),
            "RestrictPublicBuckets": Exactly(value=True),
        },
        side_effects="Every public bucket, access point and object of the account stops being public, in all "
        "regions: websites, downloads, and access of other accounts through a public policy.",
        reversibility=Reversibility.FULLY,
        undo_note="The four values as they were are in the ledger.",
        security_hub=("S3.1",),
        prowler=("s3_account_level_public_access_blocks",),
        config_rules=(
            "S3_ACCOUNT_LEVEL_PUBLIC_ACCESS_BLOCKS",
            "S3_ACCOUNT_LEVEL_PUBLIC_ACCESS_BLOCKS_PERIODIC",
        ),
        notes="One setting for all regions. If an S3 policy of AWS Organizations governs the account, S3 "
        "refuses the change, and the execution fails with that reason.",
    ),
)
