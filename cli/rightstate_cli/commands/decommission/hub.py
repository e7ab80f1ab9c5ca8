"""`rightstate decommission hub`."""

from typing import Annotated

import typer

from rightstate_cli.aws import sign_in
from rightstate_cli.hub.deployment import DEFAULT_STACK
from rightstate_cli.operations import decommission
from rightstate_cli.operations.decommission import Patience
from rightstate_cli.terminal.options import (
    FormatOption,
    HubRegionOption,
    StackOption,
    YesOption,
    optional,
)
from rightstate_cli.terminal.output import Format, say
from rightstate_cli.terminal.parts import (
    INTERRUPTED,
    NowOption,
    RegionsOption,
    WaitOption,
    confirmed_parts,
    is_nothing_left,
    print_end,
)
from rightstate_cli.terminal.waiting import shown_progress


def hub(
    regions: RegionsOption = None,
    delete_settings: Annotated[
        bool, typer.Option("--delete-settings", help="Delete the settings table too.")
    ] = False,
    delete_ledger: Annotated[bool, typer.Option("--delete-ledger", help="Delete the ledger too.")] = False,
    wait: WaitOption = 30,
    now: NowOption = False,
    yes: YesOption = False,
    stack: StackOption = DEFAULT_STACK,
    hub_region: HubRegionOption = None,
    profile: Annotated[str | None, optional("NAME", "AWS profile of the hub's account.")] = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Delete the hub's stack, and the stacks of its own account as a member.

    The settings table and the ledger stay, unless you say otherwise. It refuses while other accounts are
    registered. It disables the rules, waits for the running executions, then deletes. After an interruption,
    run it again.

    Exit codes: 0 nothing is left but what stays, 1 something is left, 2 nothing was changed.
    """
    caller = sign_in(hub_region, profile)
    found = decommission.prepare_hub(caller, stack, regions or (), delete_settings, delete_ledger)
    if is_nothing_left(found.parts, f"hub {stack}", format):
        return
    title = f"Hub {stack} in account {caller.account}, {caller.region}"
    if not confirmed_parts(title, found.parts, f"Decommission {stack}?", yes):
        raise typer.Exit(2)
    try:
        with shown_progress() as progress:
            done = found.run(Patience(wait, now), progress)
    except KeyboardInterrupt:
        say(INTERRUPTED)
        raise typer.Exit(1) from None
    raise typer.Exit(print_end(found.parts, format, done))
