"""`rightstate batch`: what a backfill or an apply has done, and how to stop it and go on."""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated

import typer

from rightstate.errors import InvalidInput
from rightstate_cli.batches import batches
from rightstate_cli.batches.batches import DIED, NOT_RUN, Batches
from rightstate_cli.commands.apply import (
    ConcurrencyOption,
    UntilOption,
    follow,
    print_items,
    run_input,
    time_of,
)
from rightstate_cli.executions.executions import RUNNING
from rightstate_cli.hub import deployment as hubs
from rightstate_cli.hub.deployment import DEFAULT_STACK
from rightstate_cli.terminal.executions import summary
from rightstate_cli.terminal.options import FormatOption, HubRegionOption, StackOption
from rightstate_cli.terminal.output import Format, print_json, print_table, say
from rightstate_cli.text import counted

app = typer.Typer(
    no_args_is_help=True, help="Batches of a deployed hub: what an apply, a backfill or a sweep has run."
)

BatchArgument = Annotated[str, typer.Argument(metavar="BATCH", help="Its name, as `batch list` shows it.")]


@app.command("list")
def list_batches(
    limit: Annotated[int, typer.Option(min=1, max=100, metavar="NUMBER", help="Runs at most.")] = 10,
    stack: StackOption = DEFAULT_STACK,
    hub_region: HubRegionOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """List the latest runs, the newest first, with what has become of their resources.

    Exit code 0, also where there are none.
    """
    work = Batches(hubs.find(stack, hub_region))
    runs = work.latest(limit)
    counts = {
        batch: Counter(each["outcome"] for each in work.outcomes(batch).values())
        for batch in dict.fromkeys(run.batch for run in runs)
    }
    if format is Format.JSON:
        print_json(
            [
                {
                    "batch": run.batch,
                    "run": run.name,
                    "status": run.status,
                    "started": run.started.isoformat(),
                    "outcomes": dict(counts[run.batch]),
                }
                for run in runs
            ]
        )
        return
    print_table(
        counted(len(runs), "run"),
        ("Batch", "Run", "Status", "Started", "Outcomes of the batch"),
        [
            (
                run.batch,
                run.name,
                run.status.lower(),
                batches.as_time(run.started),
                summary(counts[run.batch].elements()),
            )
            for run in runs
        ],
        whole=("Batch",),
    )


@app.command()
def show(
    batch: BatchArgument,
    stack: StackOption = DEFAULT_STACK,
    hub_region: HubRegionOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Account for every resource of a batch: its outcome, or that it runs or was not begun.

    Exit codes: 0 all are as they should be, 1 one failed, had changed, runs or was not begun.
    """
    work = Batches(hubs.find(stack, hub_region))
    items = work.items(batches.checked(batch))
    runs = work.runs(batch)
    unlisted = work.unlisted(batch)
    if format is Format.JSON:
        print_json(
            {
                "batch": batch,
                "runs": [
                    {"run": run.name, "status": run.status, "error": run.error, "reason": run.reason}
                    for run in runs
                ],
                "items": [each.__dict__ for each in items],
                "unlisted": unlisted,
                "counts": dict(sorted(Counter(each.outcome for each in items).items())),
            }
        )
    else:
        print_items(items)
        for each in unlisted:
            say(f"Not listed, or not yet: {each}.")
        for run in runs:
            say(f"{run.name}: {run.status.lower()}, started {batches.as_time(run.started)}.")
            if run.error:
                say(f"  {run.error}: {run.reason}")
    well = all(each.settled for each in items) and not unlisted and (items or not _failed(runs))
    raise typer.Exit(0 if well else 1)


@app.command()
def stop(
    batch: BatchArgument,
    stack: StackOption = DEFAULT_STACK,
    hub_region: HubRegionOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Begin no more resources of a batch. Those that have been begun are finished; nothing is half done.

    Exit code 0, also where nothing of it runs.
    """
    work = Batches(hubs.find(stack, hub_region))
    batches.checked(batch)
    runs = work.runs(batch)
    if not runs:
        raise InvalidInput(f"There is no run of a batch {batch!r}. `rightstate batch list` lists them.")
    running = [run for run in runs if run.status == RUNNING]
    for run in running:
        work.stop(run)
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
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Start it, and do not follow it.")] = False,
    stack: StackOption = DEFAULT_STACK,
    hub_region: HubRegionOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Go on with what a batch has not begun. Nothing is done twice.

    Exit codes: 0 all are as they should be, 1 one failed, had changed or was not begun.
    """
    ends = time_of("--until", until) if until else None
    work = Batches(hubs.find(stack, hub_region))
    items = work.items(batches.checked(batch))
    runs = work.runs(batch)
    if runs and runs[-1].status == RUNNING:
        say("The batch is running: nothing more is started.")
        arn = runs[-1].arn
    else:
        again = {each.name for each in items if each.outcome in ("failed", DIED)} if failed else set()
        begun = work.rename(batch, again)
        if not begun and not work.unlisted(batch) and not any(each.outcome == NOT_RUN for each in items):
            say("There is nothing to go on with." + ("" if failed else " --failed tries failed ones again."))
            _print(batch, items, format)
        # What a run was about (a mode, some policies) holds for the ones after it, its times do not.
        before = runs[-1].input if runs else {}
        kept = {name: value for name, value in before.items() if name not in ("not_before", "until")}
        named = {"batch": batch, "scopes": dict(work.scopes(batch))}
        arn = work.start(batch, {**kept, **run_input(concurrency, ends), **named})
    if no_wait:
        say(f"`rightstate batch show {batch}` shows how it goes.")
        if format is Format.JSON:
            print_json({"batch": batch, "execution": arn})
        return
    follow(work, batch, arn, format)


def _failed(runs: Sequence[batches.Run]) -> bool:
    return bool(runs) and bool(runs[-1].error)


def _print(batch: str, items: list[batches.Item], format: Format) -> None:
    if format is Format.JSON:
        print_json({"batch": batch, "items": [each.__dict__ for each in items]})
    else:
        print_items(items)
    raise typer.Exit(0 if all(each.settled for each in items) else 1)
