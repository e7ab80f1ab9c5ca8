"""What is read of the alarms on a log group's events."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from rightstate.cis_alarms.controls import CONTROLS, PREFIX
from rightstate.listing import Shared, pages
from rightstate.resource_type import Clients, Place
from rightstate.wants import Value


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
    filters = list(metric_filters(clients, logGroupName=group))
    observed: dict[str, Value] = {}
    for control in CONTROLS:
        if asked.isdisjoint((control.alarm, control.filter, control.replaced)):
            continue
        metrics = [_metric(each) for each in filters if _same(each["filterPattern"], control.pattern)]
        told = [topic for metric in metrics for topic in _told(clients, metric, shared)]
        observed[control.filter] = metric = ":".join(metrics[0]) if metrics else None
        observed[control.alarm] = min(told) if told else None
        if not told:
            # One that tells somebody is of another log group, which shares it.
            own = [each for found in _own(clients, shared).values() for each in found]
            named = (each for each in own if each["AlarmName"] == control.alarm_on(metric or ""))
            mute = (each for each in named if not _heard_topics(clients, [each], shared))
            observed[control.replaced] = next(map(_as_put, mute), None)
    return observed


def metric_filters(clients: Clients, **which: str) -> Iterator[Mapping[str, Any]]:
    """The metric filters of a log group, or of a metric."""
    token = {"given": "nextToken", "answered": "nextToken"}
    listed = pages(clients, "logs", "describe_metric_filters", "metricFilters", "", **token, **which)
    return (each for page, _ in listed for each in page)


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
    if topics := _heard_topics(clients, _own(clients, shared).get(metric, ()), shared):
        return topics
    namespace, name = metric
    found = clients("cloudwatch").describe_alarms_for_metric(Namespace=namespace, MetricName=name)
    return _heard_topics(clients, found["MetricAlarms"], shared)


def _own(clients: Clients, shared: Shared) -> Mapping[Metric, list[Mapping[str, Any]]]:
    # One call for all alarms of ours: CloudWatch quotas allow nine calls a second of either kind.
    return shared.once_in_place("alarms", partial(_own_alarms, clients))


TAKEN = (
    *("AlarmName", "AlarmDescription", "ActionsEnabled", "OKActions", "AlarmActions"),
    *("InsufficientDataActions", "MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Dimensions"),
    *("Period", "Unit", "EvaluationPeriods", "DatapointsToAlarm", "Threshold", "ComparisonOperator"),
    *("TreatMissingData", "EvaluateLowSampleCountPercentile", "Metrics", "ThresholdMetricId"),
    *("EvaluationWindow", "WarmUpConfiguration", "EvaluationCriteria", "EvaluationInterval"),
    "ActionConfiguration",
)
"""What PutMetricAlarm takes and DescribeAlarms answers alike."""


def _as_put(alarm: Mapping[str, Any]) -> str:
    """The alarm of DescribeAlarms as PutMetricAlarm takes it. Tags stay when an alarm is replaced."""
    given = {name: alarm[name] for name in TAKEN if alarm.get(name) not in (None, "", [])}
    return json.dumps(given, separators=(",", ":"))


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
        return subscribed(clients, topic)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("AuthorizationError", "NotFound"):
            raise
        return False


def subscribed(clients: Clients, topic: str) -> bool:
    listed = pages(clients, "sns", "list_subscriptions_by_topic", "Subscriptions", "", TopicArn=topic)
    # One that nobody has confirmed gets nothing. In place of its ARN it has PendingConfirmation, and one that
    # is gone has Deleted (SNS developer guide, "Deleting an Amazon SNS subscription and topic").
    return any(each["SubscriptionArn"].startswith("arn:") for page, _ in listed for each in page)
