"""The policies of Auto Scaling groups."""

from rightstate.policy import Parameter, Policy, Reversibility, Risk, Severity
from rightstate.wants import AtLeast, Includes

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
    Policy(
        id="asg-elb-health-check",
        title="Ensure Auto Scaling groups behind a load balancer use its health checks",
        category="AWS - Business Continuity",
        risk=Risk.RESTART,
        severity=Severity.LOW,
        wants={"HealthCheckTypes": Includes(items=("ELB",))},
        parameters={
            "require_all_healthy": Parameter(
                default=True,
                why="A wrong health check path replaces all instances again and again. So nothing is changed "
                "while a load balancer holds one of them unhealthy; false changes it all the same.",
            )
        },
        not_applicable=("being-deleted", "operated", "no-balancer"),
        held_when=("unhealthy-members",),
        side_effects="From then on the group terminates and replaces instances that a load balancer holds "
        "unhealthy. A grace period of less than 300 seconds becomes 300.",
        reversibility=Reversibility.FULLY,
        undo_note="The health checks and the grace period are set as before. Instances that were replaced "
        "stay replaced.",
        security_hub=("AutoScaling.1",),
        prowler=("autoscaling_group_elb_health_check_enabled",),
        config_rules=("AUTOSCALING_GROUP_ELB_HEALTHCHECK_REQUIRED",),
        notes="Other health checks of the group (EBS, VPC Lattice) stay.",
    ),
)
