"""`rightstate exempt remove`."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from rightstate_cli.operations import exempt, workspace
from rightstate_cli.terminal.exemptions import policies, scope
from rightstate_cli.terminal.options import (
    FormatOption,
    LedgerOption,
    OfHubOption,
    OfHubRegionOption,
    OfStackOption,
    YesOption,
    optional,
)
from rightstate_cli.terminal.output import Format, print_json, say
from rightstate_cli.terminal.waiting import confirmed_change


def remove(
    exemption: Annotated[
        str, typer.Argument(metavar="ID", help="As `exempt list` shows it.", show_default=False)
    ],
    account: Annotated[
        str | None,
        optional("ID", "The account, 12 digits. Left out: the one that has it.", "--account"),
    ] = None,
    yes: YesOption = False,
    deployed: OfHubOption = False,
    stack: OfStackOption = None,
    hub_region: OfHubRegionOption = None,
    ledger: LedgerOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Remove an exemption. The next execution fixes what it had exempted.

    - `rightstate exempt remove ex-1a2b3c4d` shows what it exempts, and asks.

    Exit codes: 0 removed, 2 nothing was changed.
    """
    chosen = workspace.choose(deployed, stack, hub_region, ledger)
    removal = exempt.prepare_removal(chosen, exemption, account, datetime.now(UTC))
    before, own = removal.account, removal.exemption
    if removal.counts:
        say(
            f"{own.id} exempts {scope(own)} in account {before.account} from {policies(own)}, until "
            f"{own.until}: {own.reason} (approved by {own.approver}). The next execution fixes deviations "
            "there."
        )
        if not confirmed_change(f"Remove exemption {own.id}?", yes):
            raise typer.Exit(2)
    removal.run()
    say(f"Exemption {own.id} of account {before.account} was removed.")
    if format is Format.JSON:
        print_json({"account": before.account, **own.model_dump(mode="json"), "removed": True})
