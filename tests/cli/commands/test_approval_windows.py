"""The window of an approval, as it is given on the command line."""

from datetime import UTC, datetime, timedelta

import pytest

from rightstate.clock import written
from rightstate.errors import InvalidInput
from rightstate_cli.operations.requests import Window
from rightstate_cli.terminal.requests import window_of


def in_hours(hours: float) -> str:
    return (datetime.now(UTC) + timedelta(hours=hours)).isoformat(timespec="minutes")


def test_it_has_a_beginning_and_an_end_in_utc() -> None:
    begins = datetime.fromisoformat(in_hours(3))
    elsewhere = begins.astimezone(tz=None).isoformat()
    assert window_of(f"{elsewhere}/2h") == Window(written(begins), written(begins + timedelta(hours=2)))


def test_without_one_it_is_at_once() -> None:
    assert window_of(None) == Window()


@pytest.mark.parametrize(
    "given",
    [
        "tonight",
        "2h",
        in_hours(1),
        f"{in_hours(1)}/",
        f"{in_hours(1)}/soon",
        f"{in_hours(1)[:16]}/2h",
        f"{in_hours(-3)}/2h",
        f"{in_hours(24 * 8)}/2h",
        f"{in_hours(1)}/0m",
    ],
    ids=[
        "word",
        "length",
        "no length",
        "empty",
        "no unit",
        "no zone",
        "over",
        "too far",
        "ends as it begins",
    ],
)
def test_what_is_none_that_can_be_waited_for_is_refused(given: str) -> None:
    with pytest.raises(InvalidInput, match="Nothing was decided"):
        window_of(given)
