"""A verification: which checks run, for which accounts, and with what they look."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rightstate.errors import InvalidInput, SettingsUnreadable
from rightstate.models.settings import Account
from rightstate_cli import checks
from rightstate_cli.checks import Check, Clients, Result
from rightstate_cli.hub.deployment import Hub
from rightstate_cli.tables.accounts_table import Registry


@dataclass(frozen=True)
class Verification:
    """The checks to run. `registered` has every account of the hub, or why its settings cannot be read."""

    hub: Hub
    checks: Sequence[Check]
    registered: Mapping[str, Account | SettingsUnreadable]
    accounts: Sequence[str]
    clients: Clients

    def run(self) -> Iterator[Result]:
        """The results, in the order of the checks. An error of a check is a result too."""
        return checks.run(self.checks, self.hub, self.registered, self.clients, self.accounts)


def prepare(
    hub: Hub, names: Sequence[str], accounts: Sequence[str], inspect_role: str | None, canary: bool
) -> Verification:
    """The checks of those ids for those accounts; all of them if none is named.

    Raises InvalidInput, UnknownAccount, Denied, Unavailable.
    """
    chosen = checks.chosen(names)
    if inspect_role and inspect_role.startswith("arn:"):
        raise InvalidInput("--inspect-role takes a role's name, the same in each account, not an ARN.")
    registry = Registry(hub.settings)
    registered = dict(registry.understood())
    for account in accounts:
        if account not in registered:
            registry.get(account)
    return Verification(hub, chosen, registered, accounts, Clients(hub, inspect_role, canary))
