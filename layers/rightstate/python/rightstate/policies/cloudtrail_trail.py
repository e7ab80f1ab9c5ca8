"""The policies of CloudTrail trails."""

from rightstate.policy import Parameter, Policy, Reversibility, Risk, Severity
from rightstate.wants import Exactly, Present

_AUDIT = "AWS - Audit and Logging"
_NOT_OURS = ("organization-trail", "shadow-trail")

POLICIES = (
    Policy(
        id="cloudtrail-multi-region",
        aliases=("CTMultiRegionTrail",),
        title="Ensure CloudTrail is enabled in all regions",
        category=_AUDIT,
        risk=Risk.COST,
        severity=Severity.HIGH,
        wants={
            "IsMultiRegionTrail": Exactly(value=True),
            # CloudTrail refuses a multi-Region trail without them (InvalidParameterCombinationException).
            "IncludeGlobalServiceEvents": Exactly(value=True),
        },
        not_applicable=(*_NOT_OURS, "organization-regions"),
        compliant_when=("covered",),
        side_effects="Events of every other region come to the trail's bucket, log group and topic, and are "
        "stored and paid for there. A region's first copy of its management events is free, further copies "
        "are not.",
        reversibility=Reversibility.FULLY,
        undo_note="The ledger has both values as they were.",
        security_hub=("CloudTrail.1",),
        prowler=("cloudtrail_multi_region_enabled",),
        config_rules=("MULTI_REGION_CLOUD_TRAIL_ENABLED",),
        notes="About the account rather than the trail: one multi-Region trail that logs all management "
        "events is enough for the others. CloudTrail checks the policies of the trail's bucket, topic and "
        "KMS key again and refuses the change where they do not admit it. The KMS and RDS Data API events "
        "that a trail leaves out do not count against it here; they do for Security Hub.",
    ),
    Policy(
        id="cloudtrail-log-file-validation",
        aliases=("LogFileValidationEnabled", "CTLogFileValidation"),
        title="Ensure CloudTrail log file validation is enabled",
        category=_AUDIT,
        risk=Risk.SAFE,
        severity=Severity.LOW,
        wants={"LogFileValidationEnabled": Exactly(value=True)},
        not_applicable=(*_NOT_OURS, "organization-validation"),
        side_effects="None: a small digest file is put beside the log files every hour.",
        reversibility=Reversibility.PARTLY,
        undo_note="The chain of digest files breaks, and begins anew when it is enabled again.",
        security_hub=("CloudTrail.4",),
        prowler=("cloudtrail_log_file_validation_enabled",),
        config_rules=("CLOUD_TRAIL_LOG_FILE_VALIDATION_ENABLED",),
        notes="The first digest comes within the hour. Log files from before it stay without one. CloudTrail "
        "checks the policies of the trail's bucket, topic and KMS key again and refuses the change where "
        "they do not admit it.",
    ),
    Policy(
        id="cloudtrail-logging-enabled",
        aliases=("CTIsLogging",),
        title="Ensure that CloudTrail trail have logging enabled",
        category=_AUDIT,
        risk=Risk.COST,
        severity=Severity.HIGH,
        wants={"IsLogging": Exactly(value=True)},
        not_applicable=_NOT_OURS,
        side_effects="The trail delivers again, which is stored and, beyond a region's first copy of "
        "management events, paid for.",
        reversibility=Reversibility.FULLY,
        undo_note="StopLogging stops it again.",
        security_hub=("CloudTrail.3",),
        config_rules=("CLOUD_TRAIL_ENABLED",),
        notes="EventBridge gets the calls of an account only while a trail of it logs them: where the only "
        "trail is stopped, the stop itself is the last event. A deleted trail cannot be started.",
    ),
    Policy(
        id="cloudtrail-kms-encryption",
        title="Ensure CloudTrail logs are encrypted at rest with a KMS key",
        category="AWS - Data Protection",
        risk=Risk.KEY_COUPLING,
        severity=Severity.MEDIUM,
        wants={"KmsKeyId": Present(otherwise_from="kms_key_arn")},
        parameters={
            "kms_key_arn": Parameter(
                example="arn:aws:kms:{region}:{account}:key/1234abcd-12ab-34cd-56ef-1234567890ab",
                pattern=r"arn:[a-z-]+:kms:[^:]+:[^:]+:key/[A-Za-z0-9-]+",
                why="The ARN of a symmetric key in the region of the trail's bucket. Its policy lets "
                "cloudtrail.amazonaws.com use kms:GenerateDataKey* and kms:DescribeKey for the trail. "
                "CloudTrail checks that, and refuses a key that it cannot use.",
            )
        },
        not_applicable=(*_NOT_OURS, "organization-encryption"),
        side_effects="Readers of new log files (Athena, a SIEM) need kms:Decrypt on the key. If the key is "
        "disabled or deleted, CloudTrail delivers nothing more. KMS charges for its requests.",
        reversibility=Reversibility.PARTLY,
        undo_note="New log files are encrypted with SSE-S3 again. Those written meanwhile need the key.",
        security_hub=("CloudTrail.2",),
        prowler=("cloudtrail_kms_encryption_enabled",),
        config_rules=("CLOUD_TRAIL_ENCRYPTION_ENABLED",),
        notes="A trail that has a key keeps it, whichever it is.",
    ),
    Policy(
        id="cloudtrail-cloudwatch-logs",
        title="Ensure CloudTrail trails are integrated with CloudWatch Logs",
        category=_AUDIT,
        risk=Risk.COST,
        severity=Severity.LOW,
        wants={
            "CloudWatchLogsLogGroupArn": Present(otherwise_from="log_group_arn"),
            "CloudWatchLogsRoleArn": Present(otherwise_from="role_arn"),
        },
        parameters={
            "log_group_arn": Parameter(
                example="arn:aws:logs:{region}:{account}:log-group:cloudtrail:*",
                pattern=r"arn:[a-z-]+:logs:[^:]+:[^:]+:log-group:[A-Za-z0-9_/.#-]+:\*",
                why="The ARN of a log group in the trail's account and region, with :* at its end.",
            ),
            "role_arn": Parameter(
                example="arn:aws:iam::{account}:role/CloudTrailToCloudWatchLogs",
                pattern=r"arn:[a-z-]+:iam::[^:]+:role/[A-Za-z0-9+=,.@_/-]+",
                why="The ARN of a role that cloudtrail.amazonaws.com may assume. It may use "
                "logs:CreateLogStream and logs:PutLogEvents on the log group.",
            ),
        },
        not_applicable=(*_NOT_OURS, "organization-logs"),
        side_effects="CloudWatch Logs charges for each event that it takes in. Data events can be many.",
        reversibility=Reversibility.FULLY,
        undo_note="CloudTrail no longer delivers to the log group. What it has delivered stays there.",
        security_hub=("CloudTrail.5",),
        prowler=("cloudtrail_cloudwatch_logging_enabled",),
        config_rules=("CLOUD_TRAIL_CLOUD_WATCH_LOGS_ENABLED",),
        notes="Rightstate makes neither the log group nor the role. CloudTrail checks both, and refuses the "
        "change where it cannot deliver.",
    ),
)
