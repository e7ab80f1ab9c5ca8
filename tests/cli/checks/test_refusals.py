"""What a check says that may not look, or meets an error."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from rightstate.errors import SettingsUnreadable
from rightstate_cli import checks
from rightstate_cli.checks import Status
from tests.cli.checks.breaking import FAIL, SKIP
from tests.support.template import HUB
from tests.support.world import FAR, MEMBER, Refused, World

IDS = list(dict.fromkeys(each.id for each in checks.ALL))


@pytest.mark.parametrize("check", ["V2", "V3", "V4", "V6", "V7", "V9", "V18", "V23"])
def test_without_a_role_to_inspect_with_another_account_is_skipped(world: World, check: str) -> None:
    found = world.examine(
        check, MEMBER, region=FAR if check in ("V2", "V3", "V7", "V9", "V23") else "", inspect=False
    )
    theirs = [each for each in found if "your credentials are not for" in each.found.lower()]
    assert theirs and {each.status for each in theirs} == {SKIP}
    assert all("--inspect-role" in each.fix for each in theirs)


def test_the_own_account_needs_no_role_to_inspect_with(world: World) -> None:
    for check in ("V4", "V6", "V7", "V18"):
        assert [each.status for each in world.examine(check, HUB, inspect=False)] == [Status.PASS]


def test_a_role_to_inspect_with_that_does_not_trust_the_user_is_named(world: World) -> None:
    world.refuse["sts:AssumeRole"] = Refused("AccessDenied")
    [found] = world.examine("V4", MEMBER)
    assert (found.status, f"arn:aws:iam::{MEMBER}:role/reader" in found.found) == (SKIP, True)


def test_what_was_found_before_a_refusal_is_told_as_well(world: World) -> None:
    world.waiting = 1
    world.refuse["cloudwatch:GetMetricData"] = Refused("AccessDenied")
    lost, skipped = world.examine("V17")
    assert (lost.status, "1 event in the dead-letter queue." in lost.found) == (FAIL, True)
    assert (skipped.status, "GetMetricData" in skipped.found) == (SKIP, True)


def _asked(check: str) -> Iterator[str]:
    world = World()
    world.examine(check, MEMBER)
    yield from dict.fromkeys(world.asked)


@pytest.mark.parametrize("check", [each for each in IDS if each not in ("V1", "V5", "V15")])
def test_a_missing_permission_is_named_and_skips_the_check(check: str) -> None:
    for operation in _asked(check):
        world = World()
        action = operation.replace("stepfunctions:", "states:")
        world.refuse[operation] = Refused(
            "AccessDeniedException", f"User: x is not authorized to perform: {action} on resource: y"
        )
        found = world.examine(check, MEMBER)
        assert {each.status for each in found} <= {Status.PASS, SKIP}
        named = [each for each in found if action in each.found]
        assert named or operation in (
            "service-quotas:GetServiceQuota",
            "cloudtrail:GetEventSelectors",
            "sts:AssumeRole",
        )


def test_who_may_not_have_the_hub_try_a_role_is_told(world: World) -> None:
    world.refuse["lambda:Invoke"] = Refused("AccessDeniedException")
    [found] = world.examine("V5", MEMBER)
    assert (found.status, "Invoke was answered with AccessDeniedException" in found.found) == (SKIP, True)


@pytest.mark.parametrize(
    ("refused", "said"),
    [
        (Refused("InternalError"), "ListSubscriptionsByTopic failed with InternalError."),
        (EndpointConnectionError(endpoint_url="x"), "AWS does not answer (EndpointConnectionError)."),
        (ValueError("never shown"), "Rightstate met an error that it did not foresee: ValueError"),
    ],
    ids=["AWS's", "the network's", "its own"],
)
def test_an_error_that_nobody_foresaw_fails_that_check_and_no_other(
    world: World, refused: Any, said: str
) -> None:
    world.refuse["sns:ListSubscriptionsByTopic"] = refused
    [found] = world.examine("V14")
    assert (found.status, found.found.startswith(f"The check failed. {said}")) == (FAIL, True)
    assert "never shown" not in found.found
    assert {each.status for each in world.examine("V19")} == {Status.PASS}


def test_settings_that_are_not_understood_skip_the_accounts_other_checks(world: World) -> None:
    world.accounts[MEMBER] = SettingsUnreadable("not understood")
    for check in ("V4", "V5", "V6", "V18"):
        [found] = world.examine(check, MEMBER)
        assert (found.status, "V15 says why" in found.found) == (SKIP, True)
