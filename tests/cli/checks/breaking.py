"""Ways to break a world in which all is well."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from rightstate.guarding.guards import Halt
from rightstate.models.settings import Account, Enabled, Exemption
from rightstate.policy import Mode
from rightstate_cli.checks import Status
from tests.support.template import REGION, STACK
from tests.support.world import FAR, MEMBER, ROLE, World

QUEUE_RULE = f"{STACK}-sqs-queue"
ROLE_ARN = f"arn:aws:iam::{MEMBER}:role/{ROLE}"

Break = Callable[[World], None]
Problem = tuple[str, str, Break, Status, str, str]
"""Check, what is broken, how, the status of the finding, a part of what it says, a part of its fix."""


def changed(attribute: str, value: Any) -> Break:
    return lambda world: setattr(world, attribute, value)


def at(attribute: str, *path: Any, to: Any) -> Break:
    """Sets one item inside an attribute."""

    def change(world: World) -> None:
        found = getattr(world, attribute)
        for key in path[:-1]:
            found = found[key]
        found[path[-1]] = to

    return change


def without(attribute: str, *path: Any) -> Break:
    def change(world: World) -> None:
        found = getattr(world, attribute)
        for key in path[:-1]:
            found = found[key]
        del found[path[-1]]

    return change


def with_settings(**update: Any) -> Break:
    """Changes the member's settings."""

    def change(world: World) -> None:
        account = world.accounts[MEMBER]
        assert isinstance(account, Account)
        world.accounts[MEMBER] = account.model_copy(update=update)

    return change


QUEUE = f"{MEMBER}/{REGION}/sqs-queue/orders"
HALTED = Halt(policy="sqs-server-side-encryption", since="noon", execution="e", applies=5)


def exemption(**given: Any) -> Exemption:
    return Exemption.model_validate(
        {
            "id": "ex-1a2b3c4d",
            "reason": "Legacy import",
            "approver": "ana@example.com",
            "created": "2026-01-01T00:00:00Z",
            "until": "2099-01-01T00:00:00Z",
            **given,
        }
    )


def with_trust(change: Callable[[dict[str, Any]], Any]) -> Break:
    """Changes the statement of the role's trust policy."""
    return lambda world: change(world.trusts[ROLE]["Statement"][0]) and None


def with_statement(**update: Any) -> Break:
    """Changes the statement of the bus's policy."""

    def change(world: World) -> None:
        assert world.bus
        world.bus["Statement"][0].update(update)

    return change


def with_member(**update: Any) -> Break:
    return lambda world: world.member_stacks[MEMBER, FAR].update(update)


def a_rule(world: World) -> dict[str, Any]:
    return world.member_rules[MEMBER, FAR]["Calls1"]


def on_all_but_the_home_region(world: World) -> None:
    world.regions = [FAR]
    passwords = {"iam-password-policy-uppercase": Enabled(mode=Mode.REPORT)}
    with_settings(regions=(FAR,), policies=passwords)(world)


ENTRY_OF_SOME_ACCOUNTS = {"StringEquals": {"aws:PrincipalAccount": ["111111111111"]}}
EXPIRES = SimpleNamespace(_expiry_time=datetime.now(UTC) + timedelta(minutes=2))
WARN, FAIL, SKIP = Status.WARN, Status.FAIL, Status.SKIP
