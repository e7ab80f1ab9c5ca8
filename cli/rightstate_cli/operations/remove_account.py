"""Forget an account: its settings, its contacts' subscriptions, and its place among the admitted accounts."""

from collections.abc import Sequence
from dataclasses import dataclass

from rightstate.errors import InvalidInput, RightstateError
from rightstate.models.settings import Account
from rightstate_cli.aws import checked_account
from rightstate_cli.hub import admission, contacts
from rightstate_cli.member import stacks as member_stacks
from rightstate_cli.operations import account_lines
from rightstate_cli.operations.workspace import Workspace
from rightstate_cli.text import counted


@dataclass(frozen=True)
class Removal:
    """What `prepare` found. `admitted` says whether the hub accepts the account's events by its number."""

    workspace: Workspace
    account: Account
    admitted: bool

    @property
    def consequences(self) -> str:
        """What is deleted and what stays, in sentences."""
        account, hub = self.account, self.workspace.hub
        what = f"{account_lines.title(account)} (policies: {account_lines.modes(account)})"
        goes = f"This deletes the settings of account {what}"
        if hub is None:
            return (
                f"{goes}, and its {counted(len(account.exemptions), 'exemption')}. The ledger keeps its "
                "entries. After that, `rightstate remediate` follows only its own options."
            )
        events = "Its events are no longer accepted. " if self.admitted else ""
        return (
            f"{goes}, and the subscriptions of {counted(len(account.contacts), 'contact')}. Nothing is "
            f"looked at or remediated there any more. {events}"
            f"The stacks {member_stacks.name(hub)} in the account stay until `rightstate decommission member "
            f"{account.account}`."
        )

    def run(self) -> Sequence[str]:
        """Forget the account. Returns a sentence for each thing that is left.

        Raises Denied and Unavailable if the settings cannot be deleted.
        """
        account = self.account.account
        self.workspace.registry.remove(account)
        hub = self.workspace.hub
        left: list[str] = []
        if hub is None:
            return left
        # Without settings, this operation cannot start again, so one failure must not stop the rest.
        try:
            contacts.unsubscribe(hub, account, self.account.contacts)
        except RightstateError as error:
            left.append(
                f"{error} End the subscriptions of {', '.join(self.account.contacts)} to "
                f"{hub.outputs['Notifications']} by hand."
            )
        if self.admitted:
            try:
                admission.dismiss(hub, account)
            except RightstateError as error:
                left.append(
                    f"The hub still accepts its events, and each ends rejected. {error} Try again with "
                    f"`{admission.RECONCILE}`."
                )
        return left


def prepare(workspace: Workspace, account: str) -> Removal:
    """What removing the account means. Raises InvalidInput, UnknownAccount, Denied, Unavailable."""
    found = workspace.registry.find(checked_account(account))
    if workspace.hub:
        found = found or workspace.registry.get(account)
        return Removal(workspace, found, account in admission.listed(workspace.hub))
    if found is None:
        raise InvalidInput(f"There are no settings of account {account}. Nothing was changed.")
    return Removal(workspace, found, admitted=False)
