"""`rightstate organization register`."""

from dataclasses import asdict

import typer

from rightstate_cli.hub.deployment import DEFAULT_STACK
from rightstate_cli.operations import organization
from rightstate_cli.terminal.options import HubRegionOption, StackOption, TableFormatOption
from rightstate_cli.terminal.output import Format, Table, print_result, say
from rightstate_cli.terminal.stack_sets import AdministratorOption
from rightstate_cli.text import counted


def register(
    stack: StackOption = DEFAULT_STACK,
    hub_region: HubRegionOption = None,
    profile: AdministratorOption = None,
    format: TableFormatOption = Format.TABLE,
) -> None:
    """Register the accounts in which the StackSet has installed members, with no policy enabled.

    Registered accounts keep their settings. After an upgrade of the StackSet, their role that reads is added.
    Run it again whenever accounts have joined or were upgraded.

    Exit codes: 0 every account of the StackSet is registered, 1 one is not or one has left the organization,
    2 could not tell.
    """
    results = organization.register(*organization.administered(stack, hub_region, profile))
    table = Table(
        ("Account", "Name", "Regions", "Result", "Note"),
        [(each.account, each.name, ", ".join(each.regions), each.result, each.note) for each in results],
        title=counted(len(results), "account"),
        whole=("Account", "Result"),
    )
    print_result(table, [asdict(each) for each in results], format)
    if any(each.result in ("failed", "left") for each in results):
        raise typer.Exit(1)
    say("New accounts have no policy enabled: `rightstate policies enable` enables one.")
