"""The command line: its commands, and what an error or Ctrl-C ends with."""

import re
import signal
import sys
import traceback
from contextlib import nullcontext
from difflib import get_close_matches
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from rightstate import __version__
from rightstate.errors import RightstateError
from rightstate_cli.terminal.interrupt import CODE, UNCHANGED_AFTER
from rightstate_cli.terminal.output import say, showing_progress

_COMMANDS = (
    *("demo", "init", "plan", "remediate", "apply", "start"),
    *("undo", "replay", "history", "explain", "report", "verify", "console"),
)
_GROUPS = {
    "policies": "policies",
    "accounts": "accounts",
    "exempt": "app",
    "organization": "organization",
    "decommission": "decommission",
    "batch": "app",
    "approvals": "app",
    "breaker": "app",
}
"""Each group's module, with the name that its application has there."""


class _Commands(TyperGroup):
    """Ends a command that Ctrl-C interrupts with one sentence: that of the exception, if it has one.

    To an option's unknown value it adds the value that may have been meant.
    """

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as interrupt:
            # Another Ctrl-C ends what still runs, without a word.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            say(str(interrupt) or UNCHANGED_AFTER)
            raise typer.Exit(CODE) from None
        except typer.BadParameter as error:
            error.message += _meant(error.message)
            raise


def _meant(message: str) -> str:
    """The choice that is nearest to the given value, in words. Typer has it only in its message."""
    given, _, choices = message.rpartition(" is not one of ")
    named = re.search(r"'([^']*)'$", given)
    nearest = get_close_matches(named[1], re.findall(r"'([^']*)'", choices), n=1) if named else []
    return f" Did you mean '{nearest[0]}'?" if nearest else ""


def application(only: str | None = None) -> typer.Typer:
    """The command line with all commands, or with one of them: each module takes time to import."""
    made = typer.Typer(
        cls=_Commands,
        no_args_is_help=True,
        rich_markup_mode="markdown",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        epilog="Begin with `rightstate demo`: it needs no account. Then `rightstate plan` shows what would "
        "change in yours, and changes nothing.",
    )
    made.callback()(_rightstate)
    everything = only not in (*_COMMANDS, *_GROUPS)
    for name in _COMMANDS:
        if everything or name == only:
            made.command()(getattr(import_module(f"rightstate_cli.commands.{name}"), name))
    for name, attribute in _GROUPS.items():
        if everything or name == only:
            made.add_typer(getattr(import_module(f"rightstate_cli.commands.{name}"), attribute), name=name)
    return made


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"rightstate {__version__}")
        raise typer.Exit


def _rightstate(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Bring AWS resources back into their right state.

    Exit codes: 0 all well, 1 found or failed something, 2 could not tell or wrong usage, 130 interrupted.
    Results go to stdout, everything else to stderr.
    """


def run() -> None:
    """Run the command that the arguments name. An error is a sentence on stderr and exit code 2."""
    asked = next((word for word in sys.argv[1:] if not word.startswith("-")), None)
    try:
        # A terminal shows that something happens while the command's modules are imported.
        with showing_progress("Starting") if asked else nullcontext():
            made = application(asked)
        made()
    except RightstateError as error:
        say(f"Error: {error}")
        sys.exit(2)
    except Exception as error:
        from rightstate.executions.step import defect  # noqa: PLC0415 - it takes time to import

        traceback.print_exc()
        say(f"Error: {defect(error)}")
        sys.exit(2)
