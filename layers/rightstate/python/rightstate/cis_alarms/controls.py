"""What to be told about, and the settings that say whether somebody is."""

from dataclasses import dataclass
from hashlib import sha256

PREFIX = "rightstate-cloudwatch-"
NAMESPACE = "LogMetrics"


@dataclass(frozen=True)
class Control:
    """What to be told about. `number` is that of the Security Hub control, CloudWatch.NUMBER."""

    id: str
    number: int
    pattern: str

    @property
    def name(self) -> str:
        """Of the filter, of its metric, and of the alarm."""
        return f"{PREFIX}{self.number}"

    @property
    def alarm(self) -> str:
        """The setting: ARN of the topic that an alarm tells, or None."""
        return f"{self._camel}Alarm"

    @property
    def filter(self) -> str:
        """The setting: `NAMESPACE:METRIC` of a filter with the pattern, or None."""
        return f"{self._camel}Filter"

    @property
    def replaced(self) -> str:
        """The setting: the alarm whose name ours would take, as PutMetricAlarm takes it in JSON, or None."""
        return f"{self._camel}Replaced"

    @property
    def own_metric(self) -> str:
        """`NAMESPACE:METRIC` of the filter that is made where no other has the pattern."""
        return f"{NAMESPACE}:{self.name}"

    def alarm_on(self, metric: str) -> str:
        """The name of the alarm on the metric `NAMESPACE:METRIC`, on the own one if it is empty."""
        if metric in ("", self.own_metric):
            return self.name
        return f"{self.name}-{sha256(metric.encode()).hexdigest()[:8]}"

    @property
    def _camel(self) -> str:
        return "".join(part.capitalize() for part in self.id.split("-"))


def _any_of(*events: str, source: str = "") -> str:
    """A pattern as Security Hub writes it: one of these events, of that service."""
    names = " || ".join(f"($.eventName={event})" for event in events)
    return f"{{($.eventSource={source}.amazonaws.com) && ({names})}}" if source else f"{{{names}}}"


def _on(verbs: str, *nouns: str) -> list[str]:
    return [f"{verb}{noun}" for noun in nouns for verb in verbs.split()]


# Security Hub User Guide, "Security Hub CSPM controls for CloudWatch".
CONTROLS = (
    Control(
        "root-usage",
        1,
        '{$.userIdentity.type="Root" && $.userIdentity.invokedBy NOT EXISTS && '
        '$.eventType !="AwsServiceEvent"}',
    ),
    Control(
        "unauthorized-api-calls",
        2,
        '{($.errorCode="*UnauthorizedOperation") || ($.errorCode="AccessDenied*")}',
    ),
    Control(
        "console-sign-in-without-mfa",
        3,
        '{ ($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes") && '
        '($.userIdentity.type = "IAMUser") && ($.responseElements.ConsoleLogin = "Success") }',
    ),
    Control(
        "iam-policy-changes",
        4,
        _any_of(
            *_on("Delete", "GroupPolicy", "RolePolicy", "UserPolicy"),
            *_on("Put", "GroupPolicy", "RolePolicy", "UserPolicy"),
            *_on("Create Delete", "Policy", "PolicyVersion"),
            *_on("Attach Detach", "RolePolicy", "UserPolicy", "GroupPolicy"),
            source="iam",
        ),
    ),
    Control(
        "cloudtrail-changes",
        5,
        _any_of(*_on("Create Update Delete", "Trail"), *_on("Start Stop", "Logging")),
    ),
    Control(
        "console-authentication-failures",
        6,
        '{($.eventName=ConsoleLogin) && ($.errorMessage="Failed authentication")}',
    ),
    Control("kms-key-disable-or-deletion", 7, _any_of("DisableKey", "ScheduleKeyDeletion", source="kms")),
    Control(
        "s3-bucket-policy-changes",
        8,
        _any_of(
            *_on("Put", *(f"Bucket{each}" for each in ("Acl", "Policy", "Cors", "Lifecycle", "Replication"))),
            *_on("Delete", *(f"Bucket{each}" for each in ("Policy", "Cors", "Lifecycle", "Replication"))),
            source="s3",
        ),
    ),
    Control(
        "config-changes",
        9,
        _any_of(
            "StopConfigurationRecorder",
            *_on("Delete Put", "DeliveryChannel"),
            "PutConfigurationRecorder",
            source="config",
        ),
    ),
    Control(
        "security-group-changes",
        10,
        _any_of(
            *_on("Authorize", "SecurityGroupIngress", "SecurityGroupEgress"),
            *_on("Revoke", "SecurityGroupIngress", "SecurityGroupEgress"),
            *_on("Create Delete", "SecurityGroup"),
        ),
    ),
    Control(
        "network-acl-changes",
        11,
        _any_of(
            *("CreateNetworkAcl", "CreateNetworkAclEntry", "DeleteNetworkAcl", "DeleteNetworkAclEntry"),
            *_on("Replace", "NetworkAclEntry", "NetworkAclAssociation"),
        ),
    ),
    Control(
        "network-gateway-changes",
        12,
        _any_of(
            *_on("Create Delete", "CustomerGateway"), *_on("Attach Create Delete Detach", "InternetGateway")
        ),
    ),
    Control(
        "route-table-changes",
        13,
        _any_of(
            *("CreateRoute", "CreateRouteTable", "ReplaceRoute", "ReplaceRouteTableAssociation"),
            *("DeleteRouteTable", "DeleteRoute", "DisassociateRouteTable"),
            source="ec2",
        ),
    ),
    Control(
        "vpc-changes",
        14,
        _any_of(
            *("CreateVpc", "DeleteVpc", "ModifyVpcAttribute"),
            *_on("Accept Create Delete Reject", "VpcPeeringConnection"),
            *("AttachClassicLinkVpc", "DetachClassicLinkVpc"),
            *_on("Disable Enable", "VpcClassicLink"),
        ),
    ),
)

BY_ALARM = {each.alarm: each for each in CONTROLS}


def is_alarm(setting: str) -> bool:
    """Whether the setting is one of the controls' alarms."""
    return setting in BY_ALARM
