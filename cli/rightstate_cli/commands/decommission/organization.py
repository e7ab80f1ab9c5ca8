"""`rightstate decommission organization`."""

import typer

from rightstate_cli.hub.deployment import DEFAULT_STACK
from rightstate_cli.operations import decommission
from rightstate_cli.operations.decommission import Patience
from rightstate_cli.operations.organization import administered
from rightstate_cli.terminal.options import FormatOption, HubRegionOption, StackOption, YesOption
from rightstate_cli.terminal.output import Format, say
from rightstate_cli.terminal.parts import (
    INTERRUPTED,
    NowOption,
    WaitOption,
    confirmed_parts,
    is_nothing_left,
    print_end,
)
from rightstate_cli.terminal.stack_sets import (
    AdministratorOption,
    FailureToleranceOption,
    MaxConcurrentOption,
)
from rightstate_cli.terminal.waiting import shown_progress


def organization(
    max_concurrent: MaxConcurrentOption = 25,
    failure_tolerance: FailureToleranceOption = 100,
    wait: WaitOption = 30,
    now: NowOption = False,
    yes: YesOption = False,
    stack: StackOption = DEFAULT_STACK,
    hub_region: HubRegionOption = None,
    profile: AdministratorOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Forget the accounts that the StackSet has reached, delete its stacks, then the StackSet.

    After a failure or an interruption, run it again: it follows running operations and does what is left.

    Exit codes: 0 nothing is left, 1 something is left, 2 nothing was changed.
    """
    _, stack_set = administered(stack, hub_region, profile)
    try:
        with shown_progress() as stack_set.progress:
            found = decommission.prepare_organization(stack_set)
        if is_nothing_left(found.parts, f"StackSet {stack_set.name}", format):
            return
        title = f"Members of {stack} in {stack_set.organization.id}"
        if not confirmed_parts(title, found.parts, "Decommission the organization?", yes):
            raise typer.Exit(2)
        with shown_progress() as progress:
            stack_set.progress = progress
            done = found.run(max_concurrent, failure_tolerance, Patience(wait, now), progress)
    except KeyboardInterrupt:
        say(INTERRUPTED)
        raise typer.Exit(1) from None
    raise typer.Exit(print_end(found.parts, format, done))
