"""CloudWatch log groups: their retention, and alarms on the events that a trail delivers to one."""

from collections.abc import Iterator, Mapping, Sequence

from rightstate.cis_alarms import reading, writing
from rightstate.cis_alarms.controls import CONTROLS, PREFIX, is_alarm
from rightstate.errors import ResourceGone
from rightstate.event_rule import Rule, Subject
from rightstate.in_code import InCode
from rightstate.listing import Answer, Shared, paged
from rightstate.policies.log_group import POLICIES
from rightstate.resource_type import (
    Call,
    Case,
    Change,
    Clients,
    Listing,
    Observed,
    Place,
    Resource,
    ResourceType,
    Setting,
    Tags,
    send,
)
from rightstate.wants import Value, as_text, days

_ARN = "arn:{partition}:logs:{region}:{account}:log-group:{id}"
_ALARM = "arn:{partition}:cloudwatch:{region}:{account}:alarm:" + PREFIX + "*"
_ALARMS = frozenset(name for each in CONTROLS for name in (each.alarm, each.filter, each.replaced))
# CloudWatch Logs quotas: metric filters of a log group.
_MOST_FILTERS = 100


def _one(clients: Clients, resource: Resource) -> Answer:
    # In the order of their names (same page), so that the name alone comes before longer ones.
    found = clients("logs").describe_log_groups(logGroupNamePrefix=resource.id, limit=1)["logGroups"]
    for group in found:
        if group["logGroupName"] == resource.id:
            return group
    raise ResourceGone("The resource does not exist: DescribeLogGroups does not list it.")


def _observe(
    clients: Clients, resource: Resource, group: Answer, settings: frozenset[str], shared: Shared
) -> Observed:
    observed: dict[str, Value] = {
        "RetentionInDays": group.get("retentionInDays"),
        "RetentionPolicy": group.get("retentionPolicyName"),
        "Class": group.get("logGroupClass", "STANDARD"),
        "MetricFilters": group.get("metricFilterCount", 0),
    }
    in_scope = True
    if "Trail" in settings:
        groups: Mapping[str, str] = shared.once_in_place(
            "trails", lambda: reading.trail_groups(clients, resource)
        )
        observed["Trail"] = groups.get(resource.id)
        in_scope = resource.id in groups
    if (asked := settings & _ALARMS) and in_scope and observed["Class"] == "STANDARD":
        observed |= reading.read(clients, resource.id, asked, shared)
    return {name: observed[name] for name in settings & set(observed)}


def _members(clients: Clients, place: Place, group: str) -> Iterator[tuple[str, str]]:
    """The log groups that trails deliver to: an alarm's event names no log group, a trail's may name none."""
    return ((place.region, name) for name in reading.trail_groups(clients, place))


def _tags(clients: Clients, resource: Resource) -> Tags:
    tags: Tags = clients("logs").list_tags_for_resource(resourceArn=_ARN.format(**resource.model_dump()))[
        "tags"
    ]
    return tags


_LISTING = Listing(
    # API reference, DescribeLogGroups: at most 50 at a time.
    pages=paged(
        "logs", "describe_log_groups", "logGroups", limit=50, given="nextToken", answered="nextToken"
    ),
    id_of=lambda group: str(group["logGroupName"]),
    one=_one,
    observe=_observe,
)


def _calls(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    return [
        call
        for change in changes
        for call in (
            _of_group(resource, writing.calls(change))
            if is_alarm(change.setting)
            else [_retention(resource, change)]
        )
    ]


def _restore(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    return [
        call
        for change in changes
        for call in (
            _of_group(resource, writing.undo_calls(change))
            if is_alarm(change.setting)
            else [_retention(resource, change)]
        )
    ]


def _of_group(resource: Resource, made: Sequence[Call]) -> list[Call]:
    """The calls, those of CloudWatch Logs with the log group's name."""
    named = {"logGroupName": resource.id}
    return [
        each.model_copy(update={"parameters": named | each.parameters}) if each.service == "logs" else each
        for each in made
    ]


def _retention(resource: Resource, change: Change) -> Call:
    given = {} if change.after is None else {"retentionInDays": change.after}
    return Call(
        service="logs",
        operation="PutRetentionPolicy" if given else "DeleteRetentionPolicy",
        parameters={"logGroupName": resource.id, **given},
        settings=("RetentionInDays",),
    )


def _apply(clients: Clients, resource: Resource, call: Call, changes: Sequence[Change]) -> None:
    make = writing.apply if is_alarm(call.settings[0]) else send
    make(clients, resource, call, changes)


def _destroys(change: Change) -> str:
    if change.setting != "RetentionInDays" or not isinstance(change.after, int):
        return ""
    kept = "for ever" if change.before is None else f"for {as_text(change.before)} days"
    return f"CloudWatch Logs deletes events older than {days(change.after)}, which are kept {kept} now."


RESOURCE_TYPE = ResourceType(
    name="log-group",
    title="CloudWatch log group",
    service="logs",
    policies=POLICIES,
    settings={
        "RetentionInDays": Setting(
            read="DescribeLogGroups:logGroups[].retentionInDays",
            write="PutRetentionPolicy:retentionInDays",
            # A log group that is made anew has no retention.
            set_back_by=("CreateLogGroup", "DeleteRetentionPolicy", "PutRetentionPolicy"),
        ),
        "RetentionPolicy": Setting(read="DescribeLogGroups:logGroups[].retentionPolicyName"),
        "Class": Setting(read="DescribeLogGroups:logGroups[].logGroupClass"),
        "MetricFilters": Setting(read="DescribeLogGroups:logGroups[].metricFilterCount"),
        "Trail": Setting(read="cloudtrail.DescribeTrails:trailList[].CloudWatchLogsLogGroupArn"),
        **{
            each.filter: Setting(
                read="DescribeMetricFilters:metricFilters[].metricTransformations[].metricName"
            )
            for each in CONTROLS
        },
        **{
            each.replaced: Setting(read="cloudwatch.DescribeAlarms:MetricAlarms[].AlarmActions[]")
            for each in CONTROLS
        },
        **{
            each.alarm: Setting(
                read="cloudwatch.DescribeAlarmsForMetric:MetricAlarms[].AlarmActions[]",
                write="cloudwatch.PutMetricAlarm:AlarmActions[]",
                # Unsubscribe names a subscription, and no topic. Sweeps notice it.
                set_back_by=(
                    "DeleteAlarms",
                    "DeleteMetricFilter",
                    "DisableAlarmActions",
                    "PutMetricAlarm",
                    "PutMetricFilter",
                ),
            )
            for each in CONTROLS
        },
    },
    in_code={
        "RetentionInDays": InCode(
            "AWS::Logs::LogGroup/RetentionInDays", "aws_cloudwatch_log_group.retention_in_days"
        ),
        **{
            # The alarm and the AWS::Logs::MetricFilter are resources of their own.
            each.alarm: InCode(
                "AWS::CloudWatch::Alarm/AlarmActions",
                "aws_cloudwatch_metric_alarm.alarm_actions",
                named_only=True,
            )
            for each in CONTROLS
        },
    },
    cases={
        "never-expires": Case(
            reason="Its events never expire.",
            holds=lambda observed: observed.get("RetentionInDays") is None,
            reads=("RetentionInDays",),
            switch="never_expires_ok",
        ),
        "delivery-class": Case(
            reason="Log groups of class DELIVERY keep events for a day, and nothing else can be set.",
            holds=lambda observed: observed.get("Class") == "DELIVERY",
            reads=("Class",),
        ),
        "account-policy": Case(
            reason="A retention policy of the account governs the log group. Its own retention has no "
            "effect.",
            holds=lambda observed: observed.get("RetentionPolicy") is not None,
            reads=("RetentionPolicy",),
        ),
        "of-a-trail": Case(
            reason="No multi-Region trail of the account and region that is logging delivers to the log "
            "group.",
            holds=lambda observed: observed.get("Trail") is not None,
            reads=("Trail",),
        ),
        "no-metric-filters": Case(
            reason="Only log groups of class STANDARD have metric filters. Let the trail deliver to one.",
            holds=lambda observed: observed.get("Class") != "STANDARD",
            reads=("Class",),
        ),
        "full": Case(
            reason=f"The log group has {_MOST_FILTERS} metric filters, and CloudWatch Logs allows no "
            "more. Delete one that nobody needs.",
            holds=lambda observed: observed.get("MetricFilters") == _MOST_FILTERS,
            reads=("MetricFilters",),
        ),
    },
    beside={each.alarm: (each.filter, each.replaced) for each in CONTROLS},
    arn=_ARN,
    # API reference, CreateLogGroup, without two dots, which nobody calls a log group. An ARN of
    # CloudTrail's and of DescribeLogGroups ends with :*.
    id_pattern=r"(?P<id>(?!.*\.\.)[A-Za-z0-9_/.#-]{1,512})(?::\*)?",
    config_type="AWS::Logs::LogGroup",
    listing=_LISTING,
    rules=(
        Rule(
            "GroupCalls",
            "logs",
            (
                "CreateLogGroup",
                "DeleteMetricFilter",
                "DeleteRetentionPolicy",
                "PutMetricFilter",
                "PutRetentionPolicy",
            ),
            Subject(("requestParameters.logGroupName",)),
        ),
        Rule(
            "TrailCalls",
            "cloudtrail",
            ("CreateTrail", "StartLogging", "UpdateTrail"),
            Subject(kind="group"),
            name="log-group-trails",
        ),
        # Of the alarms that Rightstate makes. CloudTrail calls the service monitoring.
        Rule(
            "AlarmCalls",
            "monitoring",
            ("PutMetricAlarm",),
            Subject(kind="group"),
            name="log-group-alarms",
            where={"requestParameters": {"alarmName": [{"prefix": PREFIX}]}},
        ),
        Rule(
            "SilencedAlarms",
            "monitoring",
            ("DeleteAlarms", "DisableAlarmActions"),
            Subject(kind="group"),
            name="log-group-silenced",
            where={"requestParameters": {"alarmNames": [{"prefix": PREFIX}]}},
        ),
    ),
    tags=_tags,
    calls=_calls,
    apply=_apply,
    members=_members,
    destroys=_destroys,
    read_actions=(
        "cloudtrail:DescribeTrails",
        "cloudtrail:GetTrailStatus",
        "cloudwatch:DescribeAlarms",
        "cloudwatch:DescribeAlarmsForMetric",
        "logs:DescribeLogGroups",
        "logs:DescribeMetricFilters",
        "logs:ListTagsForResource",
        "sns:ListSubscriptionsByTopic",
    ),
    write_actions=("cloudwatch:PutMetricAlarm", "logs:PutMetricFilter", "logs:PutRetentionPolicy"),
    undo_actions=("cloudwatch:DeleteAlarms", "logs:DeleteMetricFilter", "logs:DeleteRetentionPolicy"),
    restore=_restore,
    write_resources=(_ARN, _ALARM),
    gone=("ResourceNotFoundException",),
    # "Multiple concurrent requests to update the same resource were in conflict" (API reference).
    busy_errors=("OperationAbortedException",),
)
