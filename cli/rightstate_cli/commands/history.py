"""`rightstate history`: what the embedded engine has run."""

from typing import Annotated

import typer

from rightstate.errors import InvalidInput
from rightstate_cli import past
from rightstate_cli.options import FormatOption, TypeOption
from rightstate_cli.output import Format, print_json, print_table, say
from rightstate_cli.reports import as_json, print_executions, print_timeline


def history(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[EXECUTION]",
            help="One execution, by its name or the beginning of it: state by state.",
            show_default=False,
        ),
    ] = None,
    types: TypeOption = None,
    outcome: Annotated[str | None, typer.Option(help="Only with this outcome.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(min=1, help="The latest so many.")] = 50,
    format: FormatOption = Format.TABLE,
) -> None:
    """Show executions that the embedded engine has run, the latest last."""
    executions = past.load()
    if name:
        found = [each for each in executions if each.name.startswith(name)]
        if not found:
            raise InvalidInput(f"No execution is named {name!r}; `rightstate history` lists them.")
        if format is Format.JSON:
            print_json([as_json(each) for each in found])
            return
        print_executions(found[-1:], Format.TABLE)
        print_timeline(found[-1])
        return
    chosen = [
        each
        for each in executions
        if (not types or each.resource_type in types) and (outcome is None or each.outcome == outcome)
    ][-limit:]
    if format is Format.JSON:
        print_json([as_json(each) for each in chosen])
    elif not chosen:
        say("There are none. `rightstate demo` runs some without an account.")
    else:
        print_table(
            f"{len(chosen)} executions",
            ("Execution", "Started", "Took", "Account", "Resource", "Outcome", "States"),
            [
                (
                    each.name,
                    f"{each.started_at:%Y-%m-%d %H:%M:%S}",
                    f"{each.seconds:.1f} s",
                    each.account,
                    f"{each.resource_type} {each.resource}",
                    each.outcome,
                    str(len(each.steps)),
                )
                for each in chosen
            ],
        )
