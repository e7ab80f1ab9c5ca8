"""The canary: an event about a queue that does not exist, which goes the way of every other event.

It is put on the hub's bus, a rule starts an execution, which finds nothing and is recorded. `rightstate
verify --canary` sends one and follows it; the self-check sends one each hour and looks whether the one before
it was recorded.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from rightstate import storage
from rightstate.aws.errors import named_errors
from rightstate.aws.sessions import hub_client
from rightstate.errors import CallFailed
from rightstate.executions import metrics
from rightstate.executions.step import logger
from rightstate.frozen import Frozen
from rightstate.models.decision import Outcome
from rightstate.models.tasks import StateTask

TYPE = "sqs-queue"
NOBODY = "000000000000"
"""An account that there is not."""
ENDINGS = (Outcome.GONE, Outcome.OFF)
"""How the execution ends where the account is registered."""

_PREFIX = "rightstate-verify-"


class SelfChecked(Frozen):
    """The canary that was sent, and whether the one before it was recorded."""

    sent: str
    passed: bool


def name(mark: str) -> str:
    """The name of a queue that does not exist."""
    return f"{_PREFIX}{mark}"


def entry(account: str, region: str, queue: str, now: datetime) -> dict[str, Any]:
    """The event as PutEvents takes it: CloudTrail's record of a call that changed that queue of the account.

    PutEvents refuses events of aws.sqs, so it comes from where replayed events come from.
    """
    detail: dict[str, Any] = {
        "eventVersion": "1.11",
        "userIdentity": {"type": "Root", "principalId": account, "accountId": account},
        "eventTime": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": "sqs.amazonaws.com",
        "eventName": "SetQueueAttributes",
        "awsRegion": region,
        "sourceIPAddress": "AWS Internal",
        "requestParameters": {"queueUrl": queue, "attributes": {}},
        "responseElements": None,
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account,
        "resources": [],
    }
    return {
        "Source": "rightstate.replay",
        "DetailType": "AWS API Call via CloudTrail",
        "Detail": json.dumps(detail),
    }


def is_canary(recorded: Mapping[str, Any]) -> bool:
    """Whether that entry of the ledger is a canary's.

    A queue that exists cannot hide behind such a name: something is found of it.
    """
    account, _, resource_type, resource = recorded["resource"].split("/", 3)
    nothing = account == NOBODY or recorded.get("outcome") in (*ENDINGS, Outcome.REJECTED)
    return bool(nothing and resource_type == TYPE and resource.strip("'").startswith(_PREFIX))


def check_self(task: StateTask) -> SelfChecked:
    """Look whether the canary of the hour before was recorded, count it if so, and send one.

    An alarm says when none was counted for a day. Raises Denied, Throttled, Unavailable, CallFailed.
    """
    hour = datetime.fromisoformat(task.execution.started)
    # arn:PARTITION:scheduler:REGION:ACCOUNT:schedule/...
    _, _, _, region, account, _ = task.execution.state_machine.split(":", 5)
    before, queue = (name((hour - timedelta(hours=ago)).strftime("self-check-%Y-%m-%d-%H")) for ago in (1, 0))
    with named_errors():
        recorded = next(storage.ledger().query(f"{account}/{region}/{TYPE}/{before}"), None)
        [answer] = hub_client("events").put_events(Entries=[entry(account, region, queue, hour)])["Entries"]
    passed = recorded is not None
    if passed:
        metrics.add("SelfCheckPassed", 1, MetricUnit.Count)
    else:
        logger.warning("The canary of the hour before was not recorded, or none was sent.", canary=before)
    if "EventId" not in answer:
        raise CallFailed(f"PutEvents took no canary: {answer.get('ErrorCode', 'no reason given')}.")
    return SelfChecked(sent=queue, passed=passed)
