"""Checks of the running hub: notifications, recent failures, halts, and log retention."""

import shlex
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from botocore.exceptions import ClientError

from rightstate.guarding.guards import HALTS
from rightstate.models.decision import Outcome
from rightstate.storage.dynamodb import DynamoDBTable
from rightstate.storage.tables import GUARDS, LEDGER
from rightstate_cli.application import sam_template
from rightstate_cli.checks.check import CheckResult, Per, Site, Untold, check, failed, passed, skipped, warned
from rightstate_cli.checks.expected import parameters, resolved
from rightstate_cli.tables.ledger_table import Ledger, Query
from rightstate_cli.text import counted

_DAY = timedelta(days=1)
_BAD = (Outcome.FAILED, Outcome.DIED, Outcome.STOPPED)
_ENTRIES = 1000
"""Ledger entries that are read at most: enough to see a failure, whatever the size of the ledger."""
_STARTED = "ExecutionsStarted"
# Metrics of a state machine.
_ENDINGS = {
    "ExecutionsFailed": "failed",
    "ExecutionsTimedOut": "timed out",
    "ExecutionsAborted": "were aborted",
    "ExecutionThrottled": "were throttled by Step Functions",
}


@check("V14", "Somebody gets the notifications", Per.HUB, "confirm, or `aws sns subscribe`")
def told(site: Site) -> Iterator[CheckResult]:
    """The notifications topic has a subscription, and each subscription is confirmed."""
    topic = site.hub.outputs["Notifications"]
    pages = site.client("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    subscriptions = [each for page in pages for each in page["Subscriptions"]]
    live = [each for each in subscriptions if each["SubscriptionArn"] != "Deleted"]
    if not live:
        yield warned(
            "Nobody has subscribed to the notifications.",
            f"aws sns subscribe --topic-arn {topic} --protocol email --notification-endpoint ADDRESS "
            f"--region {site.region}",
        )
        return
    yield from [
        warned(
            f"The subscription of {each['Endpoint']} waits for its confirmation.",
            "Confirm it with the link in the message that AWS sent there.",
        )
        for each in live
        if each["SubscriptionArn"] == "PendingConfirmation"
    ]
    yield passed(f"{counted(len(live), 'subscription')} confirmed.")


@check(
    "V17",
    "Nothing was lost or failed",
    Per.HUB,
    "`rightstate history --deployed`, `rightstate replay --deployed`",
)
def lately(site: Site) -> Iterator[CheckResult]:
    """The dead-letter queue is empty. In the last 24 hours no execution failed, timed out or was aborted, and
    no rule failed to start one. Where CloudWatch has no data, the ledger is read; without executions in
    either, the check is SKIP."""
    if waiting := _waiting(site):
        yield failed(
            f"{counted(waiting, 'event')} in the dead-letter queue{_oldest(site)}.",
            "Fix the cause (V8, V10), then: rightstate replay --deployed --undelivered",
        )
    sums = _sums(site)
    for resource_type in site.hub.machines():
        ends = {
            words: int(sums[f"{metric} {resource_type}"])
            for metric, words in _ENDINGS.items()
            if sums.get(f"{metric} {resource_type}")
        }
        if ends:
            text = ", ".join(f"{count} {words}" for words, count in ends.items())
            yield warned(
                f"Executions for {resource_type} in the last 24 hours: {text}.",
                f"rightstate history --deployed --type {resource_type} --outcome failed",
                "types with failed executions",
                resource_type,
            )
    undelivered = {name: int(sums[f"rule {name}"]) for name in _rules(site) if sums.get(f"rule {name}")}
    for name, count in undelivered.items():
        yield failed(
            f"The rule {name} failed {count} times to start an execution in the last 24 hours.",
            "Check that its role and target are as deployed (V8).",
            "rules that failed to start executions",
            name,
        )
    if not sums:
        yield from _of_ledger(site)
        return
    yield passed("The dead-letter queue is empty, and nothing failed in the last 24 hours.")


def _of_ledger(site: Site) -> Iterator[CheckResult]:
    """What the ledger says of the last 24 hours, where CloudWatch says nothing. Raises Untold without
    executions."""
    table = DynamoDBTable(site.client("dynamodb"), site.hub.outputs["LedgerTable"], LEDGER)
    since = datetime.now(UTC) - _DAY
    entries = list(islice(Ledger(table).entries(Query(since=since)), _ENTRIES))
    if not entries:
        raise Untold(
            skipped(
                "No data: neither CloudWatch nor the ledger has an execution of the last 24 hours.",
                "rightstate verify --canary",
            )
        )
    bad = [each for each in entries if each.outcome in _BAD]
    text = f"CloudWatch has no data. Of the last {counted(len(entries), 'ledger entry')} of 24 hours"
    if bad:
        yield warned(f"{text}, {len(bad)} failed.", "rightstate history --deployed --outcome failed")
    else:
        yield passed(f"The dead-letter queue is empty. {text}, none failed.")


@check("V24", "Nothing is halted", Per.HUB, "`rightstate breaker release`")
def halted(site: Site) -> Iterator[CheckResult]:
    """Rightstate has halted no policy for a resource because something sets its changes back."""
    guards = DynamoDBTable(site.client("dynamodb"), site.hub.outputs["GuardsTable"], GUARDS)
    for item in guards.query(HALTS, HALTS):
        yield failed(
            f"{item['id']} has been halted for {item['policy']} since {item['since']}, and may break it now.",
            f"Find out what undoes the change, then rightstate breaker release {shlex.quote(item['id'])} "
            "--deployed",
            "halts",
            f"{item['policy']} for {item['id']}",
        )
    yield passed("Nothing is halted.")


@check("V23", "The logs have a retention", Per.HUB, "`aws logs put-retention-policy`")
def logs(site: Site) -> Iterator[CheckResult]:
    """Each log group of the application has a retention. Without one, you pay for its logs forever."""
    found = []
    for prefix in (f"/aws/lambda/{site.hub.stack}", f"/aws/vendedlogs/states/{site.hub.stack}"):
        pages = site.client("logs").get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix)
        found += [
            group
            for page in pages
            for group in page["logGroups"]
            # `rightstate` also begins the names of `rightstate2`.
            if group["logGroupName"].removeprefix(prefix)[:1] in ("", "-", "/")
        ]
    yield from [
        warned(
            f"The log group {each['logGroupName']} keeps its logs forever.",
            f"aws logs put-retention-policy --log-group-name {each['logGroupName']} "
            f"--retention-in-days 90 --region {site.region}",
            "log groups without a retention",
            each["logGroupName"],
        )
        for each in found
        if not each.get("retentionInDays")
    ]
    yield passed(f"{counted(len(found), 'log group')}, each with a retention.")


def _waiting(site: Site) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    answer = site.client("sqs").get_queue_attributes(
        QueueUrl=site.hub.outputs["UndeliveredEvents"], AttributeNames=names
    )
    return sum(int(answer["Attributes"][name]) for name in names)


def _oldest(site: Site) -> str:
    """The age of the oldest event, if the credentials may read it."""
    queue = site.hub.outputs["UndeliveredEvents"].rpartition("/")[2]
    age = ("AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", queue)
    try:
        found = _values(site, {"age": age}, "Maximum", 300).get("age")
    except ClientError:
        return ""
    # The latest comes first.
    return f"; the oldest has been there for {timedelta(seconds=int(found[0]))}" if found else ""


def _sums(site: Site) -> dict[str, float]:
    """CloudWatch's sums for the last 24 hours, by `METRIC TYPE` and `rule NAME`."""
    machines = site.hub.machines().items()
    wanted = {
        f"{metric} {resource_type}": ("AWS/States", metric, "StateMachineArn", arn)
        for resource_type, arn in machines
        for metric in (_STARTED, *_ENDINGS)
    }
    for rule in _rules(site):
        wanted[f"rule {rule}"] = ("AWS/Events", "FailedInvocations", "RuleName", rule)
    return {name: sum(values) for name, values in _values(site, wanted, "Sum", 3600).items()}


def _values(
    site: Site, wanted: Mapping[str, tuple[str, str, str, str]], statistic: str, period: int
) -> dict[str, list[float]]:
    """The values of the last 24 hours, for each metric (namespace, name, dimension, value) that has any."""
    ids = {f"m{index}": name for index, name in enumerate(wanted)}
    queries = [
        {
            "Id": each,
            "MetricStat": {
                "Metric": {
                    "Namespace": wanted[name][0],
                    "MetricName": wanted[name][1],
                    "Dimensions": [{"Name": wanted[name][2], "Value": wanted[name][3]}],
                },
                "Period": period,
                "Stat": statistic,
            },
        }
        for each, name in ids.items()
    ]
    now = datetime.now(UTC)
    pages = (
        site.client("cloudwatch")
        .get_paginator("get_metric_data")
        .paginate(MetricDataQueries=queries, StartTime=now - _DAY, EndTime=now)
    )
    values: dict[str, list[float]] = {}
    for page in pages:
        for each in page["MetricDataResults"]:
            if each["Values"]:
                values.setdefault(ids[each["Id"]], []).extend(each["Values"])
    return values


def _rules(site: Site) -> list[str]:
    known: dict[str, Any] = parameters(site.hub)
    return [resolved(rule["Name"], known) for _, rule in sam_template.rules()]
