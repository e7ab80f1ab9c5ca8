"""Let the hub's event bus accept events of the registered accounts, and of no others."""

from collections.abc import Sequence
from dataclasses import dataclass

from rightstate.errors import InvalidInput
from rightstate_cli.aws import checked_account
from rightstate_cli.hub import admission
from rightstate_cli.hub.deployment import Hub
from rightstate_cli.tables.accounts_table import Registry


@dataclass(frozen=True)
class Reconciliation:
    """The accounts to admit by their number, those already admitted, and those that cannot be decided.

    AWS does not tell these credentials whether the organization has the accounts in `unknown`.
    """

    hub: Hub
    wanted: Sequence[str]
    before: Sequence[str]
    unknown: Sequence[str]

    @property
    def added(self) -> list[str]:
        return [each for each in self.wanted if each not in self.before]

    @property
    def removed(self) -> list[str]:
        return [each for each in self.before if each not in self.wanted]

    def run(self) -> None:
        """Admit the wanted accounts. Raises CallFailed, Denied, Unavailable."""
        admission.set_accounts(self.hub, list(self.wanted))


def prepare(hub: Hub, accounts: Sequence[str]) -> Reconciliation:
    """Which accounts to admit: the registered ones outside the organization, and those named.

    Raises InvalidInput if one of those named is not registered; Denied, Unavailable.
    """
    named = [checked_account(account) for account in accounts]
    registered = {each.account for each in Registry(hub.settings).all()}
    if strangers := sorted(set(named) - registered):
        raise InvalidInput(
            f"Account {strangers[0]} is not registered. Nothing was changed. Register it: `rightstate "
            f"accounts add {strangers[0]}`."
        )
    found, unknown = admission.reconciled(hub, registered)
    wanted = list(dict.fromkeys([*found, *(each for each in named if each != hub.account)]))
    return Reconciliation(hub, wanted, admission.listed(hub), [each for each in unknown if each not in named])
