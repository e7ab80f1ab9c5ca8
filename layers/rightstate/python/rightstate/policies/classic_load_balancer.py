"""The policies of Classic Load Balancers."""

from rightstate.policy import Parameter, Policy, Reversibility, Risk, Severity
from rightstate.wants import AtLeast, Exactly

POLICIES = (
    Policy(
        id="classic-lb-connection-draining",
        aliases=("ClassicLBConnDraining",),
        title="Ensure Connection Draining is enabled for your AWS Classic Load Balancer",
        category="AWS - Networking",
        risk=Risk.SAFE,
        severity=Severity.LOW,
        wants={
            "ConnectionDraining.Enabled": Exactly(value=True),
            # Only where none is set: every timeout that Elastic Load Balancing takes is at least 1.
            "ConnectionDraining.Timeout": AtLeast(minimum=1, raise_to_from="timeout_seconds"),
        },
        parameters={
            "timeout_seconds": Parameter(
                default=300,
                minimum=1,
                maximum=3600,
                why="Elastic Load Balancing's own default. It counts only where no timeout is set.",
            )
        },
        side_effects="An instance that is deregistered or unhealthy keeps its open connections until they "
        "end, at most for the timeout; deployments that wait for that take longer.",
        reversibility=Reversibility.FULLY,
        undo_note="The ledger says whether it was enabled, and has the timeout.",
        security_hub=("ELB.7",),
        prowler=("elb_connection_draining_enabled",),
    ),
)
