"""Checks of the running hub."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rightstate.clock import written
from rightstate_cli.checks import Status
from tests.support.template import STACK
from tests.support.world import World


def entry(outcome: str, hours: float = 1) -> dict[str, Any]:
    """A ledger entry of an execution that started so many hours ago."""
    at = written(datetime.now(UTC) - timedelta(hours=hours))
    return {"resource": "1/eu-west-1/sqs-queue/q", "at": f"{at}#x", "execution": "x", "outcome": outcome}


def test_the_oldest_event_that_waits_is_shown(world: World) -> None:
    world.waiting = 2
    world.metrics[f"ApproximateAgeOfOldestMessage {STACK}-undelivered-events"] = 3725.0
    [found] = world.examine("V17")
    assert "the oldest has been there for 1:02:05." in found.found


@pytest.mark.parametrize(
    ("entries", "status", "text"),
    [
        (
            [],
            Status.SKIP,
            "No data: neither CloudWatch nor the ledger has an execution",
        ),
        ([entry("compliant", 30)], Status.SKIP, "No data: neither CloudWatch"),
        ([entry("compliant")], Status.PASS, "CloudWatch has no data. Of the last 1 ledger entry"),
        (
            [entry("compliant"), entry("failed"), entry("died")],
            Status.WARN,
            "3 ledger entries of 24 hours",
        ),
    ],
    ids=["nothing", "an old entry", "a good entry", "failures"],
)
def test_without_data_in_cloudwatch_the_ledger_is_read_and_nothing_is_no_good_news(
    world: World, entries: list[dict[str, Any]], status: Status, text: str
) -> None:
    world.metrics.clear()
    world.entries = entries
    [found] = world.examine("V17")
    assert (found.status, text in found.found) == (status, True), found
    assert bool(found.fix) is (status is not Status.PASS)


def test_with_data_in_cloudwatch_the_ledger_is_not_read(world: World) -> None:
    assert [each.status for each in world.examine("V17")] == [Status.PASS]
    assert "dynamodb:Query" not in world.asked
