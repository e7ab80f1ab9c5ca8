"""`rightstate approvals`: show what waits for an approval, and answer it."""

from typing import Annotated

import typer

from rightstate.errors import InvalidInput
from rightstate.models.approval import Choice
from rightstate_cli.operations import requests, workspace
from rightstate_cli.operations.requests import Window
from rightstate_cli.operations.workspace import Workspace
from rightstate_cli.terminal.options import (
    FormatOption,
    LedgerOption,
    OfHubOption,
    OfHubRegionOption,
    OfStackOption,
    TableFormatOption,
    YesOption,
)
from rightstate_cli.terminal.output import Format, ask, say, talk
from rightstate_cli.terminal.requests import print_answer, print_request, print_requests, window_of
from rightstate_cli.text import checked_line

app = typer.Typer(
    no_args_is_help=True, help="Changes that wait for an approval: policies in mode `approve` ask for one."
)

RequestArgument = Annotated[str, typer.Argument(metavar="ID", help="As `approvals list` shows it.")]
ReasonOption = Annotated[str, typer.Option(help="Goes into the ledger.", metavar="TEXT")]


@app.command("list")
def list_requests(
    everything: Annotated[
        bool, typer.Option("--all", help="Also those that are answered or have expired.")
    ] = False,
    deployed: OfHubOption = False,
    stack: OfStackOption = None,
    hub_region: OfHubRegionOption = None,
    ledger: LedgerOption = None,
    format: TableFormatOption = Format.TABLE,
) -> None:
    """List what waits for an approval, the newest first.

    Only a hub's executions can wait. An execution of `rightstate remediate` ends with the command. It makes
    no change for a policy in mode `approve`.

    Exit codes: 0 nothing waits, 1 something does.
    """
    kept = workspace.choose(deployed, stack, hub_region, ledger)
    found = workspace.guarding_of(kept).requests()
    waiting = [each for each in found if requests.waits(each)]
    print_requests(found if everything else waiting, len(waiting), format)
    if kept.hub is None:
        say(
            "Nothing waits on this machine, because an execution ends with its command here. With --deployed "
            "it lists the requests of a hub."
        )
    raise typer.Exit(1 if waiting else 0)


@app.command()
def show(
    request: RequestArgument,
    deployed: OfHubOption = False,
    stack: OfStackOption = None,
    hub_region: OfHubRegionOption = None,
    ledger: LedgerOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Show one request: the plan with what it may break, its hash, who caused it, and until when it waits.

    Exit codes: 0 it is shown, 2 no request has that id.
    """
    kept = workspace.choose(deployed, stack, hub_region, ledger)
    print_request(workspace.guarding_of(kept).request(request), format)


@app.command()
def approve(
    request: RequestArgument,
    reason: ReasonOption,
    window: Annotated[
        str | None,
        typer.Option(
            help="Apply it only then: a time in UTC and for how long, e.g. 2026-11-28T22:00Z/2h.",
            metavar="TIME/LENGTH",
            show_default=False,
        ),
    ] = None,
    yes: YesOption = False,
    deployed: OfHubOption = False,
    stack: OfStackOption = None,
    hub_region: OfHubRegionOption = None,
    ledger: LedgerOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Approve a request, under your own identity. The person who caused the change cannot approve it.

    The resource is read again before anything is written. If it has changed since it was planned, nothing is
    written. Asks first. You need the managed policy that the hub's output ApproversPolicy names.

    Exit codes: 0 it is approved, 2 it could not be.
    """
    kept = workspace.choose(deployed, stack, hub_region, ledger)
    _decide(Choice.APPROVE, kept, request, reason, window_of(window), yes, format)


@app.command()
def deny(
    request: RequestArgument,
    reason: ReasonOption,
    yes: YesOption = False,
    deployed: OfHubOption = False,
    stack: OfStackOption = None,
    hub_region: OfHubRegionOption = None,
    ledger: LedgerOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Deny a request. The same change is not asked for again for 7 days. `exempt add` lasts longer.

    Exit codes: 0 it is denied, 2 it could not be.
    """
    kept = workspace.choose(deployed, stack, hub_region, ledger)
    _decide(Choice.DENY, kept, request, reason, Window(), yes, format)


def _decide(
    choice: Choice,
    kept: Workspace,
    request: str,
    reason: str,
    window: Window,
    yes: bool,
    format: Format,
) -> None:
    reason = checked_line("--reason", reason)
    requested = requests.waiting(kept, request)
    if not yes:
        print_request(requested, Format.TABLE, talk)
        answer = ask(f"{choice.capitalize()} {requested.id}?")
        if answer is None:
            raise InvalidInput("Nothing was decided: there was no answer. In a script, give --yes.")
        if not answer:
            say("Nothing was decided.")
            raise typer.Exit(2)
    requests.answer(kept, requested, choice, reason, window)
    print_answer(requested, choice, window, format)
    say(f"The execution goes on: `rightstate history {requested.execution.rpartition(':')[2]} --deployed`.")
