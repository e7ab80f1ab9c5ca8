"""The policies of Secrets Manager secrets."""

from rightstate.policy import Parameter, Policy, Reversibility, Risk, Severity
from rightstate.wants import AtMost, PolicyText

_IDENTITY = "AWS - Identity and Access Management"

POLICIES = (
    Policy(
        id="secret-not-public",
        title="Ensure Secrets Manager secrets are not publicly accessible",
        category=_IDENTITY,
        risk=Risk.BREAKS_ACCESS,
        severity=Severity.HIGH,
        wants={"Policy": PolicyText(public="nothing")},
        not_applicable=("replica", "of-a-service"),
        side_effects="Readers of other accounts that no statement of their own names lose access at once. "
        "Statements that are not public stay.",
        reversibility=Reversibility.FULLY,
        undo_note="The policy's text as it was is in the ledger.",
        prowler=("secretsmanager_not_publicly_accessible",),
        notes="docs/public-policies.md says what is public. Secrets Manager checks the new "
        "policy too (BlockPublicPolicy), and refuses it if it is still public.",
    ),
    Policy(
        id="secret-rotation-enabled",
        title="Ensure Secrets Manager secrets have automatic rotation enabled",
        category=_IDENTITY,
        risk=Risk.BREAKS_ACCESS,
        severity=Severity.MEDIUM,
        wants={"RotationDays": AtMost(maximum_from="max_frequency_days")},
        parameters={
            "max_frequency_days": Parameter(
                default=90,
                minimum=1,
                maximum=365,
                why="Days between two rotations, as Security Hub's control takes them.",
            ),
        },
        not_applicable=("replica", "of-a-service", "no-function", "being-deleted"),
        side_effects="From the next rotation on, clients that keep the old value fail. The rotation function "
        "and its KMS requests are charged.",
        reversibility=Reversibility.FULLY,
        undo_note="That rotation was off, or its schedule, is in the ledger. A rotation that has "
        "happened since stays.",
        security_hub=("SecretsManager.1",),
        prowler=("secretsmanager_automatic_rotation_enabled",),
        config_rules=("SECRETSMANAGER_ROTATION_ENABLED_CHECK",),
        notes="Nothing is rotated at once. Secrets Manager runs the function's testSecret step, and rotates "
        "on schedule. A cron schedule is accepted as it is.",
    ),
)
