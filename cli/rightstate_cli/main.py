"""The command line."""

import sys
import traceback
from typing import Annotated

import typer

from rightstate import __version__
from rightstate.errors import RightstateError
from rightstate.step import defect
from rightstate_cli.commands.accounts import accounts
from rightstate_cli.commands.apply import apply
from rightstate_cli.commands.approvals import app as approvals
from rightstate_cli.commands.batch import app as batch
from rightstate_cli.commands.breaker import app as breaker
from rightstate_cli.commands.decommission import decommission
from rightstate_cli.commands.demo import demo
from rightstate_cli.commands.exempt import app as exempt
from rightstate_cli.commands.explain import explain
from rightstate_cli.commands.history import history
from rightstate_cli.commands.init import init
from rightstate_cli.commands.organization import organization
from rightstate_cli.commands.plan import plan
from rightstate_cli.commands.policies import policies
from rightstate_cli.commands.remediate import remediate
from rightstate_cli.commands.replay import replay
from rightstate_cli.commands.report import report
from rightstate_cli.commands.start import start
from rightstate_cli.commands.undo import undo
from rightstate_cli.commands.verify import verify
from rightstate_cli.terminal.output import say

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Begin with `rightstate demo`: it needs no account. Then `rightstate plan` shows what would "
    "change in yours, and changes nothing.",
)
for command in (demo, init, plan, remediate, apply, start, undo, replay, history, explain, report, verify):
    app.command()(command)
app.add_typer(policies, name="policies")
app.add_typer(accounts, name="accounts")
app.add_typer(exempt, name="exempt")
app.add_typer(organization, name="organization")
app.add_typer(decommission, name="decommission")
app.add_typer(batch, name="batch")
app.add_typer(approvals, name="approvals")
app.add_typer(breaker, name="breaker")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"rightstate {__version__}")
        raise typer.Exit


@app.callback()
def _rightstate(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Put AWS resources back into their right state.

    Exit codes: 0 all well, 1 found or failed something, 2 could not tell or wrong usage. Results go to
    stdout, everything else to stderr.
    """


def run() -> None:
    """The console script. An error is a sentence on stderr and exit code 2: nothing could be told."""
    try:
        app()
    except RightstateError as error:
        say(f"Error: {error}")
        sys.exit(2)
    except Exception as error:
        traceback.print_exc()
        say(f"Error: {defect(error)}")
        sys.exit(2)
