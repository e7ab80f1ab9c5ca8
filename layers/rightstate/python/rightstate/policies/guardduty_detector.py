"""The policies of GuardDuty detectors."""

from rightstate.policy import Policy, Reversibility, Risk, Severity
from rightstate.wants import Exactly

POLICIES = (
    Policy(
        id="guardduty-enabled",
        title="Ensure GuardDuty is enabled",
        category="AWS - Monitoring",
        risk=Risk.COST,
        severity=Severity.HIGH,
        wants={"Status": Exactly(value="ENABLED")},
        not_applicable=("member", "by-organization"),
        side_effects="GuardDuty analyzes CloudTrail's management events, VPC flow logs and DNS queries, "
        "and charges by their volume after 30 days.",
        reversibility=Reversibility.FULLY,
        undo_note="A detector that was suspended is suspended again. One that Rightstate has made is "
        "deleted with its findings, which needs your consent.",
        security_hub=("GuardDuty.1",),
        prowler=("guardduty_is_enabled",),
        config_rules=("GUARDDUTY_ENABLED_CENTRALIZED",),
        notes="It switches on none of the protection plans, such as that of S3 or malware protection, "
        "which cost more. A detector that exists keeps its plans.",
    ),
)
