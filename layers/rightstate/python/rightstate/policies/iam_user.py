"""The policies of IAM users' access keys and passwords."""

from rightstate.policy import Parameter, Policy, Reversibility, Risk, Severity
from rightstate.wants import Recent, RecentKeys

_ACCESS = "AWS - Identity and Access Management"
_UNUSED = Parameter(
    default=45,
    minimum=1,
    maximum=3650,
    why="CIS AWS Foundations and Security Hub's IAM.22. 90 is enough for IAM.8.",
)

POLICIES = (
    Policy(
        id="iam-user-access-key-age",
        title="Ensure IAM users' access keys are rotated every 90 days or less",
        category=_ACCESS,
        risk=Risk.BREAKS_ACCESS,
        severity=Severity.MEDIUM,
        wants={"ActiveKeys": RecentKeys(max_age_days_from="max_age_days")},
        parameters={
            "max_age_days": Parameter(
                default=90, minimum=1, maximum=3650, why="CIS AWS Foundations 1.14 and Security Hub's IAM.3."
            ),
            "spare_used_within_days": Parameter(
                default=7,
                minimum=0,
                maximum=3650,
                why="A user with an old key that was used within this number of days is reported, and no "
                "key is switched off. 0 spares nobody.",
            ),
        },
        held_when=("used-lately",),
        side_effects="Programs that use the key fail at once with InvalidClientTokenId.",
        reversibility=Reversibility.FULLY,
        undo_note="The key is active again. It is never deleted.",
        security_hub=("IAM.3",),
        prowler=("iam_rotate_access_key_90_days",),
        config_rules=("ACCESS_KEYS_ROTATED",),
        notes="It makes no new key. Time passes without an event, so that a sweep finds the key. The "
        "user whose own key Rightstate runs with is left alone.",
    ),
    Policy(
        id="iam-user-unused-access-keys",
        title="Ensure IAM users' unused access keys are deactivated",
        category=_ACCESS,
        risk=Risk.BREAKS_ACCESS,
        severity=Severity.MEDIUM,
        wants={"ActiveKeys": RecentKeys(max_unused_days_from="max_unused_days")},
        parameters={"max_unused_days": _UNUSED},
        side_effects="What uses the key once a year fails then, and so may users for emergencies: exempt "
        "them.",
        reversibility=Reversibility.FULLY,
        undo_note="The key is active again. It is never deleted.",
        security_hub=("IAM.8", "IAM.22"),
        prowler=("iam_user_accesskey_unused",),
        config_rules=("IAM_USER_UNUSED_CREDENTIALS_CHECK",),
        notes="A key that was never used counts from the day when it was made. IAM tells the last use "
        "some hours late. A sweep finds the key.",
    ),
    Policy(
        id="iam-user-unused-password",
        title="Ensure IAM users' unused console passwords are removed",
        category=_ACCESS,
        risk=Risk.IRREVERSIBLE,
        severity=Severity.MEDIUM,
        wants={"PasswordUsed": Recent(max_days_from="max_unused_days")},
        parameters={"max_unused_days": _UNUSED},
        side_effects="The user can no longer sign in to the console. MFA devices, access keys and "
        "policies stay, and so does a console session that is open.",
        reversibility=Reversibility.NOT,
        undo_note="A password cannot be read. An administrator gives the user a new one.",
        security_hub=("IAM.8", "IAM.22"),
        prowler=("iam_user_console_access_unused",),
        config_rules=("IAM_USER_UNUSED_CREDENTIALS_CHECK",),
        notes="A password that was never used counts from the day when it was made. A sweep finds it.",
    ),
)
