"""Checks of accounts and their organization."""

from rightstate_cli.checks import Status
from tests.cli.checks.breaking import FAIL, with_settings
from tests.support.template import REGION
from tests.support.world import FAR, MEMBER, World


def test_the_hub_needs_no_organization(world: World) -> None:
    del world.outputs["OrganizationId"]
    assert "The hub accepts no organization." in [each.found for each in world.examine("V21")]
    assert "organizations:ListAccounts" not in world.asked


def test_an_account_that_the_hub_admits_by_its_number_need_not_be_of_the_organization(world: World) -> None:
    del world.organization_accounts[MEMBER]
    world.admit(MEMBER)
    assert {each.status for each in world.examine("V21")} == {Status.PASS}


def test_the_command_that_installs_a_member_names_all_regions_of_the_account(world: World) -> None:
    with_settings(regions=(FAR, REGION))(world)
    del world.member_stacks[MEMBER, FAR]
    [fix] = [each.fix for each in world.examine("V2", MEMBER, FAR) if each.status is FAIL]
    assert f"rightstate accounts add {MEMBER} --install --region {FAR} --region {REGION} --profile" in fix
