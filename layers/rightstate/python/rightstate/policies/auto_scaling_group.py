"""The policies of Auto Scaling groups."""

from rightstate.policy import Parameter, Policy, Reversibility, Risk, Severity
from rightstate.wants import AtLeast

POLICIES = (
    Policy(
        id="asg-cooldown",
        aliases=("ASGCooldown",),
        title="Ensure Amazon Auto Scaling Groups are utilizing cooldown periods",
        category="AWS - Business Continuity",
        risk=Risk.SAFE,
        # About cost and stability, no control and no check.
        severity=Severity.INFORMATIONAL,
        wants={"DefaultCooldown": AtLeast(minimum=1, raise_to_from="default_cooldown_seconds")},
        parameters={
            "default_cooldown_seconds": Parameter(
                default=300,
                minimum=1,
                why="AWS's own default. It is written only where there is no cooldown; a shorter one stays.",
            )
        },
        not_applicable=("being-deleted", "operated"),
        side_effects="After a simple scaling policy has acted, it acts again only once the cooldown is over.",
        reversibility=Reversibility.FULLY,
        undo_note="The ledger has the cooldown as it was.",
        notes="Only somebody who wrote 0 breaks it. A cooldown delays simple scaling policies and those who "
        "set the capacity with HonorCooldown; for a group that has neither, or that scales by target "
        "tracking, steps, prediction or schedule, it changes nothing.",
    ),
)
