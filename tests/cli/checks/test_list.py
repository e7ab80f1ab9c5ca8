"""The list of checks."""

import pytest

from rightstate.errors import InvalidInput
from rightstate_cli import checks

IDS = list(dict.fromkeys(each.id for each in checks.ALL))


def test_every_check_says_what_it_proves_and_what_mends_it() -> None:
    assert [each.id for each in checks.ALL if not (each.title and each.proves and each.fixed_by)] == []


def test_the_checks_are_numbered_without_a_gap() -> None:
    assert [f"V{number}" for number in range(1, 26)] == IDS


def test_a_check_that_there_is_not_is_answered_with_those_that_there_are() -> None:
    with pytest.raises(InvalidInput, match=r"no check .V99.*V1, V2,.*V24"):
        checks.chosen(["V5", "V99"])


def test_checks_are_chosen_by_id_in_any_case() -> None:
    assert {each.id for each in checks.chosen(["v5", "V14"])} == {"V5", "V14"}
