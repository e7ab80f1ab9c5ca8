"""What waits for an approval when a report is written."""

from pathlib import Path
from typing import Any

import pytest

from rightstate.models.decision import Outcome
from rightstate.policy import Mode
from rightstate_cli.report.period import Chosen
from rightstate_cli.report.record import as_record
from rightstate_cli.report.waiting import Asked
from tests.cli.report.conftest import written
from tests.support import endings
from tests.support.ledgers import END
from tests.support.requests import TOKEN, requested

APPROVING = {"s3-versioning": Mode.APPROVE}


@pytest.mark.parametrize(
    ("given", "chosen", "waits"),
    [
        ({}, Chosen(), True),
        ({"closed": Outcome.DENIED}, Chosen(), False),
        ({"asked_at": "2026-11-24T07:59:59.999Z"}, Chosen(), False),
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
    ended = endings.ended(observed=endings.BUCKET, policies=APPROVING, answer="approved", name="asks-1")
    assert ended["execution"] == requested(number=1).execution
    asked.add(as_record(ended))
    assert asked.waiting(Chosen(), END).requests == (requested(number=2),)


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
    directory = written(tmp_path / "report", [endings.ended()], requests=[requested()])
    assert requested().token == TOKEN
    assert requested().id in (directory / "index.html").read_text()
    assert [each.name for each in directory.iterdir() if TOKEN.encode() in each.read_bytes()] == []
