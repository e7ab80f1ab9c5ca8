"""What a page shows while the ledger is being read, and of work that has ended."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import pytest

from rightstate_cli.console import work
from rightstate_cli.console.work import State, Work
from rightstate_cli.report import standing
from tests.cli.console.conftest import OWN
from tests.support import console
from tests.support.console import Browsing, text
from tests.support.server import Server

__all__ = ["Server"]


@pytest.fixture
def blank(server: Server, tmp_path: Path) -> Iterator[Browsing]:
    """The console of a ledger with nothing in it."""
    with console.opened(tmp_path / "ledger.sqlite") as found:
        yield found


def test_a_change_made_here_shows_at_once_while_a_large_ledger_is_read(
    blank: Browsing, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "of 0 in force" in text(blank.get("/"))
    end, read = Event(), standing.read

    def slowly(*given: object) -> standing.Standing:
        end.wait(30)
        return read(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(standing, "read", slowly)
    day = f"{datetime.now(UTC) + timedelta(days=3):%Y-%m-%d}"
    form = {"account": OWN, "until": day, "reason": "Move", "approver": "ana", "agreed": "yes"}
    blank.post("/exemptions/add", form)
    shown = text(blank.get("/"))
    assert "Exemptions ending 1 within 14 days, of 1 in force" in shown
    assert "and being read again" in shown
    end.set()
    assert blank.console.known.standing(patience=30)
    assert "Exemptions ending 1 within 14 days, of 1 in force" in text(blank.get("/"))


def test_a_page_shows_one_moment_of_work_that_ends_while_it_is_made() -> None:
    going = Work("1", "plan", "Plan", "rightstate plan")
    going.progressed(1, 2, "orders")
    shown = going.at_this_moment()
    going.progressed(2, 2, "invoices")
    going.say("It ended.")
    going.state = State.DONE
    assert (shown.running, shown.done, list(shown.recent), shown.said) == (True, 1, ["orders"], [])


def test_work_that_ended_long_ago_is_not_kept_and_the_page_says_so(
    blank: Browsing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "KEPT", 2)
    works = blank.console.works

    def begun() -> Work:
        made = works.begin("checks", "Checks", "rightstate verify", lambda work: None)
        while made.running:
            made.stop.wait(0.01)
        return made

    first, *_ = [begun() for _ in range(4)]
    assert "1 that ended before is not listed" in text(blank.get("/work"))
    answer = blank.client.get(f"/work/{first.id}")
    assert (answer.status_code, "What it did is in the executions" in text(answer.text)) == (400, True)
