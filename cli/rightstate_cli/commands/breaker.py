"""`rightstate breaker`: what is halted because its changes did not last, and to let it go on."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.text import Text

from rightstate.errors import InvalidInput
from rightstate.identify import shown
from rightstate_cli.executions.executions import is_named
from rightstate_cli.operations import workspace
from rightstate_cli.terminal.options import (
    FormatOption,
    LedgerOption,
    OfHubOption,
    OfHubRegionOption,
    OfStackOption,
)
from rightstate_cli.terminal.output import Format, print_json, print_line, print_table, results, say
from rightstate_cli.text import counted, plain

app = typer.Typer(
    no_args_is_help=True, help="Resources that are left alone because something sets their changes back."
)


@app.command("list")
def list_halts(
    deployed: OfHubOption = False,
    stack: OfStackOption = None,
    hub_region: OfHubRegionOption = None,
    ledger: LedgerOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """List what is halted, the oldest first.

    Exit codes: 0 nothing is, 1 something is.
    """
    halts = workspace.guarding_of(workspace.choose(deployed, stack, hub_region, ledger)).halts()
    if format is Format.JSON:
        print_json([{"resource": resource, **halt.model_dump()} for resource, halt in halts])
    else:
        print_line(counted(len(halts), "halt"), style="bold")
        for resource in dict.fromkeys(resource for resource, _ in halts):
            _print_table(
                resource,
                ("Policy", "Since", "Changes", "Tries", "Looked at again", "The last by"),
                [
                    (
                        halt.policy,
                        halt.since,
                        str(halt.applies),
                        str(halt.tries),
                        halt.look_again or "soon",
                        halt.execution.rpartition(":")[2],
                    )
                    for named, halt in halts
                    if named == resource
                ],
            )
    raise typer.Exit(1 if halts else 0)


@app.command()
def release(
    resource: Annotated[
        str,
        typer.Argument(
            metavar="RESOURCE", help="Its ARN, or account/region/type/id as `breaker list` has it."
        ),
    ],
    policies: Annotated[
        list[str] | None,
        typer.Option("--policy", help="Only this one. Repeatable.", metavar="ID", show_default=False),
    ] = None,
    deployed: OfHubOption = False,
    stack: OfStackOption = None,
    hub_region: OfHubRegionOption = None,
    ledger: LedgerOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Let halted policies change the resource again, and begin to count anew.

    First find out what sets the resource back, or it is halted again. The next event or sweep, or
    `rightstate start`, puts it right. A halt also ends by itself: the resource is looked at again after an
    hour, two, four and so on up to a day, and changed once each time, until a change lasts.

    Exit codes: 0 released, 2 nothing of it is halted.
    """
    guarding = workspace.guarding_of(workspace.choose(deployed, stack, hub_region, ledger))
    named = [(key, halt.policy) for key, halt in guarding.halts() if is_named(key, resource)]
    if len({key for key, _ in named}) > 1:
        # ARNs of RDS and Neptune are alike.
        keys = ", ".join(sorted({key for key, _ in named}))
        raise InvalidInput(
            f"{shown(resource)} may be any of {keys}. Nothing was released. Name one of these."
        )
    halted = [policy for _, policy in named]
    chosen = [policy for policy in halted if not policies or policy in policies]
    if not chosen or set(policies or ()) - set(halted):
        raise InvalidInput(
            f"{shown(resource)} is not halted, or not for all that --policy names. Nothing was released. "
            "`rightstate breaker list` shows what is."
        )
    resource = named[0][0]
    for policy in chosen:
        guarding.let_go(resource, policy)
        say(f"Released: {policy} for {resource}.")
    if format is Format.JSON:
        print_json({"resource": resource, "released": chosen})
    else:
        _print_table(resource, ("Released",), [(policy,) for policy in chosen])


def _print_table(resource: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table of the resource, which stands whole above it, to be copied from however narrow a terminal."""
    results.print(Text(plain(resource)), soft_wrap=True)
    print_table("", columns, rows)
