"""What the tests know of CloudWatch log groups."""

from typing import Any

import boto3

from tests.support.answers import Readers, or_error
from tests.support.tags import TAGS
from tests.types import Expected

_ALARM = "arn:{partition}:cloudwatch:{region}:{account}:alarm:rightstate-cloudwatch-14"
_NAMES = [f"rightstate-cloudwatch-{number}" for number in range(1, 15)]


def _read(session: boto3.Session, name: str) -> Readers:
    logs, cloudwatch = session.client("logs"), session.client("cloudwatch")

    def alarms() -> Any:
        return cloudwatch.describe_alarms(AlarmNames=_NAMES)["MetricAlarms"]

    return {
        "group": or_error(logs.describe_log_groups, logGroupNamePrefix=name),
        "filters": or_error(logs.describe_metric_filters, logGroupName=name),
        "alarms": alarms,
    }


EXPECTED = Expected(
    arn="arn:{partition}:logs:{region}:{account}:log-group:{id}",
    instead={"cloudwatch:PutMetricAlarm": [_ALARM], "cloudwatch:DeleteAlarms": [_ALARM]},
    read=_read,
    tag=lambda session, name, arn: session.client("logs").tag_resource(resourceArn=arn, tags=TAGS),
    names={
        "/aws/lambda/checkout": "/aws/lambda/checkout",
        "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/checkout": "/aws/lambda/checkout",
        "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/checkout:*": "/aws/lambda/checkout",
    },
    elsewhere={
        "arn:aws:logs:eu-west-1:999999999999:log-group:checkout": "account",
        "arn:aws:logs:us-east-1:111122223333:log-group:checkout:*": "region",
    },
    config_id=("checkout", "checkout"),
    iam_prefixes={"cloudwatch": "cloudwatch"},  # its calls are signed for monitoring
    also_calls=("sns",),
    rarely_read={
        "cloudwatch:DescribeAlarmsForMetric": "where a filter has no alarm of Rightstate's",
    },
    rarely_undone={
        "logs:DeleteRetentionPolicy": "where events never expired, and never_expires_ok is off",
    },
    also_starts=dict.fromkeys(("CreateTrail", "UpdateTrail"), ("cloudtrail-trail",)),
    # 50 a page, and the trails once for each page.
    listed=0.04,
)
