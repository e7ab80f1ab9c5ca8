"""Results of one cause are one row."""

import pytest

from rightstate_cli import checks
from rightstate_cli.checks import CheckResult, Result, Status
from rightstate_cli.checks.grouping import grouped

RULES, MEMBER = (next(each for each in checks.ALL if each.id == name) for name in ("V8", "V9"))


def disabled(number: int, fix: str = "enable {}") -> Result:
    name = f"rule-{number}"
    finding = CheckResult(Status.FAIL, f"{name} is off.", fix.format(name), "disabled rules", name)
    return Result(RULES, "111122223333", "eu-west-1", finding)


def shut_out(account: str, region: str) -> Result:
    return Result(MEMBER, account, region, CheckResult(Status.FAIL, "There is no stack.", f"add {account}"))


def test_findings_of_a_kind_are_counted_and_listed() -> None:
    [group] = grouped(disabled(number) for number in range(3))
    assert group.found == "3 disabled rules: rule-0, rule-1, rule-2."
    assert group.fix == "one by one, for rule-0: enable rule-0"
    assert group.where == ""


def test_a_long_list_is_cut_and_says_by_how_much() -> None:
    [group] = grouped(disabled(number) for number in range(36))
    assert group.found.startswith("36 disabled rules: rule-0, rule-1,")
    assert group.found.endswith(" and 24 more.")


def test_one_fix_for_all_is_shown_once() -> None:
    [group] = grouped(disabled(number, "sam deploy") for number in range(3))
    assert group.fix == "sam deploy"


def test_the_same_finding_in_several_places_is_one_row_with_the_places() -> None:
    places = [("1", "eu-west-1"), ("1", "us-east-1"), ("2", "")]
    [group] = grouped(shut_out(*place) for place in places)
    assert group.found == "There is no stack."
    assert group.where == "In 3 places: 1 eu-west-1, 1 us-east-1, 2."
    assert group.fix == "one by one, for 1 eu-west-1: add 1"


@pytest.mark.parametrize(
    "other",
    [
        CheckResult(Status.WARN, "rule-0 is off.", "", "disabled rules", "rule-0"),
        CheckResult(Status.FAIL, "rule-0 is off.", "", "missing rules", "rule-0"),
        CheckResult(Status.FAIL, "rule-0 is off."),
    ],
    ids=["another status", "another kind", "no kind"],
)
def test_other_causes_stay_apart(other: CheckResult) -> None:
    result = Result(RULES, "111122223333", "eu-west-1", other)
    assert [len(each.results) for each in grouped([disabled(0), result])] == [1, 1]


def test_a_finding_alone_keeps_its_sentence_and_its_fix() -> None:
    [group] = grouped([disabled(7)])
    assert (group.found, group.fix) == ("rule-7 is off.", "enable rule-7")
