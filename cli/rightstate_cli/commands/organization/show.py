"""`rightstate organization show`."""

import typer

from rightstate_cli.hub.deployment import DEFAULT_STACK
from rightstate_cli.operations import organization
from rightstate_cli.terminal.options import FormatOption, HubRegionOption, StackOption
from rightstate_cli.terminal.output import Format, say
from rightstate_cli.terminal.stack_sets import AdministratorOption, print_stack_set


def show(
    stack: StackOption = DEFAULT_STACK,
    hub_region: HubRegionOption = None,
    profile: AdministratorOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Show the StackSet, and its stack in each account and region.

    Exit codes: 0 every stack is as wanted, 1 one is not, 2 could not tell.
    """
    _, stack_set = organization.administered(stack, hub_region, profile)
    found, instances = stack_set.get(), stack_set.instances()
    print_stack_set(stack_set, found, instances, format)
    if not all(each.well for each in instances):
        say("`rightstate organization deploy` without options tries again what failed.")
        raise typer.Exit(1)
