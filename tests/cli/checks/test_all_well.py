"""Where all is well, nothing is warned of."""

import pytest

from rightstate_cli import checks
from rightstate_cli.checks import CheckResult, Status
from tests.cli.checks.breaking import SKIP
from tests.support.world import MEMBER, World

IDS = list(dict.fromkeys(each.id for each in checks.ALL))


@pytest.mark.parametrize("check", IDS)
def test_where_all_is_well_nothing_is_warned_of(world: World, check: str) -> None:
    found = world.examine(check, account="")
    assert {each.status for each in found} <= {Status.PASS, SKIP}
    assert found


def test_where_all_is_well_only_what_does_not_apply_is_skipped(world: World) -> None:
    skipped = [
        each.found for check in IDS for each in world.examine(check, account="") if each.status is SKIP
    ]
    assert skipped == [
        "The hub gets the events of its own region without forwarding.",
        "The functions run outside a VPC and need no endpoints.",
    ]


def test_a_finding_that_is_well_needs_no_fix(world: World) -> None:
    passes: list[CheckResult] = [
        each for check in IDS for each in world.examine(check, MEMBER) if each.status is Status.PASS
    ]
    assert [each for each in passes if each.fix] == []
