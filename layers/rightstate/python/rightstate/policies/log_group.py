"""The policies of CloudWatch log groups."""

from rightstate.cis_alarms.controls import CONTROLS, PREFIX, Control
from rightstate.policy import Parameter, Policy, Reversibility, Risk, Severity
from rightstate.wants import AtLeast, Present

# API reference, PutRetentionPolicy.
DAYS = (
    1,
    3,
    5,
    7,
    14,
    30,
    60,
    90,
    120,
    150,
    180,
    365,
    400,
    545,
    731,
    1096,
    1827,
    2192,
    2557,
    2922,
    3288,
    3653,
)

# What each alarm is about, as its title says it, and Prowler's check.
_ABOUT = {
    "root-usage": ("usage of the root user", "log_metric_filter_root_usage"),
    "unauthorized-api-calls": ("unauthorized API calls", "log_metric_filter_unauthorized_api_calls"),
    "console-sign-in-without-mfa": ("console sign-in without MFA", "log_metric_filter_sign_in_without_mfa"),
    "iam-policy-changes": ("IAM policy changes", "log_metric_filter_policy_changes"),
    "cloudtrail-changes": (
        "CloudTrail configuration changes",
        "log_metric_filter_and_alarm_for_cloudtrail_configuration_changes_enabled",
    ),
    "console-authentication-failures": (
        "console authentication failures",
        "log_metric_filter_authentication_failures",
    ),
    "kms-key-disable-or-deletion": (
        "disabling or scheduled deletion of customer managed KMS keys",
        "log_metric_filter_disable_or_scheduled_deletion_of_kms_cmk",
    ),
    "s3-bucket-policy-changes": (
        "S3 bucket policy changes",
        "log_metric_filter_for_s3_bucket_policy_changes",
    ),
    "config-changes": (
        "AWS Config configuration changes",
        "log_metric_filter_and_alarm_for_aws_config_configuration_changes_enabled",
    ),
    "security-group-changes": ("security group changes", "log_metric_filter_security_group_changes"),
    "network-acl-changes": ("changes to network ACLs", "changes_to_network_acls_alarm_configured"),
    "network-gateway-changes": (
        "changes to network gateways",
        "changes_to_network_gateways_alarm_configured",
    ),
    "route-table-changes": ("route table changes", "changes_to_network_route_tables_alarm_configured"),
    "vpc-changes": ("VPC changes", "changes_to_vpcs_alarm_configured"),
}


def _alarm(control: Control) -> Policy:
    about, check = _ABOUT[control.id]
    return Policy(
        id=f"cis-alarm-{control.id}",
        title=f"Ensure a log metric filter and alarm exist for {about}",
        category="AWS - Monitoring",
        risk=Risk.COST,
        severity=Severity.LOW,
        scope="of-a-trail",
        wants={control.alarm: Present(otherwise_from="topic_arn")},
        parameters={
            "topic_arn": Parameter(
                example="arn:aws:sns:{region}:{account}:security-alarms",
                pattern=r"arn:[a-z-]+:sns:[^:]+:[^:]+:[A-Za-z0-9_-]+",
                why="The ARN of a topic in the log group's region, to which somebody has subscribed. A "
                "topic of another account has to admit cloudwatch.amazonaws.com, and this account to its "
                "list of subscriptions.",
            )
        },
        not_applicable=("no-metric-filters",),
        held_when=("full",),
        side_effects="The topic gets a message when such a call is made. CloudWatch charges for a metric "
        "and an alarm.",
        reversibility=Reversibility.FULLY,
        undo_note="The filter is deleted if there was none before. The alarm is deleted if no other log "
        "group has such a filter.",
        security_hub=(f"CloudWatch.{control.number}",),
        prowler=(f"cloudwatch_{check}",),
        notes="It concerns the log group of a multi-Region trail of the account, in the trail's home "
        "region. Any filter with the pattern and any alarm on its metric will do. Otherwise Rightstate "
        f"makes them, both named {PREFIX}{control.number}, and changes none of another name. Log groups "
        "of one region share the alarm on Rightstate's own metric.",
    )


POLICIES = (
    Policy(
        id="log-group-retention",
        title="Ensure CloudWatch log groups are retained for at least one year",
        category="AWS - Audit and Logging",
        risk=Risk.COST,
        severity=Severity.MEDIUM,
        wants={"RetentionInDays": AtLeast(minimum_from="min_days")},
        parameters={
            "min_days": Parameter(default=365, choices=DAYS, why="Security Hub's default for CloudWatch.16."),
            "never_expires_ok": Parameter(
                default=True,
                why="Events that never expire are kept long enough. false lets them expire after "
                "min_days, which deletes what is older for good.",
            ),
        },
        not_applicable=("delivery-class", "account-policy"),
        compliant_when=("never-expires",),
        side_effects="Events are stored for longer, and paid for. With never_expires_ok=false, CloudWatch "
        "Logs deletes events older than min_days for good, where they never expired before.",
        reversibility=Reversibility.PARTLY,
        undo_note="The ledger has the days as they were. CloudWatch Logs then deletes the events that "
        "are older.",
        security_hub=("CloudWatch.16",),
        prowler=("cloudwatch_log_group_retention_policy_specific_days_enabled",),
        config_rules=("CW_LOGGROUP_RETENTION_PERIOD_CHECK",),
        notes="It only ever raises a number of days.",
    ),
    *map(_alarm, CONTROLS),
)
