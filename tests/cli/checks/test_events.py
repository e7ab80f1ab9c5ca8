"""Checks of an event's path: trails, rules, the bus."""

import json

from rightstate_cli.application import sam_template
from rightstate_cli.checks import Status
from tests.cli.checks.breaking import (
    QUEUE_RULE,
    SKIP,
    with_statement,
)
from tests.support.template import REGION, STACK
from tests.support.world import FAR, MEMBER, Refused, World


def test_a_member_for_some_types_is_compared_with_the_template_of_those(world: World) -> None:
    for outputs in (world.member_stacks[MEMBER, each]["Outputs"] for each in (REGION, FAR)):
        [types] = [each for each in outputs if each["OutputKey"] == "ResourceTypes"]
        types["OutputValue"] = "sqs-queue"
    world.install_member_rules("sqs-queue")
    [found] = world.examine("V9", MEMBER, FAR)
    assert (found.status, found.found) == (
        Status.PASS,
        "1 rule to the hub's bus, as in the template.",
    )


def test_a_member_of_an_account_in_the_list_is_admitted(world: World) -> None:
    with_statement(Condition={"StringEquals": {"aws:PrincipalAccount": [MEMBER]}})(world)
    assert {each.status for each in world.examine("V9")} == {Status.PASS, SKIP}


def test_the_quotas_are_awss_defaults_where_they_cannot_be_read(world: World) -> None:
    world.refuse["service-quotas:GetServiceQuota"] = Refused("AccessDeniedException")
    [found] = world.examine("V16")
    assert (found.status, " of 300 rules" in found.found) == (Status.PASS, True)


def test_the_organizations_trail_counts_where_only_its_owner_may_look_into_it(world: World) -> None:
    world.refuse["cloudtrail:GetEventSelectors"] = Refused("TrailNotFoundException")
    assert {each.status for each in world.examine("V7", MEMBER)} == {Status.PASS}


def test_the_rules_that_are_expected_are_those_of_the_template(world: World) -> None:
    """Of the deployed rules, as moto's CloudFormation renders them, none is left unlooked at."""
    # Those about findings are off unless the hub's parameter says otherwise.
    names = {f"{STACK}-{each}" for each in ("died-executions", "security-hub-findings", "config-findings")}
    for _, properties in sam_template.rules():
        names.add(properties["Name"]["Fn::Sub"].replace("${AWS::StackName}", STACK))
    assert names == set(world.rules)
    assert json.loads(world.rules[QUEUE_RULE]["EventPattern"])
