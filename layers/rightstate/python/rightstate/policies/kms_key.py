"""The policies of KMS keys."""

from rightstate.policy import Parameter, Policy, Reversibility, Risk, Severity
from rightstate.wants import AtLeast, Exactly, OneOf

POLICIES = (
    Policy(
        id="kms-key-rotation",
        aliases=("KMSRotationEnabled", "KMSKeyRotation"),
        title="Ensure rotation for customer created CMKs is enabled",
        category="AWS - Key Management",
        risk=Risk.SAFE,
        severity=Severity.MEDIUM,
        wants={
            "KeyRotationEnabled": Exactly(value=True),
            # Any period that KMS takes will do: one that somebody chose is left alone.
            "RotationPeriodInDays": AtLeast(minimum=90, raise_to_from="rotation_period_days"),
        },
        parameters={
            "rotation_period_days": Parameter(
                default=365,
                minimum=90,
                maximum=2560,
                why="KMS's own default. A key whose rotation is already on keeps its period, whatever it is.",
            )
        },
        not_applicable=(
            "aws-managed",
            "not-symmetric",
            "of-an-unknown-kind",
            "imported-material",
            "custom-key-store",
            "replica",
            "disabled",
            "pending-deletion",
            "pending-import",
            "unavailable",
        ),
        side_effects="None for what uses the key: KMS keeps the older key material and decrypts with it as "
        "before. Each of the first two rotations adds about 1 USD a month to the key's price.",
        reversibility=Reversibility.FULLY,
        undo_note="Rotation is switched off again. Key material that was rotated stays.",
        security_hub=("KMS.4",),
        prowler=("kms_cmk_rotation_enabled",),
        config_rules=("CMK_BACKING_KEY_ROTATION_ENABLED",),
        notes="The key's policy has to let IAM policies govern the key (the usual statement for the "
        "account's root), or to name the remediation role; otherwise KMS refuses and the execution says so.",
    ),
    Policy(
        id="kms-key-not-pending-deletion",
        title="Ensure KMS keys are not deleted unintentionally",
        category="AWS - Key Management",
        risk=Risk.IRREVERSIBLE,
        severity=Severity.CRITICAL,
        wants={
            "KeyState": OneOf(
                allowed=(
                    "Creating",
                    "Disabled",
                    "Enabled",
                    "PendingImport",
                    "Unavailable",
                    "Updating",
                ),
                otherwise="Disabled",
            )
        },
        not_applicable=("aws-managed",),
        side_effects="The deletion that somebody scheduled does not take place. The key is charged further, "
        "about 1 USD a month.",
        reversibility=Reversibility.NOT,
        undo_note="Schedule the deletion again. Its waiting period begins anew.",
        security_hub=("KMS.3",),
        prowler=("kms_cmk_not_deleted_unintentionally",),
        notes="The key is Disabled afterwards. Whether to use it again is a decision of its own: `aws kms "
        "enable-key`. Exempt the keys that are to go before you schedule their deletion. An imported key "
        "needs its material again if that has expired. A replica and its primary are two keys.",
    ),
)
