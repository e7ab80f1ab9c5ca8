"""The policies of EC2 instances."""

from rightstate.policy import Parameter, Policy, Reversibility, Risk, Severity
from rightstate.wants import Exactly, OneOf

POLICIES = (
    Policy(
        id="ec2-detailed-monitoring",
        aliases=("EC2MonitoringState",),
        title="Ensure that detailed monitoring is enabled for the AWS EC2 instances that you need to monitor "
        "closely",
        category="AWS - Compute",
        risk=Risk.COST,
        severity=Severity.LOW,
        wants={"Monitoring": OneOf(allowed=("enabled", "pending"), otherwise="enabled")},
        parameters={
            "monitor_tag": Parameter(
                default=None,
                why="Key of the tag that marks the instances to monitor closely; without one it is all.",
            ),
            "exempt_group_members": Parameter(
                default=True,
                why="An Auto Scaling group replaces its instances, and makes new ones as its launch template "
                "says; false monitors its instances one by one.",
            ),
        },
        not_applicable=("terminated", "operated", "untagged", "made-from-a-template"),
        side_effects="Each instance's metrics are charged as custom metrics, by the hour that it runs. The "
        "instance is neither stopped nor restarted.",
        reversibility=Reversibility.FULLY,
        undo_note="UnmonitorInstances switches it off again.",
        prowler=("ec2_instance_detailed_monitoring_enabled",),
        config_rules=("EC2_INSTANCE_DETAILED_MONITORING_ENABLED",),
        notes="Metrics then come each minute instead of every five. Enabling it takes some seconds; what is "
        "pending counts as enabled.",
    ),
    Policy(
        id="ec2-termination-protection",
        aliases=("EC2TerminationProtection",),
        title="Ensure Termination Protection feature is enabled for EC2 instances that are not part of ASGs",
        category="AWS - Compute",
        risk=Risk.SAFE,
        # As AWS rates deletion protection of a DB instance (Security Hub RDS.8).
        severity=Severity.LOW,
        wants={"DisableApiTermination": Exactly(value=True)},
        not_applicable=("terminated", "operated", "in-a-group", "owned", "spot"),
        side_effects="Until it is switched off again, TerminateInstances is refused, and with it whatever "
        "deletes the instance: a stack, Terraform, a clean-up job.",
        reversibility=Reversibility.FULLY,
        undo_note="ModifyInstanceAttribute switches it off again.",
        notes="It does not keep a shutdown from within from terminating the instance where that is its "
        "InstanceInitiatedShutdownBehavior, nor AWS from retiring its host.",
    ),
    Policy(
        id="ec2-imdsv2-required",
        title="Ensure EC2 instances require IMDSv2",
        category="AWS - Compute",
        risk=Risk.BREAKS_ACCESS,
        severity=Severity.HIGH,
        wants={"HttpTokens": Exactly(value="required")},
        parameters={
            "require_no_v1_use_days": Parameter(
                default=14,
                minimum=0,
                maximum=90,
                why="Days without any use of IMDSv1 before it is switched off; 0 does not ask. CloudWatch "
                "counts the uses for each instance.",
            )
        },
        not_applicable=("terminated", "operated"),
        compliant_when=("no-metadata",),
        held_when=("uses-v1",),
        side_effects="Programs that use IMDSv1 lose the metadata and the credentials of the role at once. "
        "Containers need a hop limit of 2, which is left as it is. The instance is not restarted.",
        reversibility=Reversibility.FULLY,
        undo_note="HttpTokens is optional again.",
        security_hub=("EC2.8",),
        prowler=("ec2_instance_imdsv2_enabled",),
        config_rules=("EC2_IMDSV2_CHECK",),
        notes="An Auto Scaling group launches new instances as its launch template says: change that too. A "
        "stopped instance takes the change when it is started.",
    ),
)
