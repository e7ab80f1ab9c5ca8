"""The way of an execution, drawn from its history and its definition."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from rightstate_cli.application import sam_template
from rightstate_cli.executions import executions
from rightstate_cli.executions.executions import Execution
from rightstate_cli.terminal.timeline import drawing, fits

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
ARN = "arn:aws:states:eu-west-1:111122223333:execution:rightstate-s3-bucket:x"


class States:
    """Step Functions' answer to GetExecutionHistory: what happened, and so many seconds after the start."""

    def __init__(self, *happened: tuple[float, str, str]) -> None:
        self._events = [_event(*each) for each in happened]

    def get_paginator(self, name: str) -> "States":
        return self

    def paginate(self, **given: Any) -> list[dict[str, Any]]:
        return [{"events": self._events}]


def _event(after: float, kind: str, what: str) -> dict[str, Any]:
    details: dict[str, Any] = {
        "TaskStateEntered": {"stateEnteredEventDetails": {"name": what, "input": "{}"}},
        "TaskFailed": {"taskFailedEventDetails": {"error": what}},
        "TaskTimedOut": {"taskTimedOutEventDetails": {"error": what}},
    }.get(kind, {})
    return {"timestamp": NOON + timedelta(seconds=after), "type": kind, **details}


def read(*happened: tuple[float, str, str], status: str = "FAILED") -> Execution:
    described: dict[str, Any] = {
        "executionArn": ARN,
        "name": "x",
        "status": status,
        "input": "{}",
        "startDate": NOON,
        **({} if status == "RUNNING" else {"stopDate": NOON + timedelta(minutes=1)}),
    }
    return executions.read(States(*happened), described, "s3-bucket")


def drawn(execution: Execution) -> list[str]:
    """The lines, without what draws the tree."""
    console = Console(width=200)
    with console.capture() as captured:
        console.print(drawing(execution, sam_template.definition()))
    return [line.lstrip("│├└─ ").rstrip() for line in captured.get().splitlines()]


BUSY = [
    (0, "TaskStateEntered", "Describe"),
    (1, "TaskScheduled", ""),
    (2, "TaskFailed", "NotReady"),
    (17, "TaskScheduled", ""),
    (18, "TaskTimedOut", "States.Timeout"),
    (28, "TaskScheduled", ""),
]


def test_retries_are_counted_and_the_waits_between_them_shown() -> None:
    lines = drawn(read(*BUSY, (29, "TaskSucceeded", ""), (29, "TaskStateExited", "")))
    at = lines.index("Describe  29.00 s")
    assert lines[at + 1 : at + 4] == [
        "1 x NotReady",
        "1 x States.Timeout",
        "tried again 2 times, 25.00 s of waiting",
    ]


def test_an_error_that_ended_the_state_was_not_tried_again_and_shows_where_it_led() -> None:
    lines = drawn(read(*BUSY, (29, "TaskFailed", "Denied"), (29, "TaskStateEntered", "Notify and record")))
    at = lines.index("Describe  29.00 s")
    assert lines[at + 1] == "-> Notify and record"
    assert "1 x Denied" in lines
    assert "tried again 2 times, 25.00 s of waiting" in lines


def test_what_was_not_entered_says_so_and_what_is_still_in_a_state_too() -> None:
    lines = drawn(read(*BUSY, status="RUNNING"))
    assert "Describe  28.00 s, still in it" in lines
    assert {"Apply, not entered", "Verify, not entered", "Not recorded, not entered"} <= set(lines)


def test_a_state_that_is_entered_again_is_drawn_once() -> None:
    lines = drawn(read((0, "TaskStateEntered", "Describe"), (2, "TaskStateEntered", "Describe")))
    assert [line for line in lines if line.startswith("Describe")] == ["Describe  0.00 s, entered 2 times"]


def test_every_state_of_the_definition_is_drawn_once() -> None:
    lines = drawn(read((0, "TaskStateEntered", "Resolve")))
    for name in sam_template.definition()["States"]:
        assert [line.split(",")[0].split("  ")[0] for line in lines].count(name) == 1


@pytest.mark.parametrize(("state", "fitting"), [("Describe", True), ("A state of another version", False)])
def test_a_definition_of_other_states_is_not_drawn(state: str, fitting: bool) -> None:
    assert fits(read((0, "TaskStateEntered", state)), sam_template.definition()) is fitting
