"""`rightstate history`: what the embedded engine has run."""

from datetime import UTC
from typing import Annotated

import typer

from rightstate.catalogue import load
from rightstate.errors import InvalidInput
from rightstate.identify import shown
from rightstate.models import Outcome
from rightstate_cli import past
from rightstate_cli.executions import SHORT, Execution
from rightstate_cli.options import FormatOption, TypeOption
from rightstate_cli.output import Format, counted, print_json, print_table, say
from rightstate_cli.reports import as_json, named, print_executions, print_timeline


def history(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="EXECUTION",
            help="One execution, by its name, the beginning or the end of it: state by state.",
            show_default=False,
        ),
    ] = None,
    types: TypeOption = None,
    outcome: Annotated[
        Outcome | None, typer.Option(help="Only with this outcome.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option(min=1, metavar="NUMBER", help="The latest so many.")] = 50,
    format: FormatOption = Format.TABLE,
) -> None:
    """Show what `demo`, `remediate` and `replay` have run, the latest last.

    The file is in your own directory, readable for you alone; `RIGHTSTATE_HISTORY` names another. It keeps
    the last thousand.

    - `rightstate history --outcome failed` lists the failed ones.
    - `rightstate history 1a2b3c4d` shows one: what it found and changed, each state with its time, and the
      errors that it met.
    """
    wanted = {load(each).name for each in types or ()}
    found = [
        each
        for each in past.load()
        if (not wanted or each.resource_type in wanted)
        and (outcome is None or each.outcome == outcome)
        and (name is None or each.name.startswith(name) or each.name.endswith(name))
    ]
    if name and not found:
        raise InvalidInput(f"No execution is named {shown(name)}; `rightstate history` lists them.")
    # A run of the same events gives the same names again; the latest is meant.
    if name and len({each.name for each in found}) == 1:
        found = found[-1:]
    chosen = found[-limit:]
    if format is Format.JSON:
        print_json([as_json(each) for each in chosen])
    elif not chosen:
        say("There are none. `rightstate demo` runs some without an account.")
    elif name and len(chosen) == 1:
        print_executions(chosen, Format.TABLE)
        print_timeline(chosen[0])
    else:
        _print_list(chosen)
        if len(found) > len(chosen):
            say(f"{len(found) - len(chosen)} earlier ones are not shown; --limit shows more.")


def _print_list(executions: list[Execution]) -> None:
    print_table(
        counted(len(executions), "execution"),
        ("Execution", "Started (UTC)", "Took", "Resource", "Outcome", "States"),
        [
            (
                each.name[-SHORT:],
                f"{each.started_at.astimezone(UTC):%Y-%m-%d %H:%M}",
                f"{each.seconds:.1f} s",
                named(each, with_account=True),
                each.outcome,
                str(len(each.steps)),
            )
            for each in executions
        ],
        whole=("Execution", "Started (UTC)", "Took", "Outcome", "States"),
    )
