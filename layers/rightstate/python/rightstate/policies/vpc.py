"""The policies of VPCs."""

from rightstate.policy import Parameter, Policy, Reversibility, Risk, Severity
from rightstate.wants import OneOf, Present

POLICIES = (
    Policy(
        id="vpc-flow-logs",
        title="Ensure VPC flow logs are enabled",
        category="AWS - Audit and Logging",
        risk=Risk.COST,
        severity=Severity.MEDIUM,
        wants={
            "LogDestination": Present(otherwise_from="log_destination"),
            "TrafficType": OneOf(allowed=("REJECT", "ALL"), otherwise_from="traffic_type"),
            "DeliveryRole": Present(otherwise_from="deliver_logs_role_arn"),
        },
        parameters={
            "log_destination": Parameter(
                example="arn:aws:s3:::flow-logs-{account}-{region}",
                pattern=r"arn:[a-z-]+:(s3:::[a-z0-9.{}-]+(/[A-Za-z0-9_.:/=+@{}-]+)?"
                r"|logs:[a-z0-9{}-]+:[a-z0-9{}]+:log-group:[A-Za-z0-9_./#{}-]+"
                r"|firehose:[a-z0-9{}-]+:[a-z0-9{}]+:deliverystream/[A-Za-z0-9_.{}-]+)",
                why="The ARN of a bucket (with a prefix if you like), log group or Firehose stream that "
                "exists. A bucket's policy has to let delivery.logs.amazonaws.com write before.",
            ),
            "traffic_type": Parameter(
                default="REJECT",
                choices=("REJECT", "ALL"),
                why="What a new flow log records. Security Hub asks for rejected traffic.",
            ),
            "deliver_logs_role_arn": Parameter(
                default="none",
                pattern=r"none|arn:[a-z-]+:iam::[a-z0-9{}]+:role/[\w+=,.@/{}-]+",
                why="The role with which flow logs are written to a log group. Only that needs one.",
            ),
        },
        not_applicable=("of-another-account",),
        held_when=("failing", "without-role"),
        side_effects="Recording and storing the flow logs is charged. Traffic is not affected.",
        reversibility=Reversibility.PARTLY,
        undo_note="The flow log that Rightstate has made is deleted. Logs that were delivered stay.",
        security_hub=("EC2.6",),
        prowler=("vpc_flow_logs_enabled",),
        config_rules=("VPC_FLOW_LOGS_ENABLED",),
        notes="A flow log of the whole VPC that delivers rejected or all traffic will do, wherever it goes. "
        "Those of subnets and interfaces do not count. AWS notices some minutes later that a destination "
        "refuses the logs. The next sweep reports that.",
    ),
)
