"""`rightstate accounts admit`."""

from typing import Annotated

import typer

from rightstate_cli.hub import admission, deployment
from rightstate_cli.hub.deployment import DEFAULT_STACK
from rightstate_cli.operations import admit_accounts
from rightstate_cli.terminal.options import FormatOption, HubRegionOption, StackOption, YesOption
from rightstate_cli.terminal.output import Format, print_json, print_line, say
from rightstate_cli.terminal.waiting import confirmed_change
from rightstate_cli.text import counted


def admit(
    accounts: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ACCOUNT]...",
            help="A registered account to list even if the organization may have it; repeatable.",
            show_default=False,
        ),
    ] = None,
    yes: YesOption = False,
    stack: StackOption = DEFAULT_STACK,
    hub_region: HubRegionOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Let the hub's event bus accept the events of the registered accounts, and of no others.

    `accounts add` and `accounts remove` do this for one account. This command repairs the list after they
    failed. A stack beside the hub's holds the list, and `sam deploy` does not touch it. Accounts of the
    organization that the hub accepts need no place in the list.

    - `rightstate accounts admit` lists each registered account outside the organization.
    - `rightstate accounts admit 444455556666` lists that account too.

    Exit codes: 0 the list is as it should be, 2 nothing was changed.
    """
    found = admit_accounts.prepare(deployment.find(stack, hub_region), accounts or ())
    if found.unknown:
        unknown = " ".join(found.unknown)
        say(
            f"Your credentials may not ask whether these are in the organization: {unknown}. If they are "
            f"not: `{admission.RECONCILE} {unknown}`."
        )
    if found.added or found.removed:
        added, removed = ", ".join(found.added) or "none", ", ".join(found.removed) or "none"
        say(f"Added to the list: {added}. Removed: {removed}.")
        if not confirmed_change(f"Change the stack {admission.name(found.hub)}?", yes):
            raise typer.Exit(2)
        found.run()
    if format is Format.JSON:
        print_json(
            {
                "accounts": list(found.wanted),
                "added": found.added,
                "removed": found.removed,
                "unknown": list(found.unknown),
            }
        )
    else:
        print_line(f"The hub accepts the events of {counted(len(found.wanted), 'account')} by number.")
