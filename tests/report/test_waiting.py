"""What waits for an approval when a report is written."""

from pathlib import Path
from typing import Any

import pytest

from rightstate_cli.report.period import Chosen
from rightstate_cli.report.record import as_record
from rightstate_cli.report.waiting import Asked
from tests.report.conftest import entry, requested, written
from tests.support.ledgers import END


@pytest.mark.parametrize(
    ("given", "chosen", "waits"),
    [
        ({}, Chosen(), True),
        ({"outcome": "denied"}, Chosen(), False),
        ({"until": "2026-11-25T07:59:59.999Z"}, Chosen(), False),
        ({}, Chosen(accounts=("111122223333",)), True),
        ({}, Chosen(accounts=("222233334444",)), False),
        ({}, Chosen(since="2026-11-25T07:30:00.000Z"), True),
        ({}, Chosen(until="2026-11-25T07:30:00.000Z"), True),
        ({}, Chosen(until="2026-11-25T07:00:00.000Z"), False),
    ],
)
def test_a_request_waits_that_is_open_and_of_what_is_chosen(
    given: dict[str, Any], chosen: Chosen, waits: bool
) -> None:
    assert bool(Asked([requested(**given)]).waiting(chosen, END).requests) is waits


def test_an_execution_that_has_an_entry_waits_no_more() -> None:
    asked = Asked([requested(number=1), requested(number=2)])
    asked.add(as_record({**entry(outcome="remediated"), "execution": requested(number=1).execution}))
    assert [each.id for each in asked.waiting(Chosen(), END).requests] == ["ap-0000000002"]


@pytest.mark.parametrize(
    ("until", "day", "until_now"),
    [
        ("", "2026-11-25", True),
        ("2026-11-26T00:00:00.000Z", "2026-11-25", True),
        ("2026-11-25T00:00:00.000Z", "2026-11-24", False),
    ],
)
def test_only_in_a_period_that_goes_on_until_now_nothing_else_waits(
    until: str, day: str, until_now: bool
) -> None:
    found = Asked([]).waiting(Chosen(until=until), END)
    assert (found.day, found.until_now) == (day, until_now)


def test_the_token_of_a_request_is_in_no_file(tmp_path: Path) -> None:
    directory = written(tmp_path / "report", [entry()], requests=[requested()])
    assert "ap-0000000001" in (directory / "index.html").read_text()
    assert [each.name for each in directory.iterdir() if b"the-token" in each.read_bytes()] == []
