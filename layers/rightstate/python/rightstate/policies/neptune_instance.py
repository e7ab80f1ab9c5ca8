"""The policies of Neptune DB instances."""

from rightstate.policy import Policy, Reversibility, Risk, Severity
from rightstate.services.rds import WITHOUT_OTHERS
from rightstate.wants import Exactly

POLICIES = (
    Policy(
        id="neptune-auto-minor-version-upgrade",
        aliases=("NeptuneAutoMinorVersionUpgrade",),
        title="Ensure Amazon Neptune instances have Auto Minor Version Upgrade feature enabled",
        category="AWS - Business Continuity",
        risk=Risk.SAFE,
        # As AWS rates the same setting of RDS (Security Hub RDS.13).
        severity=Severity.HIGH,
        wants={"AutoMinorVersionUpgrade": Exactly(value=True)},
        scope="neptune",
        not_applicable=("deleting",),
        side_effects="None now. From then on the instance is restarted in its maintenance window when AWS "
        "releases a minor version that it upgrades to.",
        reversibility=Reversibility.FULLY,
        undo_note="It is switched off again.",
        notes=WITHOUT_OTHERS,
    ),
)
