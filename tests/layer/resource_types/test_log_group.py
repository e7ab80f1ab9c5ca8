"""What is read of a log group and of the alarms on its events, what is written, and which are left alone."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from rightstate.catalogue import load
from rightstate.cis_alarms.controls import CONTROLS
from rightstate.cis_alarms.reading import TAKEN
from rightstate.errors import CallFailed, ResourceGone
from rightstate.models.decision import Outcome, Status
from rightstate.resource_type import Place, Resource
from rightstate_cli.simulation import examples
from tests.support.cycle import Account, decide, enabled, make, plan, reasons, remediate, undo

GROUP = load("log-group")
PLACE = Place(account="123456789012", region="us-east-1")
RESOURCE = Resource(**PLACE.model_dump(), id="checkout")
RETENTION, ROOT = "log-group-retention", "cis-alarm-root-usage"
TOPIC = "arn:aws:sns:us-east-1:123456789012:security-alarms"
PATTERN = CONTROLS[0].pattern


@pytest.fixture
def account() -> Iterator[Account]:
    with mock_aws():
        yield Account()


def made(policy: str) -> None:
    examples.load("log-group").create(boto3.Session(region_name="us-east-1"), RESOURCE.id, policy)


def put_filter(pattern: str, name: str = "ours", metric: str = "RootUsage", space: str = "Sec:Ops") -> None:
    transformation: Any = {"metricName": metric, "metricNamespace": space, "metricValue": "1"}
    boto3.client("logs", "us-east-1").put_metric_filter(
        logGroupName=RESOURCE.id,
        filterName=name,
        filterPattern=pattern,
        metricTransformations=[transformation],
    )


def put_alarm(**changed: Any) -> None:
    given: dict[str, Any] = {
        "AlarmName": "theirs",
        "Namespace": "Sec:Ops",
        "MetricName": "RootUsage",
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "AlarmActions": [TOPIC],
    }
    boto3.client("cloudwatch", "us-east-1").put_metric_alarm(**given | changed)


# --- Retention ---


def test_retention_is_raised_with_one_call_and_then_nothing_is_written(account: Account) -> None:
    made(RETENTION)
    assert remediate(GROUP, account, RESOURCE, enabled(GROUP, RETENTION)).outcome is Outcome.REMEDIATED
    assert account.calls == ["logs:DescribeLogGroups", "logs:PutRetentionPolicy"]
    assert plan(GROUP, account, RESOURCE, enabled(GROUP, RETENTION)).outcome is Outcome.COMPLIANT


@pytest.mark.parametrize(
    ("days", "parameters", "after"),
    [
        (7, {}, 365),
        (365, {}, None),
        (3653, {}, None),
        (None, {}, None),
        (None, {"never_expires_ok": False}, 365),
        (400, {"min_days": 3653}, 3653),
    ],
)
def test_retention_is_raised_and_what_never_expires_is_left_unless_told_otherwise(
    days: int | None, parameters: dict[str, Any], after: int | None
) -> None:
    policies = enabled(GROUP, RETENTION, **parameters)
    decision = decide(GROUP, RESOURCE, policies, {"RetentionInDays": days, "Class": "STANDARD"})
    assert [change.after for change in decision.changes] == ([after] if after else [])


@pytest.mark.parametrize("days", [366, 0, True, "365"])
def test_days_are_those_that_the_api_takes(days: Any) -> None:
    [policy] = [each for each in GROUP.policies if each.id == RETENTION]
    assert not policy.parameters["min_days"].accepts(days)


@pytest.mark.parametrize(
    ("observed", "reason"),
    [({"Class": "DELIVERY"}, "class DELIVERY"), ({"RetentionPolicy": "a-year"}, "policy of the account")],
)
def test_retention_that_has_no_effect_is_not_applicable(observed: dict[str, Any], reason: str) -> None:
    decision = decide(GROUP, RESOURCE, enabled(GROUP, RETENTION), {"RetentionInDays": 1, **observed})
    assert decision.outcome is Outcome.NOT_APPLICABLE
    assert reason in decision.reason


def test_an_undo_that_deletes_events_asks_for_consent(account: Account) -> None:
    made(RETENTION)
    decision = remediate(GROUP, account, RESOURCE, enabled(GROUP, RETENTION))
    refused = undo(GROUP, account, RESOURCE, decision, consent=False)
    assert refused.outcome is Outcome.UNDO_REFUSED
    assert "older than 7 days, which are kept for 365 days now" in refused.reason


def test_a_group_that_only_begins_alike_is_not_the_one(account: Account) -> None:
    boto3.client("logs", "us-east-1").create_log_group(logGroupName="checkout-2")
    with pytest.raises(ResourceGone):
        plan(GROUP, account, RESOURCE, enabled(GROUP, RETENTION))


# --- Alarms ---


def test_all_alarms_are_made_and_taken_back(account: Account) -> None:
    made(ROOT)
    alarms = enabled(GROUP, *(each.id for each in GROUP.policies if each.id != RETENTION))
    decision = remediate(GROUP, account, RESOURCE, alarms)
    assert len(decision.changes) == 14
    assert len(decision.calls) == 28
    assert plan(GROUP, account, RESOURCE, alarms).outcome is Outcome.COMPLIANT
    assert undo(GROUP, account, RESOURCE, decision).outcome is Outcome.UNDONE


def test_a_filter_with_the_pattern_gets_an_alarm_on_its_own_metric(account: Account) -> None:
    made(ROOT)
    put_filter(PATTERN.replace(" && ", "   &&"))
    decision = remediate(GROUP, account, RESOURCE, enabled(GROUP, ROOT))
    [call] = decision.calls
    assert (call.parameters["Namespace"], call.parameters["MetricName"]) == ("Sec:Ops", "RootUsage")
    back = undo(GROUP, account, RESOURCE, decision)
    assert [each.operation for each in back.calls] == ["DeleteAlarms"]


@pytest.mark.parametrize(
    ("pattern", "alarm", "compliant"),
    [
        (PATTERN, {}, True),
        (PATTERN.replace('"Root"', '"Root "'), {}, False),
        (PATTERN, {"ActionsEnabled": False}, False),
        (PATTERN, {"AlarmActions": []}, False),
        (PATTERN, {"AlarmActions": ["arn:aws:automate:us-east-1:ec2:stop"]}, False),
        (PATTERN, {"AlarmActions": ["arn:aws:sns:us-east-1:123456789012:nobody"]}, False),
        (PATTERN, {"AlarmActions": ["arn:aws:sns:us-east-1:123456789012:gone"]}, False),
        (PATTERN, {"MetricName": "Other"}, False),
    ],
)
def test_what_somebody_else_made_counts_if_it_tells_somebody(
    account: Account, pattern: str, alarm: dict[str, Any], compliant: bool
) -> None:
    made(ROOT)
    boto3.client("sns", "us-east-1").create_topic(Name="nobody")
    put_filter(pattern)
    put_alarm(**alarm)
    decision = plan(GROUP, account, RESOURCE, enabled(GROUP, ROOT))
    assert (decision.outcome is Outcome.COMPLIANT) is compliant


def test_of_two_groups_neither_takes_the_others_alarm(account: Account) -> None:
    """One with a filter of somebody's, on a metric of theirs; the others with Rightstate's own."""
    made(ROOT)
    put_filter(PATTERN)
    others = [RESOURCE.model_copy(update={"id": name}) for name in ("calls", "more-calls")]
    for each in others:
        examples.load("log-group").create(boto3.Session(region_name="us-east-1"), each.id, ROOT)
    policies = enabled(GROUP, ROOT)
    decided = {each.id: remediate(GROUP, account, each, policies) for each in (RESOURCE, *others)}

    def compliant() -> list[str]:
        groups = (RESOURCE, *others)
        return [g.id for g in groups if plan(GROUP, account, g, policies).outcome is Outcome.COMPLIANT]

    assert compliant() == ["checkout", "calls", "more-calls"]
    for each, left in (
        (others[0], ["checkout", "more-calls"]),
        (RESOURCE, ["more-calls"]),
        (others[1], []),
    ):
        make(GROUP, account, each, undo(GROUP, account, each, decided[each.id]))
        assert compliant() == left
    assert boto3.client("cloudwatch", "us-east-1").describe_alarms()["MetricAlarms"] == []


def test_an_alarm_of_ours_that_told_nobody_is_put_back_as_it_was(account: Account) -> None:
    made(ROOT)
    put_filter(PATTERN, "rightstate-cloudwatch-1", "rightstate-cloudwatch-1", "LogMetrics")
    own = {"AlarmName": "rightstate-cloudwatch-1", "Namespace": "LogMetrics"}
    put_alarm(**own, MetricName="rightstate-cloudwatch-1", AlarmActions=[], Threshold=7, Period=900)
    cloudwatch = boto3.client("cloudwatch", "us-east-1")
    before = shown(cloudwatch)
    decision = remediate(GROUP, account, RESOURCE, enabled(GROUP, ROOT, topic_arn=TOPIC))
    assert decision.outcome is Outcome.REMEDIATED
    assert [(each["AlarmActions"], each["Threshold"]) for each in shown(cloudwatch)] == [([TOPIC], 1)]
    back = undo(GROUP, account, RESOURCE, decision)
    make(GROUP, account, RESOURCE, back)
    assert ([call.operation for call in back.calls], shown(cloudwatch)) == (["PutMetricAlarm"], before)


def shown(cloudwatch: Any) -> list[dict[str, Any]]:
    return [
        {name: alarm[name] for name in TAKEN if name in alarm}
        for alarm in cloudwatch.describe_alarms()["MetricAlarms"]
    ]


def test_all_that_an_alarm_may_be_made_of_is_put_back() -> None:
    model = boto3.client("cloudwatch", "us-east-1").meta.service_model
    taken = set(model.operation_model("PutMetricAlarm").input_shape.members)
    # What is replaced keeps its tags (API reference, PutMetricAlarm).
    assert set(TAKEN) == taken - {"Tags"} == taken & set(model.shape_for("MetricAlarm").members)


def test_an_alarm_that_several_groups_share_stays_when_one_with_a_filter_of_before_is_undone(
    account: Account,
) -> None:
    """Rightstate's own filter and no alarm: somebody deleted the alarm alone."""
    other = RESOURCE.model_copy(update={"id": "calls"})
    policies = enabled(GROUP, ROOT)
    made(ROOT)
    examples.load("log-group").create(boto3.Session(region_name="us-east-1"), other.id, ROOT)
    cloudwatch = boto3.client("cloudwatch", "us-east-1")
    remediate(GROUP, account, RESOURCE, policies)
    remediate(GROUP, account, other, policies)
    cloudwatch.delete_alarms(AlarmNames=["rightstate-cloudwatch-1"])
    decision = remediate(GROUP, account, RESOURCE, policies)
    assert [call.operation for call in decision.calls] == ["PutMetricAlarm"]
    with pytest.raises(CallFailed, match="also tells of other log groups, so it stays"):
        make(GROUP, account, RESOURCE, undo(GROUP, account, RESOURCE, decision))
    assert plan(GROUP, account, other, policies).outcome is Outcome.COMPLIANT


def test_a_subscription_that_nobody_has_confirmed_tells_nobody(account: Account) -> None:
    """moto confirms each at once."""

    def pend(parsed: dict[str, Any], **given: Any) -> None:
        for each in parsed["Subscriptions"]:
            each["SubscriptionArn"] = "PendingConfirmation"

    made(ROOT)
    account.client("sns").meta.events.register("after-call.sns.ListSubscriptionsByTopic", pend)
    with pytest.raises(CallFailed, match="Nobody has subscribed"):
        remediate(GROUP, account, RESOURCE, enabled(GROUP, ROOT))


def test_no_alarm_is_made_that_would_tell_nobody(account: Account) -> None:
    made(ROOT)
    boto3.client("sns", "us-east-1").create_topic(Name="nobody")
    topic = "arn:aws:sns:us-east-1:123456789012:nobody"
    with pytest.raises(CallFailed, match="Nobody has subscribed"):
        remediate(GROUP, account, RESOURCE, enabled(GROUP, ROOT, topic_arn=topic))
    assert "logs:PutMetricFilter" not in account.calls


@pytest.mark.parametrize(
    "change",
    [
        lambda trails: trails.stop_logging(Name="checkout-trail"),
        lambda trails: trails.update_trail(Name="checkout-trail", IsMultiRegionTrail=False),
    ],
    ids=["stopped", "of one region"],
)
def test_a_group_without_such_a_trail_is_in_no_scope(account: Account, change: Any) -> None:
    made(ROOT)
    change(boto3.client("cloudtrail", "us-east-1"))
    decision = plan(GROUP, account, RESOURCE, enabled(GROUP, ROOT))
    assert (decision.outcome, decision.verdicts) == (Outcome.NOT_APPLICABLE, ())
    assert "logs:DescribeMetricFilters" not in account.calls
    assert list(GROUP.members(account.client, PLACE, "account")) == []  # type: ignore[misc]


def test_an_alarm_that_is_gone_concerns_the_groups_of_trails(account: Account) -> None:
    made(RETENTION)
    examples.load("log-group").create(boto3.Session(region_name="us-east-1"), "calls", ROOT)
    assert list(GROUP.members(account.client, PLACE, "account")) == [("us-east-1", "calls")]  # type: ignore[misc]


@pytest.mark.parametrize(
    ("observed", "status", "reason"),
    [
        ({"Class": "INFREQUENT_ACCESS"}, Status.NOT_APPLICABLE, "class STANDARD"),
        ({"Class": "STANDARD", "MetricFilters": 100}, Status.HELD, "100 metric filters"),
    ],
)
def test_where_no_filter_can_be_made_that_is_said(
    observed: dict[str, Any], status: Status, reason: str
) -> None:
    decision = decide(GROUP, RESOURCE, enabled(GROUP, ROOT), {"Trail": "events", **observed})
    assert [verdict.status for verdict in decision.verdicts] == [status]
    assert reason in " ".join(reasons(decision))
