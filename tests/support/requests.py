"""Requests for approval as an execution makes them: the planner decides, `approvals.request` writes them."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from typing import Any
from unittest.mock import patch

import boto3
from moto import mock_aws

from rightstate.aws import sessions
from rightstate.models.approval import Requested
from rightstate.models.decision import Outcome
from rightstate.models.settings import Enabled
from rightstate.models.start import Event
from rightstate.models.tasks import AskTask, DecideTask, Described, Run
from rightstate.policy import Mode
from rightstate.resource_type import Observed, Resource
from rightstate.states import approvals, decide
from rightstate_cli.application import sam_template
from tests.support import endings

REGION = "eu-west-1"
TOKEN = "the-token"
_KINDS: Mapping[str, tuple[str, Observed]] = {
    "s3-versioning": ("s3-bucket", endings.BUCKET),
    "sqs-server-side-encryption": ("sqs-queue", {"QueueUrl": "https://sqs/orders", "Encryption": "none"}),
    "kms-key-rotation": (
        "kms-key",
        {
            "Origin": "AWS_KMS",
            "KeyState": "Enabled",
            "MultiRegionKeyType": None,
            "KeyManager": "CUSTOMER",
            "KeySpec": "SYMMETRIC_DEFAULT",
            "KeyRotationEnabled": False,
            "RotationPeriodInDays": None,
        },
    ),
    **dict.fromkeys(
        ("rds-mysql-deletion-protection", "rds-mysql-no-public-access", "rds-mysql-automated-backups"),
        ("rds-instance", endings.INSTANCE),
    ),
}
"""Policy -> type and a resource that breaks it, as `describe` reads it."""


@cache
def requested(
    number: int = 1,
    *,
    account: str = "111122223333",
    region: str = REGION,
    resource: str = "orders",
    policy: str = "s3-versioning",
    asked_at: str = "2026-11-25T07:00:00.000Z",
    event: Event | None = None,
    reason: str = "",
    requester: str = "",
    closed: Outcome | None = None,
) -> Requested:
    """The request as the guards table has it, of the execution of that number; it waits for a day."""
    with hub_at(asked_at):
        made = ask(
            number,
            account=account,
            region=region,
            resource=resource,
            policy=policy,
            asked_at=asked_at,
            event=event,
            reason=reason,
            requester=requester,
        )
        if closed:
            approvals._close(made, closed, None)
        return _kept(made.execution)


def ask(
    number: int = 1,
    *,
    account: str = "111122223333",
    region: str = REGION,
    resource: str = "orders",
    policy: str = "s3-versioning",
    asked_at: str,
    event: Event | None = None,
    reason: str = "",
    requester: str = "",
) -> Requested:
    """The same, made in the hub of the environment."""
    resource_type, observed = _KINDS[policy]
    execution = endings.execution_of(resource_type, f"asks-{number}", asked_at)
    run = Run(
        resource=Resource(account=account, region=region, id=resource),
        role_arn=f"arn:aws:iam::{account}:role/rightstate-remediation",
        external_id=None,
        policies={policy: Enabled(mode=Mode.APPROVE)},
        event=event,
        reason=reason,
        requester=requester,
    )
    described = Described(observed=observed, read_at=asked_at)
    task = DecideTask(resource_type=resource_type, execution=execution, run=run, described=described)
    decision = decide.decide(task)
    approvals.request(AskTask(**dict(task), decision=decision, token=TOKEN))
    return _kept(execution.id)


def _kept(execution: str) -> Requested:
    found = approvals._requested(approvals.request_id(execution))
    assert found
    return found


ENVIRONMENT = {
    **endings.ENVIRONMENT,
    "REQUESTS_PER_HOUR": "0",
    "MESSAGES_PER_HOUR": "0",
    "POWERTOOLS_METRICS_NAMESPACE": "Rightstate",
    "POWERTOOLS_SERVICE_NAME": "rightstate",
}
"""What functions that ask have, beside the names of a hub's table and topic."""


@contextmanager
def hub_at(at: str) -> Iterator[None]:
    """A hub's guards table, topic and bus, at that time."""
    environment = {**ENVIRONMENT, "AWS_DEFAULT_REGION": REGION, "GUARDS_TABLE": "guards"}
    with mock_aws(), patch.dict(os.environ, environment), sessions.hub_kept_apart(boto3.Session):
        declared = sam_template.template()["Resources"]["GuardsTable"]["Properties"]
        keys = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
        boto3.client("dynamodb").create_table(
            TableName="guards", BillingMode="PAY_PER_REQUEST", **{each: declared[each] for each in keys}
        )
        topic = boto3.client("sns").create_topic(Name="notifications")["TopicArn"]
        with patch.dict(os.environ, TOPIC_ARN=topic), patch.object(approvals, "datetime", _clock(at)):
            yield


def _clock(at: str) -> type[datetime]:
    class Stopped(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.fromisoformat(at).astimezone(tz)

    return Stopped
