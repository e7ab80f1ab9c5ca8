"""`rightstate history`: what this machine, or a deployed hub, has run."""

from typing import Annotated

import typer

from rightstate.models.decision import Outcome
from rightstate_cli.operations import history as history_of
from rightstate_cli.operations import workspace
from rightstate_cli.terminal.history import print_list, print_one
from rightstate_cli.terminal.options import (
    LedgerOption,
    OfHubOption,
    OfHubRegionOption,
    OfStackOption,
    PolicyOption,
    TableFormatOption,
    TypeOption,
)
from rightstate_cli.terminal.output import Format, say
from rightstate_cli.terminal.times import moment_of


def history(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="EXECUTION",
            help="One execution, by its name, the beginning or the end of it, or its ARN: state by state.",
            show_default=False,
        ),
    ] = None,
    deployed: OfHubOption = False,
    types: TypeOption = None,
    outcome: Annotated[
        Outcome | None, typer.Option(help="Only with this outcome.", show_default=False)
    ] = None,
    account: Annotated[
        str | None, typer.Option(help="Only of this account.", metavar="ID", show_default=False)
    ] = None,
    resource: Annotated[
        str | None,
        typer.Option(
            "--resource",
            "-r",
            help="Only of this resource: its ARN, its name, or account/region/type/id.",
            metavar="ARN",
            show_default=False,
        ),
    ] = None,
    policies: PolicyOption = None,
    since: Annotated[
        str | None,
        typer.Option(
            help="Only those started within that time, e.g. 30m, 24h, 7d, or after a moment, e.g. "
            "2026-11-25 or 2026-11-25T08:00:00Z.",
            metavar="TIME",
            show_default=False,
        ),
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="Only those started before; like --since.", metavar="TIME")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, metavar="NUMBER", help="Show the latest, this many.")] = 50,
    stack: OfStackOption = None,
    hub_region: OfHubRegionOption = None,
    ledger: LedgerOption = None,
    format: TableFormatOption = Format.TABLE,
) -> None:
    """Show what has run on this machine or in a deployed hub, and what runs now. The latest is last.

    `remediate`, `replay` and `undo` keep what they run in the ledger of this machine: a file in your own data
    directory that only you can read. Step Functions keeps the history of a hub's execution for 90 days. After
    that, the ledger still has its states and its outcome.

    A list shows ids that are unique in it. The beginning or the end of a name works as long as it is unique.
    `--format csv` and `json` show whole names.

    - `rightstate history --outcome failed` lists the failed ones.
    - `rightstate history 1a2b3c4d` shows one execution: what it found and changed, each state with its time
      and errors, and its path. The session name of a call in CloudTrail works too.
    - `rightstate history --deployed --since 24h` lists what the hub has run since yesterday.
    - `rightstate history --deployed --resource arn:aws:s3:::invoices` lists what happened to a bucket.
    """
    wanted = history_of.wanted(
        types or (),
        outcome,
        account,
        moment_of(since) if since else None,
        moment_of(until) if until else None,
        policies or (),
        resource,
    )
    kept = workspace.choose(deployed, stack, hub_region, ledger, say)
    found = history_of.look_up(kept, wanted, name, limit)
    chosen = found.executions
    if name and len(chosen) == 1:
        print_one(chosen[0], found.definition, format)
        if history_of.recorded_late(kept, chosen[0]):
            say("The ledger has no entry of it. An entry may follow the end by some seconds.")
    elif chosen or format is not Format.TABLE:
        print_list(chosen, format)
    else:
        say("There are none." if kept.hub else "There are none. `rightstate remediate` makes some.")
    if waiting := found.requests:
        say(
            f"{', '.join(waiting)} {'waits' if len(waiting) == 1 else 'wait'} for an approval. `rightstate "
            "approvals show ID` shows the plan. `rightstate approvals approve` and `deny` answer it."
        )
    if found.left_out and not (name and len(chosen) == 1):
        say(found.left_out)
