"""The policies of Application and Network Load Balancers."""

from rightstate.policy import Parameter, Policy, Reversibility, Risk, Severity
from rightstate.wants import Empty, Exactly


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
    Policy(
        id="alb-http-to-https-redirect",
        title="Ensure HTTP listeners of Application Load Balancers redirect to HTTPS",
        category="AWS - Data Protection",
        risk=Risk.BREAKS_ACCESS,
        severity=Severity.MEDIUM,
        wants={"PlainListeners": Empty()},
        parameters={
            "only_internet_facing": Parameter(
                default=False, why="Whether internal load balancers are left alone."
            )
        },
        not_applicable=("network", "gateway", "failed", "no-https-listener", "internal"),
        side_effects="Clients that speak HTTP only fail, and so do health probes that follow no redirect. "
        "Many clients repeat a redirected POST as a GET.",
        reversibility=Reversibility.PARTLY,
        undo_note="The listeners get their actions back. Browsers keep a redirect that they have seen "
        "(HTTP_301).",
        security_hub=("ELB.1",),
        config_rules=("ALB_HTTP_TO_HTTPS_REDIRECTION_CHECK",),
        notes="About the default action of each HTTP listener. Other rules of a listener come before it, and "
        "stay. The redirect keeps host, path and query. It leads to port 443, or to the port of the HTTPS "
        "listener.",
    ),
)
