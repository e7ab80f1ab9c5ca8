"""`rightstate accounts admit`: whose events the hub takes."""

from typing import Annotated

import typer

from rightstate.errors import InvalidInput
from rightstate_cli.aws import checked_account
from rightstate_cli.hub import admission
from rightstate_cli.hub import deployment as hub
from rightstate_cli.hub.deployment import DEFAULT_STACK
from rightstate_cli.tables.accounts_table import Registry
from rightstate_cli.terminal.options import FormatOption, HubRegionOption, StackOption, YesOption
from rightstate_cli.terminal.output import Format, ask, print_json, print_line, say
from rightstate_cli.text import counted


def admit(
    accounts: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ACCOUNT]...",
            help="A registered account to list even if it may be of the organization; repeatable.",
            show_default=False,
        ),
    ] = None,
    yes: YesOption = False,
    stack: StackOption = DEFAULT_STACK,
    hub_region: HubRegionOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Have the hub's event bus take the events of the accounts that are registered, and of no others.

    `accounts add` and `accounts remove` do this for one account; this command repairs what they could not do.
    The accounts are listed in a stack beside the hub's, which `sam deploy` leaves alone. Accounts of the
    organization that the hub takes events of need no place in the list.

    - `rightstate accounts admit` lists each registered account that is not of the organization.
    - `rightstate accounts admit 444455556666` lists that account too.

    Exit codes: 0 the list is as it should be, 2 nothing was changed.
    """
    at = hub.find(stack, hub_region)
    named = [checked_account(account) for account in accounts or ()]
    registered = {each.account for each in Registry(at.settings).all()}
    if strangers := sorted(set(named) - registered):
        raise InvalidInput(
            f"Account {strangers[0]} is not registered. Nothing was changed. Register it: `rightstate "
            f"accounts add {strangers[0]}`."
        )
    before = admission.listed(at)
    found, unknown = admission.reconciled(at, registered)
    wanted = list(dict.fromkeys([*found, *(each for each in named if each != at.account)]))
    if left := [account for account in unknown if account not in named]:
        say(
            f"Your credentials may not ask whether the organization has {', '.join(left)}. If it has not: "
            f"`{admission.RECONCILE} {' '.join(left)}`."
        )
    added = [each for each in wanted if each not in before]
    removed = [each for each in before if each not in wanted]
    if added or removed:
        say(f"Admitted from now on: {', '.join(added) or 'none'}. No longer: {', '.join(removed) or 'none'}.")
        answer = yes or ask(f"Change the stack {admission.name(at)}?")
        if answer is None:
            raise InvalidInput("Nothing was changed: nobody confirmed it. In a script, give --yes.")
        if not answer:
            say("Nothing was changed.")
            raise typer.Exit(2)
        admission.set_accounts(at, wanted)
    if format is Format.JSON:
        print_json({"accounts": wanted, "added": added, "removed": removed, "unknown": left})
    else:
        print_line(f"The hub takes the events of {counted(len(wanted), 'account')} by number.")
