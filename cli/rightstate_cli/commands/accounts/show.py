"""`rightstate accounts show`."""

from typing import Annotated

import typer

from rightstate.wants import as_text
from rightstate_cli.aws import checked_account
from rightstate_cli.operations import account_settings, workspace
from rightstate_cli.terminal import accounts as shown
from rightstate_cli.terminal.options import (
    AccountArgument,
    FormatOption,
    LedgerOption,
    OfHubOption,
    OfHubRegionOption,
    OfStackOption,
)
from rightstate_cli.terminal.output import Format, print_json, print_table


def show(
    account: AccountArgument,
    check: Annotated[
        bool, typer.Option("--check/--no-check", help="Whether the hub tries to assume the role.")
    ] = True,
    deployed: OfHubOption = False,
    stack: OfStackOption = None,
    hub_region: OfHubRegionOption = None,
    ledger: LedgerOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Show an account's settings, and whether the hub can assume its role now.

    - `rightstate accounts show 111122223333 --no-check` only reads the settings.

    Exit codes: 0 the hub can work there, 1 it cannot, 2 could not tell.
    """
    chosen = workspace.choose(deployed, stack, hub_region, ledger)
    found = chosen.registry.get(checked_account(account))
    checked = account_settings.check_role(chosen, found) if check else None
    if format is Format.JSON:
        print_json({**found.model_dump(mode="json"), "check": shown.check_facts(checked)})
    else:
        lines = [
            *shown.membership(found),
            ("Enabled", shown.modes(found)),
            *shown.handling(found),
            ("Exemptions", shown.exemptions(found)),
        ]
        if checked:
            lines.append(("Role", shown.check_text(checked)))
        print_table(f"Account {shown.title(found)}", ("", ""), lines)
        if found.policies:
            print_table(
                "",
                ("Policy", "Mode", "Parameters"),
                [
                    (
                        policy,
                        each.mode.value,
                        ", ".join(f"{name} = {as_text(value)}" for name, value in each.parameters.items()),
                    )
                    for policy, each in sorted(found.policies.items())
                ],
                whole=("Mode",),
            )
    raise typer.Exit(shown.check_code(checked.ok) if checked else 0)
