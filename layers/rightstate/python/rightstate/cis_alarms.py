"""Alarms on CloudTrail's events, as the CIS AWS Foundations Benchmark and Security Hub want them.

A metric filter of the log group that a trail delivers to counts certain events. An alarm on its metric tells
a topic. Only what is named rightstate-cloudwatch-… is ever written, because both calls replace what has the
same name. An alarm on the metric of somebody else's filter has a name of its own, to replace no other.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import Any

from botocore.exceptions import ClientError

from rightstate.errors import CallFailed
from rightstate.listing import Shared, pages
from rightstate.resource_type import Call, Change, Clients, Place, Resource, send
from rightstate.wants import Value

PREFIX = "rightstate-cloudwatch-"
_NAMESPACE = "LogMetrics"


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

_BY_ALARM = {each.alarm: each for each in CONTROLS}


def is_alarm(setting: str) -> bool:
    """Whether the setting is one of the controls' alarms."""
    return setting in _BY_ALARM


def trail_groups(clients: Clients, place: Place) -> Mapping[str, str]:
    """Log group -> name of a trail of the account and region that logs all regions and delivers to it."""
    cloudtrail = clients("cloudtrail")
    found = {}
    for trail in cloudtrail.describe_trails(includeShadowTrails=False)["trailList"]:
        # arn:aws:logs:REGION:ACCOUNT:log-group:NAME:*
        parts = trail.get("CloudWatchLogsLogGroupArn", "").split(":")
        if not trail.get("IsMultiRegionTrail") or parts[3:5] != [place.region, place.account]:
            continue
        if cloudtrail.get_trail_status(Name=trail["TrailARN"])["IsLogging"]:
            found[parts[6]] = str(trail["Name"])
    return found


def read(clients: Clients, group: str, asked: frozenset[str], shared: Shared) -> dict[str, Value]:
    """The alarms and filters of the controls that have one of the settings `asked`."""
    filters = [
        each
        for page, _ in pages(
            clients,
            "logs",
            "describe_metric_filters",
            "metricFilters",
            "",
            given="nextToken",
            answered="nextToken",
            logGroupName=group,
        )
        for each in page
    ]
    observed: dict[str, Value] = {}
    for control in CONTROLS:
        if control.alarm not in asked and control.filter not in asked:
            continue
        metrics = [_metric(each) for each in filters if _same(each["filterPattern"], control.pattern)]
        told = [topic for metric in metrics for topic in _told(clients, metric, shared)]
        observed[control.filter] = ":".join(metrics[0]) if metrics else None
        observed[control.alarm] = min(told) if told else None
    return observed


Metric = tuple[str, str]
"""Namespace and name."""


def _metric(metric_filter: Mapping[str, Any]) -> Metric:
    transformation = metric_filter["metricTransformations"][0]
    return transformation["metricNamespace"], transformation["metricName"]


def _same(one: str, other: str) -> bool:
    """Whether two patterns are the same but for spaces, which count in quotes alone."""
    return _SPACE.sub(r"\1", one) == _SPACE.sub(r"\1", other)


_SPACE = re.compile(r'("[^"]*")|\s+')


def _told(clients: Clients, metric: Metric, shared: Shared) -> list[str]:
    """The topics with a subscription that alarms on the metric tell."""
    # One call for all alarms of ours: CloudWatch quotas allow nine calls a second of either kind.
    own = shared.once_in_place("alarms", partial(_own_alarms, clients))
    if topics := _heard_topics(clients, own.get(metric, ()), shared):
        return topics
    namespace, name = metric
    found = clients("cloudwatch").describe_alarms_for_metric(Namespace=namespace, MetricName=name)
    return _heard_topics(clients, found["MetricAlarms"], shared)


def _own_alarms(clients: Clients) -> Mapping[Metric, list[Mapping[str, Any]]]:
    found: dict[Metric, list[Mapping[str, Any]]] = {}
    answer = clients("cloudwatch").describe_alarms(AlarmNamePrefix=PREFIX, AlarmTypes=["MetricAlarm"])
    for alarm in answer["MetricAlarms"]:
        # An alarm on an expression has no metric.
        found.setdefault((alarm.get("Namespace", ""), alarm.get("MetricName", "")), []).append(alarm)
    return found


def _heard_topics(clients: Clients, alarms: Iterable[Mapping[str, Any]], shared: Shared) -> list[str]:
    return [
        action
        for alarm in alarms
        if alarm["ActionsEnabled"]
        for action in alarm.get("AlarmActions", ())
        if action.split(":")[2] == "sns" and shared.once_in_place(action, partial(_heard, clients, action))
    ]


def _heard(clients: Clients, topic: str) -> bool:
    """Whether the topic has a subscription. If that is not to be found out, somebody else's alarm that tells
    it does not count."""
    try:
        return _subscribed(clients, topic)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("AuthorizationError", "NotFound"):
            raise
        return False


def _subscribed(clients: Clients, topic: str) -> bool:
    listed = pages(clients, "sns", "list_subscriptions_by_topic", "Subscriptions", "", TopicArn=topic)
    # One that nobody has confirmed gets nothing. In place of its ARN it has PendingConfirmation, and one that
    # is gone has Deleted (SNS developer guide, "Deleting an Amazon SNS subscription and topic").
    return any(each["SubscriptionArn"].startswith("arn:") for page, _ in listed for each in page)


def calls(change: Change) -> list[Call]:
    """What makes the alarm, and the filter if no other has its pattern."""
    control, metric = _BY_ALARM[change.setting], _metric_of(change)
    # A namespace may have colons, a metric has none (API reference, MetricTransformation).
    namespace, _, name = (metric or _own_metric(control)).rpartition(":")
    alarm = {
        "AlarmName": _alarm_name(change),
        "Namespace": namespace,
        "MetricName": name,
        "Statistic": "Sum",
        "Period": 300,
        "EvaluationPeriods": 1,
        "Threshold": 1.0,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "notBreaching",
        "ActionsEnabled": True,
        "AlarmActions": [change.after],
    }
    made = [_call(change, "cloudwatch", "PutMetricAlarm", alarm)]
    return made if metric else [_call(change, "logs", "PutMetricFilter", _filter(control)), *made]


def _metric_of(change: Change) -> str:
    """`NAMESPACE:METRIC` of the filter that was there before, or nothing."""
    return str(change.beside.get(_BY_ALARM[change.setting].filter) or "")


def _own_metric(control: Control) -> str:
    return f"{_NAMESPACE}:{control.name}"


def _alarm_name(change: Change) -> str:
    control, metric = _BY_ALARM[change.setting], _metric_of(change)
    if metric in ("", _own_metric(control)):
        return control.name
    return f"{control.name}-{sha256(metric.encode()).hexdigest()[:8]}"


def _filter(control: Control) -> dict[str, Any]:
    transformation = {
        "metricName": control.name,
        "metricNamespace": _NAMESPACE,
        "metricValue": "1",
        "defaultValue": 0.0,
    }
    return {
        "filterName": control.name,
        "filterPattern": control.pattern,
        "metricTransformations": [transformation],
    }


def undo_calls(change: Change) -> list[Call]:
    """What takes the alarm away, and the filter if it came with it."""
    control = _BY_ALARM[change.setting]
    gone = [_call(change, "cloudwatch", "DeleteAlarms", {"AlarmNames": [_alarm_name(change)]})]
    if not _metric_of(change):
        gone.append(_call(change, "logs", "DeleteMetricFilter", {"filterName": control.name}))
    return gone


def _feeds_others(clients: Clients, resource: Resource, change: Change) -> bool:
    """Whether filters of other log groups count for the metric of the change's alarm."""
    namespace, _, name = _own_metric(_BY_ALARM[change.setting]).rpartition(":")
    listed = pages(
        clients,
        "logs",
        "describe_metric_filters",
        "metricFilters",
        "",
        given="nextToken",
        answered="nextToken",
        metricName=name,
        metricNamespace=namespace,
    )
    return any(each["logGroupName"] != resource.id for page, _ in listed for each in page)


def _call(change: Change, service: str, operation: str, parameters: dict[str, Any]) -> Call:
    return Call(service=service, operation=operation, parameters=parameters, settings=(change.setting,))


def apply(clients: Clients, resource: Resource, call: Call, changes: Sequence[Change]) -> None:
    """Make the call. Raises CallFailed, before anything is made, where the alarm would tell nobody, and where
    an undo would take it from other log groups.

    The filters of several log groups may feed the metric of one alarm. It stays until the last of them goes.
    """
    [change] = changes
    ours = _metric_of(change) in ("", _own_metric(_BY_ALARM[change.setting]))
    if call.operation == "DeleteAlarms" and ours and _feeds_others(clients, resource, change):
        if not _metric_of(change):
            # The filter goes next, and this log group has no alarm any more.
            return
        name = _alarm_name(change)
        raise CallFailed(
            f"The alarm {name} also tells of other log groups, so it stays. The metric filter {name} of this "
            "log group was there before, so it stays too. Delete the filter if nobody shall be told of this "
            "log group's events."
        )
    first = calls(change)[0].operation if change.after else ""
    if call.operation == first and not _subscribed(clients, str(change.after)):
        raise CallFailed(
            f"Nobody has subscribed to {change.after}, so that an alarm would tell nobody. Neither a "
            "filter nor an alarm was made for it. Subscribe to the topic, then start the resource again."
        )
    send(clients, resource, call, changes)
