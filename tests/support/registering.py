"""Accounts that are registered as the command line does it."""

from collections.abc import Mapping
from typing import Any

from rightstate.models.settings import Account
from rightstate_cli.aws import Caller
from rightstate_cli.hub.deployment import Hub
from rightstate_cli.tables.accounts_table import Registry


def hub_of(session: Any, account: str, region: str, stack: str, outputs: Mapping[str, str]) -> Hub:
    """The deployed hub, as the commands see it."""
    return Hub(
        Caller(session, account, f"arn:aws:iam::{account}:user/operator", region, "aws"), stack, outputs
    )


def register(hub: Hub, account: Account) -> None:
    """Write the account's settings anew, as often as its revision says."""
    registry = Registry(hub.settings)
    registry.remove(account.account)
    written = account.model_copy(update={"revision": 0})
    for _ in range(max(account.revision, 1)):
        written = registry.put(written)


def forget(hub: Hub, account: str) -> None:
    """Have no settings for the account any more."""
    Registry(hub.settings).remove(account)
