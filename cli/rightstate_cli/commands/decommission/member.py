"""`rightstate decommission member`."""

from typing import Annotated

import typer

from rightstate_cli.hub.deployment import DEFAULT_STACK
from rightstate_cli.operations import decommission
from rightstate_cli.operations.decommission import Patience
from rightstate_cli.terminal.options import (
    AccountArgument,
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


def member(
    account: AccountArgument,
    regions: RegionsOption = None,
    profile: Annotated[
        str | None, optional("NAME", "AWS profile of the member's account. Left out: the hub's credentials.")
    ] = None,
    wait: WaitOption = 30,
    now: NowOption = False,
    yes: YesOption = False,
    stack: StackOption = DEFAULT_STACK,
    hub_region: HubRegionOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Forget an account, and delete the stacks that it has as a member.

    First it deletes the account's settings, so nothing starts there any more. After the running executions
    have ended, it deletes the stacks; the one with the role is the last. Resources that were changed stay
    changed. After an interruption, run it again. For a closed account, use `rightstate accounts remove`.

    Exit codes: 0 nothing is left, 1 something is left, 2 nothing was changed.
    """
    found = decommission.prepare_member(stack, hub_region, account, regions or (), profile)
    if is_nothing_left(found.parts, f"member {account}", format):
        return
    if not confirmed_parts(
        f"Member {account} of {stack}", found.parts, f"Decommission account {account}?", yes
    ):
        raise typer.Exit(2)
    try:
        with shown_progress() as progress:
            done = found.run(Patience(wait, now), progress)
    except KeyboardInterrupt:
        say(INTERRUPTED)
        raise typer.Exit(1) from None
    raise typer.Exit(print_end(found.parts, format, done))
