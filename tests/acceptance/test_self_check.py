"""The self-check of a deployed hub: canaries go through it on a schedule, and a metric counts them."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.console import commands
from tests.acceptance.emulator import ACCOUNT
from tests.acceptance.hub import Hub, awaited
from tests.support.emitted import emitted
from tests.support.server import REGION

pytestmark = pytest.mark.acceptance

POLICY = "sqs-server-side-encryption"


@pytest.fixture(scope="module")
def checking(hub: Hub) -> Iterator[Hub]:
    """The hub, whose self-check runs each hour again when the test has ended."""
    schedule = _schedule(hub)
    assert (schedule["State"], schedule["ScheduleExpression"]) == ("ENABLED", "rate(1 hour)")
    yield hub
    _every(hub, "1 hour")


def test_the_schedule_sends_a_canary_and_counts_the_one_of_the_hour_before(
    checking: Hub, tmp_path: Path
) -> None:
    checking.enable(POLICY)
    began = int(time.time() * 1000)
    rightstate = commands(checking, tmp_path)

    def history() -> Any:
        return rightstate("history", "--deployed", "--format", "json").json

    before = history()
    now = datetime.now(UTC)
    # As the schedule did an hour ago. The one of now is for a scheduled run that comes in the next hour.
    for scheduled in (now, now - timedelta(hours=1)):
        assert not _invoke(checking, scheduled)["passed"]
        _recorded(checking, scheduled)
    assert "SelfCheckPassed" not in _metrics(checking, began)

    _every(checking, "1 minute")
    metrics = awaited(lambda: _passed(checking, began))

    assert metrics["SelfCheckPassed"] == (["service"], 1)
    # Canaries are executions, of which none is counted or in a report, or listed once it has ended.
    assert set(metrics) == {"SelfCheckPassed"}
    assert awaited(lambda: history() == before)
    written = rightstate("report", "--since", now.isoformat(), "-o", str(tmp_path / "report"))
    assert written.code == 0, written.err
    assert (tmp_path / "report" / "records.jsonl").read_text() == ""


def _schedule(hub: Hub) -> dict[str, Any]:
    schedule: dict[str, Any] = hub.client("scheduler").get_schedule(Name=f"{hub.stack}-check-self")
    return schedule


def _every(hub: Hub, interval: str) -> None:
    names = ("Name", "GroupName", "FlexibleTimeWindow", "Target", "State")
    schedule = {name: value for name, value in _schedule(hub).items() if name in names}
    hub.client("scheduler").update_schedule(**schedule, ScheduleExpression=f"rate({interval})")


def _invoke(hub: Hub, scheduled: datetime) -> dict[str, Any]:
    """Invoke what the schedule invokes, with its input as of that time."""
    target = _schedule(hub)["Target"]
    at = scheduled.strftime("%Y-%m-%dT%H:%M:%SZ")
    given = target["Input"].replace("<aws.scheduler.scheduled-time>", at)
    arn = f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/{hub.stack}-check-self"
    given = given.replace("<aws.scheduler.schedule-arn>", arn)
    answer = hub.client("lambda").invoke(FunctionName=target["Arn"], Payload=given.encode())
    body: dict[str, Any] = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, body
    return body


def _recorded(hub: Hub, scheduled: datetime) -> None:
    """Wait for the entry of the canary of that hour: it is in no index."""
    queue = scheduled.strftime("rightstate-verify-self-check-%Y-%m-%d-%H")
    [entry] = awaited(
        lambda: hub.client("dynamodb").query(
            TableName=hub.outputs["LedgerTable"],
            KeyConditionExpression="#resource = :resource",
            ExpressionAttributeNames={"#resource": "resource"},
            ExpressionAttributeValues={":resource": {"S": f"{ACCOUNT}/{REGION}/sqs-queue/{queue}"}},
        )["Items"]
    )
    assert entry["outcome"]["S"] == "gone"
    assert not {"account", "day", "execution", "batch"} & set(entry)


def _metrics(hub: Hub, began: int) -> dict[str, tuple[list[str], float]]:
    """What the hub's functions have emitted since then."""
    logged = hub.client("logs").filter_log_events(
        logGroupName=f"/aws/lambda/{hub.stack}", startTime=began, filterPattern="CloudWatchMetrics"
    )["events"]
    return emitted("\n".join(each["message"] for each in logged))


def _passed(hub: Hub, began: int) -> dict[str, tuple[list[str], float]] | None:
    metrics = _metrics(hub, began)
    return metrics if "SelfCheckPassed" in metrics else None
