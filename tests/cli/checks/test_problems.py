"""Each problem is found, with its status, its text and its fix."""

import pytest

from rightstate_cli import checks
from rightstate_cli.checks import Status
from tests.cli.checks.breaking import SKIP, Break
from tests.cli.checks.problems import PROBLEMS
from tests.support.world import MEMBER, World

IDS = list(dict.fromkeys(each.id for each in checks.ALL))


@pytest.mark.parametrize(
    ("check", "break_it", "status", "said", "fix"),
    [pytest.param(check, *rest, id=f"{check}: {what}") for check, what, *rest in PROBLEMS],
)
def test_each_problem_is_found_with_its_fix(
    world: World, check: str, break_it: Break, status: Status, said: str, fix: str
) -> None:
    break_it(world)
    found = [each for each in world.examine(check, MEMBER) if each.status not in (Status.PASS, SKIP)]
    assert {each.status for each in found} == {status}
    assert [each for each in found if said in each.found and fix in each.fix], found


def test_every_check_has_been_seen_to_find_something() -> None:
    assert {check for check, *_ in PROBLEMS} == set(IDS)
