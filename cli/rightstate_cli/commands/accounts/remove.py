"""`rightstate accounts remove`."""

import typer

from rightstate_cli.operations import remove_account, workspace
from rightstate_cli.terminal.options import (
    AccountArgument,
    FormatOption,
    LedgerOption,
    OfHubOption,
    OfHubRegionOption,
    OfStackOption,
    YesOption,
)
from rightstate_cli.terminal.output import Format, print_json, print_line, say
from rightstate_cli.terminal.waiting import confirmed_change


def remove(
    account: AccountArgument,
    yes: YesOption = False,
    deployed: OfHubOption = False,
    stack: OfStackOption = None,
    hub_region: OfHubRegionOption = None,
    ledger: LedgerOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Forget an account: its resources are no longer looked at or changed.

    This deletes its settings, with the modes and parameters of its policies, and the subscriptions of its
    contacts. The hub no longer accepts its events. The stacks in the account stay.

    - `rightstate accounts remove 444455556666` shows what is deleted, and asks.

    Exit codes: 0 removed, 1 removed except for what is listed, 2 nothing was changed.
    """
    chosen = workspace.choose(deployed, stack, hub_region, ledger)
    removal = remove_account.prepare(chosen, account)
    say(removal.consequences)
    if not confirmed_change(f"Remove account {account} from {chosen.title}?", yes):
        raise typer.Exit(2)
    left = removal.run()
    for each in left:
        say(each)
    if format is Format.JSON:
        print_json({"account": account, "removed": True, "left": list(left)})
    else:
        print_line(f"Account {account} was removed.")
    raise typer.Exit(1 if left else 0)
