"""What is written for an alarm on a log group's events, and what takes it back."""

import json
from collections.abc import Sequence
from typing import Any

from rightstate.cis_alarms.controls import BY_ALARM, NAMESPACE, Control
from rightstate.cis_alarms.reading import metric_filters, subscribed
from rightstate.errors import CallFailed
from rightstate.resource_type import Call, Change, Clients, Resource, send


def calls(change: Change) -> list[Call]:
    """What makes the alarm, and the filter if no other has its pattern."""
    control, metric = BY_ALARM[change.setting], _metric_of(change)
    # A namespace may have colons, a metric has none (API reference, MetricTransformation).
    namespace, _, name = (metric or control.own_metric).rpartition(":")
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
    return str(change.beside.get(BY_ALARM[change.setting].filter) or "")


def _alarm_name(change: Change) -> str:
    return BY_ALARM[change.setting].alarm_on(_metric_of(change))


def _filter(control: Control) -> dict[str, Any]:
    transformation = {
        "metricName": control.name,
        "metricNamespace": NAMESPACE,
        "metricValue": "1",
        "defaultValue": 0.0,
    }
    return {
        "filterName": control.name,
        "filterPattern": control.pattern,
        "metricTransformations": [transformation],
    }


def undo_calls(change: Change) -> list[Call]:
    """What takes the alarm away, or puts back the one that it replaced; and the filter if it came with it."""
    control = BY_ALARM[change.setting]
    if replaced := change.beside.get(control.replaced):
        gone = [_call(change, "cloudwatch", "PutMetricAlarm", json.loads(str(replaced)))]
    else:
        gone = [_call(change, "cloudwatch", "DeleteAlarms", {"AlarmNames": [_alarm_name(change)]})]
    if not _metric_of(change):
        gone.append(_call(change, "logs", "DeleteMetricFilter", {"filterName": control.name}))
    return gone


def _feeds_others(clients: Clients, resource: Resource, change: Change) -> bool:
    """Whether filters of other log groups count for the metric of the change's alarm."""
    namespace, _, name = BY_ALARM[change.setting].own_metric.rpartition(":")
    fed = metric_filters(clients, metricName=name, metricNamespace=namespace)
    return any(each["logGroupName"] != resource.id for each in fed)


def _call(change: Change, service: str, operation: str, parameters: dict[str, Any]) -> Call:
    return Call(service=service, operation=operation, parameters=parameters, settings=(change.setting,))


def apply(clients: Clients, resource: Resource, call: Call, changes: Sequence[Change]) -> None:
    """Make the call. Raises CallFailed, before anything is made, where the alarm would tell nobody, and where
    an undo would take it from other log groups.

    The filters of several log groups may feed the metric of one alarm. It stays until the last of them goes.
    """
    [change] = changes
    ours = _metric_of(change) in ("", BY_ALARM[change.setting].own_metric)
    undone = change.after is None and call.service == "cloudwatch"
    if undone and ours and _feeds_others(clients, resource, change):
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
    if call.operation == first and not subscribed(clients, str(change.after)):
        raise CallFailed(
            f"Nobody has subscribed to {change.after}, so that an alarm would tell nobody. Neither a "
            "filter nor an alarm was made for it. Subscribe to the topic, then start the resource again."
        )
    send(clients, resource, call, changes)
