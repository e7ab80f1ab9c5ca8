"""Checks of stacks."""

from rightstate_cli.checks import Status
from tests.cli.checks.breaking import FAIL, with_member
from tests.support.template import HUB, STACK
from tests.support.world import MEMBER, World


def test_the_stack_that_lists_accounts_is_looked_at_like_the_hubs(world: World) -> None:
    stack = world.admit(MEMBER)
    assert {each.status for each in world.examine("V2", HUB)} == {Status.PASS}
    stack["StackStatus"] = "UPDATE_ROLLBACK_FAILED"
    [found] = [each for each in world.examine("V2", HUB) if each.status is FAIL]
    assert found.found == f"The stack {STACK}-admission is UPDATE_ROLLBACK_FAILED."
    assert found.fix == "rightstate accounts admit"


def test_a_stack_of_a_stack_set_is_found_by_whose_member_it_is(world: World) -> None:
    with_member(StackName="StackSet-rightstate-member-0a1b")(world)
    assert {each.status for each in world.examine("V2", MEMBER)} == {Status.PASS}
