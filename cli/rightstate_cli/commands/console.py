"""`rightstate console`: pages in the browser, with the buttons to act on what is wrong."""

from typing import Annotated

import typer

from rightstate_cli.terminal.options import (
    FormatOption,
    LedgerOption,
    OfHubOption,
    OfHubRegionOption,
    OfStackOption,
)
from rightstate_cli.terminal.output import Format, print_json, print_raw, results, say, showing_progress

_PORT = 8765


def console(
    port: Annotated[
        int,
        typer.Option(min=0, max=65535, metavar="NUMBER", help="Port on 127.0.0.1; 0 for any that is free."),
    ] = _PORT,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Whether to open the browser.")
    ] = True,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Show everything, and change nothing.")
    ] = False,
    deployed: OfHubOption = False,
    stack: OfStackOption = None,
    hub_region: OfHubRegionOption = None,
    ledger: LedgerOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Open the console in the browser: what is wrong, what was done, and the buttons to act on it.

    The console runs on this machine, for you alone. It acts with your AWS credentials, so CloudTrail names
    you for every change. The start address works once. Ctrl-C stops the console.

    - `rightstate console` shows the ledger of this machine.
    - `rightstate console --deployed` shows the deployed hub.
    - `rightstate console --read-only` shows everything, and changes nothing.

    Exit codes: 0 it was stopped, 2 it could not start.
    """
    with showing_progress("Starting"):
        # They take time to import, and no other command needs them.
        from rightstate_cli.console import serving  # noqa: PLC0415
        from rightstate_cli.console.console import Named  # noqa: PLC0415

        served = serving.prepare(Named(deployed, stack, hub_region, ledger), port, read_only)
    address = served.access.address
    say(f"The console of {served.title} is at this address, which works once. Ctrl-C stops it.")
    if format is Format.JSON:
        print_json({"address": address, "port": served.access.port, "read_only": read_only})
    else:
        # Whole, so that it can be copied.
        print_raw(address + "\n")
    results.file.flush()
    try:
        served.run(open_browser=browser)
    except KeyboardInterrupt:
        say("The console is stopped.")
