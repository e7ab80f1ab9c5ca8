"""The policies of CloudTrail trails."""

from rightstate.policy import Policy, Reversibility, Risk, Severity
from rightstate.wants import Exactly

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
)
