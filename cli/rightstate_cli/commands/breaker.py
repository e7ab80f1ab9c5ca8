"""`rightstate breaker`: the policies halted for a resource because their changes did not last."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.text import Text

from rightstate.guarding.guards import Halt
from rightstate_cli.operations import release_halts, workspace
from rightstate_cli.terminal.options import (
    FormatOption,
    LedgerOption,
    OfHubOption,
    OfHubRegionOption,
    OfStackOption,
    TableFormatOption,
)
from rightstate_cli.terminal.output import (
    Format,
    Table,
    print_json,
    print_line,
    print_result,
    print_table,
    results,
    say,
)
from rightstate_cli.text import counted, plain

_COLUMNS = ("Policy", "Since", "Changes", "Tries", "Looked at again", "Last execution")

app = typer.Typer(
    no_args_is_help=True,
    help="Show and release halts: policies that no longer change a resource, because something undoes their "
    "changes.",
)


@app.command("list")
def list_halts(
    deployed: OfHubOption = False,
    stack: OfStackOption = None,
    hub_region: OfHubRegionOption = None,
    ledger: LedgerOption = None,
    format: TableFormatOption = Format.TABLE,
) -> None:
    """List the halts, the oldest first.

    Exit codes: 0 there is none, 1 there is one, 2 could not tell.
    """
    halts = workspace.guarding_of(workspace.choose(deployed, stack, hub_region, ledger)).halts()
    if format is not Format.TABLE:
        rows = [(resource, *_cells(halt)) for resource, halt in halts]
        as_json = [{"resource": resource, **halt.model_dump()} for resource, halt in halts]
        print_result(Table(("Resource", *_COLUMNS), rows), as_json, format)
    else:
        print_line(counted(len(halts), "halt"), style="bold")
        for resource in dict.fromkeys(resource for resource, _ in halts):
            _print_table(
                resource,
                _COLUMNS,
                [_cells(halt) for named, halt in halts if named == resource],
            )
    raise typer.Exit(1 if halts else 0)


@app.command()
def release(
    resource: Annotated[
        str,
        typer.Argument(
            metavar="RESOURCE", help="Its ARN, or account/region/type/id as `breaker list` shows it."
        ),
    ],
    policies: Annotated[
        list[str] | None,
        typer.Option("--policy", help="Only this policy; repeatable.", metavar="ID", show_default=False),
    ] = None,
    deployed: OfHubOption = False,
    stack: OfStackOption = None,
    hub_region: OfHubRegionOption = None,
    ledger: LedgerOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Let halted policies change the resource again, and restart their count of changes.

    First find out what undoes the changes, or they are halted again. The next event or sweep, or
    `rightstate start`, fixes the resource. A halt also ends automatically: Rightstate looks again after one
    hour, two, four and so on up to a day, and changes the resource once each time, until a change lasts.

    Exit codes: 0 released, 2 nothing was released.
    """
    guarding = workspace.guarding_of(workspace.choose(deployed, stack, hub_region, ledger))
    released, chosen = release_halts.release(guarding, resource, policies or ())
    for policy in chosen:
        say(f"Released: {policy} for {released}.")
    if format is Format.JSON:
        print_json({"resource": released, "released": chosen})
    else:
        _print_table(released, ("Released",), [(policy,) for policy in chosen])


def _cells(halt: Halt) -> tuple[str, ...]:
    return (
        halt.policy,
        halt.since,
        str(halt.applies),
        str(halt.tries),
        halt.look_again or "soon",
        halt.execution.rpartition(":")[2],
    )


def _print_table(resource: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table below the resource's whole name, which can be copied from a narrow terminal."""
    results.print(Text(plain(resource)), soft_wrap=True)
    print_table("", columns, rows)
