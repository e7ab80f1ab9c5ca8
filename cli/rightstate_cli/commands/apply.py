"""`rightstate apply`: have the hub make the changes of a plan, and no others."""

from pathlib import Path
from typing import Annotated

import typer

from rightstate.states.backfill import LONGEST_WAIT
from rightstate_cli.batches.applying import checked_reason, prepare
from rightstate_cli.batches.batches import as_time
from rightstate_cli.hub import deployment
from rightstate_cli.hub.deployment import DEFAULT_STACK
from rightstate_cli.planning import plan_file
from rightstate_cli.terminal.batches import Ending, follow_run, print_preview, print_refused, question
from rightstate_cli.terminal.options import (
    ConcurrencyOption,
    HubRegionOption,
    NoWaitOption,
    StackOption,
    TableFormatOption,
    UntilOption,
    YesOption,
)
from rightstate_cli.terminal.output import Format, confirmed, say
from rightstate_cli.terminal.times import times_of
from rightstate_cli.text import counted


def apply(
    file: Annotated[Path, typer.Argument(metavar="PLAN", help="The file of `rightstate plan -o`.")],
    limit: Annotated[
        str | None,
        typer.Option(
            "--max",
            help="Change at most this many resources, the first of the plan: a number, or a part of those "
            "that were read (10%). Raise it to go on.",
            metavar="N|P%",
            show_default=False,
        ),
    ] = None,
    concurrency: ConcurrencyOption = None,
    until: UntilOption = None,
    window: Annotated[
        str | None,
        typer.Option(
            help="Begin at START, and start no more resources after DURATION: 2026-11-23T22:00Z/2h. The hub "
            "waits, at most five days.",
            metavar="START/DURATION",
            show_default=False,
        ),
    ] = None,
    reason: Annotated[str, typer.Option(help="Goes into the ledger.", metavar="TEXT")] = "rightstate apply",
    again: Annotated[
        bool,
        typer.Option("--again", help="Apply a finished plan again, if resources drifted back the same way."),
    ] = False,
    no_wait: NoWaitOption = False,
    yes: YesOption = False,
    stack: StackOption = DEFAULT_STACK,
    hub_region: HubRegionOption = None,
    format: TableFormatOption = Format.TABLE,
) -> None:
    """Have the deployed hub make the changes of a plan, as they were reviewed.

    A resource that changed since the plan is left alone (`changed-since-plan`). Before anything is started,
    changes that the hub would not make are refused: in accounts that are not registered, or of policies that
    are off or not in mode auto there. If you apply a plan again, its batch goes on, and finished changes are
    not made again. Step Functions does the work: `rightstate batch` shows, stops and resumes it.

    - `rightstate apply plan.json` shows what will be changed, and asks.
    - `rightstate apply plan.json --max 10%` begins with a part.
    - `rightstate apply plan.json --window 2026-11-23T22:00Z/2h --yes` works in a maintenance window.

    Exit codes: 0 every resource is as planned, 1 one failed, had changed, was refused or was not begun, 2 it
    could not tell, or wrong usage. Resources that --max leaves do not count.
    """
    plan = plan_file.read(file)
    begins, ends = times_of(until, window, LONGEST_WAIT)
    checked_reason(reason)
    found = prepare(plan, deployment.find(stack, hub_region), limit, again)
    ending = Ending(found.batch, format, found.refused, found.left)
    print_refused(found.refused)
    if not found.chosen:
        say("There is nothing to change. Nothing was started.")
        ending.show(None, [])
    if found.running:
        say("The batch is running already, as it was started: nothing more is started.")
        arn = found.running.arn
    else:
        if done := len(found.chosen) - len(found.todo):
            say(f"Done before, and not done again: {counted(done, 'resource')}.")
        print_preview(found)
        if yes:
            say(f"{question(found)}.")
        if not confirmed(f"{question(found)}?", "Nothing was started", yes):
            say("Nothing was started.")
            raise typer.Exit(2)
        arn = found.start(reason, concurrency, begins, ends)
        if begins:
            say(f"The hub begins at {as_time(begins)}; it needs neither this command nor this machine.")
    say(f"Batch {found.batch}. `rightstate batch show {found.batch}` shows it, `batch stop` stops it.")
    if no_wait:
        ending.show(arn, [])
    follow_run(found.work, arn, ending, {item.key for item in found.chosen})
