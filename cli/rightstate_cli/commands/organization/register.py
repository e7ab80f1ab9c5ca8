"""`rightstate organization register`."""

from dataclasses import asdict

import typer

from rightstate_cli.hub.deployment import DEFAULT_STACK
from rightstate_cli.operations import organization
from rightstate_cli.terminal.options import FormatOption, HubRegionOption, StackOption
from rightstate_cli.terminal.output import Format, print_json, print_table, say
from rightstate_cli.terminal.stack_sets import AdministratorOption
from rightstate_cli.text import counted


def register(
    stack: StackOption = DEFAULT_STACK,
    hub_region: HubRegionOption = None,
    profile: AdministratorOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Register the accounts in which the StackSet has installed members, with no policy enabled.

    Registered accounts keep their settings. After an upgrade of the StackSet, their role that reads is added.
    Run it again whenever accounts have joined or were upgraded.

    Exit codes: 0 every account of the StackSet is registered, 1 one is not or one has left the organization,
    2 could not tell.
    """
    results = organization.register(*organization.administered(stack, hub_region, profile))
    if format is Format.JSON:
        print_json([asdict(each) for each in results])
    else:
        print_table(
            counted(len(results), "account"),
            ("Account", "Name", "Regions", "Result", ""),
            [(each.account, each.name, ", ".join(each.regions), each.result, each.note) for each in results],
            whole=("Account", "Result"),
        )
    if any(each.result in ("failed", "left") for each in results):
        raise typer.Exit(1)
    say("New accounts have no policy enabled: `rightstate policies enable` enables one.")
