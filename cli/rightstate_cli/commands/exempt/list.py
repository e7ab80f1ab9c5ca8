"""`rightstate exempt list`."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from rightstate_cli.operations import exempt, workspace
from rightstate_cli.terminal.exemptions import print_exemptions
from rightstate_cli.terminal.options import (
    LedgerOption,
    OfHubOption,
    OfHubRegionOption,
    OfStackOption,
    TableFormatOption,
    optional,
)
from rightstate_cli.terminal.output import Format, say
from rightstate_cli.text import counted


def list_exemptions(
    accounts: Annotated[
        list[str] | None, optional("ID", "Of this account; repeatable. Left out: of all.", "--account")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Also those that have ended.")] = False,
    deployed: OfHubOption = False,
    stack: OfStackOption = None,
    hub_region: OfHubRegionOption = None,
    ledger: LedgerOption = None,
    format: TableFormatOption = Format.TABLE,
) -> None:
    """List exemptions. Those that end first come first.

    - `rightstate exempt list --all --format json` also gives those that have ended, to a script.

    Exit codes: 0 done, 2 the settings of an account cannot be read.
    """
    now = datetime.now(UTC)
    found = exempt.find(workspace.choose(deployed, stack, hub_region, ledger), accounts or (), every, now)
    if found.exemptions or format is not Format.TABLE:
        print_exemptions(found.exemptions, now, format)
    else:
        others = f" `--all` lists {counted(found.hidden, 'exemption')}." if found.hidden else ""
        say(f"No exemption counts.{others}")
    for _, each in found.exemptions:
        if each.settings_until:
            say(
                f"{each.id} counts only until {each.until}: the settings ask for {each.settings_until}, "
                "longer than the hub's parameter ExemptionDays allows."
            )
    for error in found.unreadable:
        say(str(error))
    if found.unreadable:
        raise typer.Exit(2)
