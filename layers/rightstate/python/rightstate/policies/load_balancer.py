"""The policies of Application and Network Load Balancers: one setting, enabled for each kind apart."""

from rightstate.policy import Parameter, Policy, Reversibility, Risk, Severity
from rightstate.wants import Exactly


def _deletion_protection(kind: str, alias: str, title: str, other: str) -> Policy:
    return Policy(
        id=f"{kind}-deletion-protection",
        aliases=(alias,),
        title=title,
        category="AWS - Networking",
        risk=Risk.SAFE,
        severity=Severity.MEDIUM,
        wants={"deletion_protection.enabled": Exactly(value=True)},
        parameters={
            "exempt_controlled": Parameter(
                default=True,
                why="A controller (of Kubernetes, Elastic Beanstalk, ECS) that made a load balancer deletes "
                "it again, and cannot while it is protected; false protects it too.",
            )
        },
        not_applicable=(other, "gateway", "failed", "controlled"),
        side_effects="Deleting the load balancer fails, also for a stack or tool that made it, until the "
        "protection is switched off.",
        reversibility=Reversibility.FULLY,
        undo_note="The ledger says that it was off.",
        security_hub=("ELB.6",),
        prowler=("elbv2_deletion_protection",),
        config_rules=("ELB_DELETION_PROTECTION_ENABLED",),
    )


POLICIES = (
    _deletion_protection(
        "alb",
        "AppLBDeletionProtection",
        "Ensure Deletion Protection feature is enabled for your AWS Application load balancers to follow "
        "security best practices",
        "network",
    ),
    _deletion_protection(
        "nlb",
        "NetworkLBDeletionProtection",
        "Ensure Deletion Protection feature is enabled for your AWS Network load balancers to follow "
        "security best practices",
        "application",
    ),
)
