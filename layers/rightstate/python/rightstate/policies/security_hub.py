"""The policies of Security Hub CSPM."""

from rightstate.policy import Policy, Reversibility, Risk, Severity
from rightstate.wants import Exactly

POLICIES = (
    Policy(
        id="security-hub-enabled",
        title="Ensure Security Hub CSPM is enabled",
        category="AWS - Monitoring",
        risk=Risk.COST,
        severity=Severity.HIGH,
        wants={"Enabled": Exactly(value=True)},
        side_effects="The standards that AWS enables by default begin to check, and Security Hub charges "
        "for each check after 30 days. They need AWS Config to record, which costs too.",
        reversibility=Reversibility.PARTLY,
        undo_note="It is disabled, which needs your consent: AWS deletes its findings and settings after "
        "some time.",
        prowler=("securityhub_enabled",),
        config_rules=("SECURITYHUB_ENABLED",),
        notes="Where the organization configures Security Hub centrally, AWS refuses the call, and the "
        "execution fails with that reason: let the delegated administrator enable it. Security "
        "Hub sends no finding when it is off. Sweeps notice it.",
    ),
)
