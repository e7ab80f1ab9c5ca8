"""The policies of the account password policy. All seven are settings of one object."""

from collections.abc import Mapping

from rightstate.policy import Parameter, Policy, Reversibility, Risk, Severity
from rightstate.wants import AtLeast, AtMost, Exactly, Want

_ACCEPT_NO_USERS = Parameter(
    default=False,
    why="An account without IAM users has nobody whom the policy could concern; true accepts it as it is.",
)
_AT_NEXT_CHANGE = "None for current passwords: it counts from a user's next change of password."


def _policy(
    name: str,
    aliases: tuple[str, ...],
    title: str,
    security_hub: str,
    prowler: str,
    setting: str,
    want: Want,
    parameters: Mapping[str, Parameter] | None = None,
    side_effects: str = _AT_NEXT_CHANGE,
) -> Policy:
    return Policy(
        id=f"iam-password-policy-{name}",
        aliases=aliases,
        title=title,
        category="AWS - Identity and Access Management",
        risk=Risk.LOCKS_OUT_USERS,
        severity=Severity.MEDIUM,
        wants={setting: want},
        parameters={**(parameters or {}), "accept_no_users": _ACCEPT_NO_USERS},
        compliant_when=("no-users",),
        side_effects=side_effects,
        reversibility=Reversibility.FULLY,
        undo_note="The ledger has the whole password policy as it was, or says that there was none.",
        security_hub=("IAM.7", security_hub),
        prowler=(f"iam_password_policy_{prowler}",),
        config_rules=("IAM_PASSWORD_POLICY",),
        notes="Governs neither the root user nor IAM Identity Center. An account without a password "
        "policy of its own breaks it: AWS's default is 8 characters of three kinds, no expiry, and reuse "
        "allowed. The policy that it gets then keeps the 8 characters; which kinds it asks for is what the "
        "policies enabled for the account say.",
    )


POLICIES = (
    _policy(
        "uppercase",
        ("IAMPasswordUpperCaseLetter", "IAMPasswordUpCaseLetter"),
        "Ensure IAM password policy requires at least one uppercase letter",
        "IAM.11",
        "uppercase",
        "RequireUppercaseCharacters",
        Exactly(value=True),
    ),
    _policy(
        "lowercase",
        ("IAMRequireLowercaseLetter",),
        "Ensure IAM password policy require at least one lowercase letter",
        "IAM.12",
        "lowercase",
        "RequireLowercaseCharacters",
        Exactly(value=True),
    ),
    _policy(
        "symbol",
        ("IAMPasswordRequireSymbols", "IAMPasswordRequiredSymbols"),
        "Ensure IAM password policy require at least one symbol",
        "IAM.13",
        "symbol",
        "RequireSymbols",
        Exactly(value=True),
    ),
    _policy(
        "number",
        ("IAMPasswordRequireNumber", "IAMPasswordRequiredNumber"),
        "Ensure IAM password policy require at least one number",
        "IAM.14",
        "number",
        "RequireNumbers",
        Exactly(value=True),
    ),
    _policy(
        "min-length",
        ("IAMMinPasswordLength",),
        "Ensure IAM password policy requires minimum length of 14 or greater",
        "IAM.15",
        "minimum_length_14",
        "MinimumPasswordLength",
        AtLeast(minimum_from="min_length"),
        {"min_length": Parameter(default=14, minimum=6, maximum=128, why="CIS AWS Foundations 1.8")},
    ),
    _policy(
        "reuse-prevention",
        ("IAMPasswordReusePrevention",),
        "Ensure IAM password policy prevents password reuse",
        "IAM.16",
        "reuse_24",
        "PasswordReusePrevention",
        AtLeast(minimum_from="remember"),
        {"remember": Parameter(default=24, minimum=1, maximum=24, why="CIS AWS Foundations 1.9")},
    ),
    _policy(
        "max-age",
        ("IAMExpirePasswords",),
        "Ensure IAM password policy expires passwords within 90 days or less",
        "IAM.17",
        "expires_passwords_within_90_days_or_less",
        "MaxPasswordAge",
        AtMost(maximum_from="max_age_days"),
        {"max_age_days": Parameter(default=90, minimum=1, maximum=1095, why="The title's 90 days")},
        side_effects="Users whose password is older must change it at their next sign-in. Where expired "
        "passwords are already hard (HardExpiry), they need an administrator; that setting is left alone.",
    ),
)
