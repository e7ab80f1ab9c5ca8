"""The executions that `verify --canary` starts."""

import pytest

from rightstate_cli.checks import Status
from tests.cli.checks.breaking import SKIP
from tests.support.template import HUB, REGION
from tests.support.world import MEMBER, World


@pytest.mark.parametrize("check", ["V12", "V13"])
def test_nothing_is_started_unless_asked_for(world: World, check: str) -> None:
    [found] = world.examine(check, canary=False)
    assert (found.status, found.fix) == (SKIP, "rightstate verify --canary")
    assert world.asked == []


def test_the_canary_waits_for_the_hubs_own_account_to_be_registered(world: World) -> None:
    del world.accounts[HUB]
    [found] = world.examine("V12", MEMBER)
    assert (found.status, found.fix) == (SKIP, f"rightstate accounts add {HUB}")
    assert "events:PutEvents" not in world.asked


def test_the_canary_is_not_taken_for_an_execution_of_another_event(world: World) -> None:
    for given in ('{"event": {"id": "another"}}', '{"resource": "started-by-hand"}'):
        world.execute(f"arn:aws:states:{REGION}:{HUB}:execution:x:{len(given)}", given, world.stranger)
    [found] = world.examine("V12")
    assert found.status is Status.PASS
