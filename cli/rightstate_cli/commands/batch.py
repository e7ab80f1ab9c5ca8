"""`rightstate batch`: the runs of a hub's backfill machine, what became of them, and how to go on."""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated

import typer

from rightstate_cli.batches import applying, batches
from rightstate_cli.batches.batches import NOT_RUN, Batches
from rightstate_cli.hub import deployment
from rightstate_cli.hub.deployment import DEFAULT_STACK
from rightstate_cli.terminal.batches import Ending, follow_run, print_batch, print_runs
from rightstate_cli.terminal.options import (
    ConcurrencyOption,
    HubRegionOption,
    NoWaitOption,
    StackOption,
    TableFormatOption,
    UntilOption,
)
from rightstate_cli.terminal.output import Format, print_json, say
from rightstate_cli.terminal.times import future
from rightstate_cli.text import counted, summary

app = typer.Typer(
    no_args_is_help=True, help="Batches of a deployed hub: what an apply, a backfill or a sweep has run."
)

BatchArgument = Annotated[str, typer.Argument(metavar="BATCH", help="Its name, as `batch list` shows it.")]


@app.command("list")
def list_batches(
    limit: Annotated[int, typer.Option(min=1, max=100, metavar="NUMBER", help="Runs at most.")] = 10,
    stack: StackOption = DEFAULT_STACK,
    hub_region: HubRegionOption = None,
    format: TableFormatOption = Format.TABLE,
) -> None:
    """List the latest runs, the newest first, with the outcomes of their resources.

    Exit code 0, also where there are none.
    """
    work = Batches(deployment.find(stack, hub_region))
    runs = work.latest(limit)
    counts = {
        batch: Counter(each["outcome"] for each in work.outcomes(batch).values())
        for batch in dict.fromkeys(run.batch for run in runs)
    }
    print_runs(runs, counts, format)


@app.command()
def show(
    batch: BatchArgument,
    stack: StackOption = DEFAULT_STACK,
    hub_region: HubRegionOption = None,
    format: TableFormatOption = Format.TABLE,
) -> None:
    """Show every resource of a batch: its outcome, or that it runs or was not begun.

    Exit codes: 0 all are as they should be, 1 one failed, had changed, runs or was not begun.
    """
    work = Batches(deployment.find(stack, hub_region))
    items = work.items(batches.checked(batch))
    runs = work.runs(batch)
    unlisted = work.unlisted(batch)
    print_batch(batch, items, runs, unlisted, format)
    well = all(each.settled for each in items) and not unlisted and (items or not _failed(runs))
    raise typer.Exit(0 if well else 1)


@app.command()
def stop(
    batch: BatchArgument,
    stack: StackOption = DEFAULT_STACK,
    hub_region: HubRegionOption = None,
    format: TableFormatOption = Format.TABLE,
) -> None:
    """Start no more resources of a batch. Those that have started are finished, so nothing is half done.

    Exit code 0, also where nothing of it runs.
    """
    work = Batches(deployment.find(stack, hub_region))
    running = applying.stop(work, batch)
    counts = Counter(each.outcome for each in work.items(batch))
    if format is Format.JSON:
        print_json({"batch": batch, "stopped": [run.name for run in running], "counts": dict(counts)})
        return
    say(f"Stopped: {', '.join(run.name for run in running)}." if running else "Nothing of it is running.")
    say(f"{counted(counts.total(), 'resource')}: {summary(counts.elements())}.")
    if counts[NOT_RUN]:
        say(f"`rightstate batch resume {batch}` goes on with those that were not begun.")


@app.command()
def resume(
    batch: BatchArgument,
    failed: Annotated[
        bool, typer.Option("--failed", help="Try the resources that failed once more, too.")
    ] = False,
    concurrency: ConcurrencyOption = None,
    until: UntilOption = None,
    no_wait: NoWaitOption = False,
    stack: StackOption = DEFAULT_STACK,
    hub_region: HubRegionOption = None,
    format: TableFormatOption = Format.TABLE,
) -> None:
    """Go on with what a batch has not begun. Nothing is done twice.

    Exit codes: 0 all are as they should be, 1 one failed, had changed or was not begun.
    """
    ends = future("--until", until) if until else None
    work = Batches(deployment.find(stack, hub_region))
    arn, is_new = applying.resume(work, batch, failed, concurrency, ends)
    ending = Ending(batch, format)
    if arn is None:
        say("There is nothing to go on with." + ("" if failed else " --failed tries failed ones again."))
        ending.show(None, work.items(batch))
    if not is_new:
        say("The batch is running: nothing more is started.")
    if no_wait:
        say(f"`rightstate batch show {batch}` shows how it goes.")
        if format is Format.JSON:
            print_json({"batch": batch, "execution": arn})
        return
    follow_run(work, arn, ending)


def _failed(runs: Sequence[batches.Run]) -> bool:
    return bool(runs) and bool(runs[-1].error)
