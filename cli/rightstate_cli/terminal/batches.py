"""Plans that a hub applies, and their batches, on a terminal."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NoReturn

import typer

from rightstate.models.decision import Status
from rightstate.policy import Reversibility, Risk
from rightstate_cli.batches import batches
from rightstate_cli.batches.applying import Application, Refused
from rightstate_cli.batches.batches import Batches, Item, Run
from rightstate_cli.terminal.interrupt import interrupted
from rightstate_cli.terminal.output import (
    Format,
    Table,
    print_csv,
    print_json,
    print_line,
    print_result,
    print_table,
    say,
    showing_progress,
    talk,
)
from rightstate_cli.terminal.plans import title
from rightstate_cli.text import counted, summary

_LISTED = 20
_LEAVING = (
    "No longer followed; the run goes on in the hub. `rightstate batch stop` ends it. Ctrl-C again aborts "
    "this command."
)


@dataclass(frozen=True)
class Ending:
    """What a command says at its end, beside the outcomes of the items."""

    batch: str
    format: Format
    refused: Sequence[Refused] = ()
    left: int = 0

    def show(self, arn: str | None, items: Sequence[Item]) -> NoReturn:
        """Print the items. Exit with 0 if all are as they should be, else with 1."""
        match self.format:
            case Format.JSON:
                print_json(self._as_json(arn, items))
            case Format.CSV:
                print_csv(items_table(items))
            case Format.TABLE if items:
                print_items(items)
        if self.left:
            many = counted(self.left, "resource")
            say(f"Left by --max: {many}. Apply the plan again with a higher one to go on.")
        raise typer.Exit(0 if not self.refused and all(each.settled for each in items) else 1)

    def _as_json(self, arn: str | None, items: Sequence[Item]) -> dict[str, Any]:
        place = ("account", "region", "resource_type", "resource")
        return {
            "batch": self.batch,
            "execution": arn,
            "items": [asdict(each) for each in items],
            "refused": [
                {**{name: getattr(each.item, name) for name in place}, "reason": each.reason}
                for each in self.refused
            ],
            "left": self.left,
        }


def follow_run(
    work: Batches, arn: str, ending: Ending, keys: Collection[tuple[str, str, str, str]] | None = None
) -> NoReturn:
    """Show the progress until the run ends, then the outcomes of the items with those keys, or of all."""
    batch = ending.batch
    total = len(work.items(batch))
    with showing_progress("Resources") as progressed, interrupted(_LEAVING) as stop:
        run = work.follow(
            batch,
            arn,
            stop,
            lambda counts: progressed(min(counts.total(), total), total, summary(counts.elements())),
        )
    if run is None:
        say(f"`rightstate batch show {batch}` shows how it goes on.")
        raise typer.Exit(2)
    if run.error:
        say(f"The run ended {run.status}: {run.error}. {run.reason}")
    if run.error or run.status not in ("SUCCEEDED", "FAILED"):
        say(f"`rightstate batch resume {batch}` goes on with what is left.")
    ending.show(arn, [each for each in work.ended(run) if keys is None or each.key in keys])


def items_table(items: Sequence[Item]) -> Table:
    """A row for each item of a batch."""
    columns = ("Account", "Region", "Type", "Resource", "Outcome", "Reason", "Execution")
    rows = [
        (each.account, each.region, each.resource_type, each.resource, each.outcome, each.reason, each.name)
        for each in items
    ]
    return Table(columns, rows)


def print_batch(
    batch: str, items: Sequence[Item], runs: Sequence[Run], unlisted: Sequence[str], format: Format
) -> None:
    """The items of a batch with their outcomes, and the runs that worked on it."""
    if format is Format.CSV:
        print_csv(items_table(items))
        return
    if format is Format.JSON:
        print_json(
            {
                "batch": batch,
                "runs": [
                    {"run": run.name, "status": run.status, "error": run.error, "reason": run.reason}
                    for run in runs
                ],
                "items": [asdict(each) for each in items],
                "unlisted": unlisted,
                "counts": dict(sorted(Counter(each.outcome for each in items).items())),
            }
        )
        return
    print_items(items)
    for place in unlisted:
        say(f"Not listed, or not yet: {place}.")
    for run in runs:
        say(f"{run.name}: {run.status.lower()}, started {batches.as_time(run.started)}.")
        if run.error:
            say(f"  {run.error}: {run.reason}")


def print_runs(runs: Sequence[Run], outcomes: Mapping[str, Counter[str]], format: Format) -> None:
    """The runs. `outcomes` counts by batch how many resources have which outcome."""
    as_json = [
        {
            "batch": run.batch,
            "run": run.name,
            "status": run.status,
            "started": run.started.isoformat(),
            "outcomes": dict(outcomes[run.batch]),
        }
        for run in runs
    ]
    print_result(_runs_table(runs, outcomes), as_json, format)


def _runs_table(runs: Sequence[Run], outcomes: Mapping[str, Counter[str]]) -> Table:
    rows = [
        (
            run.batch,
            run.name,
            run.status.lower(),
            batches.as_time(run.started),
            summary(outcomes[run.batch].elements()),
        )
        for run in runs
    ]
    columns = ("Batch", "Run", "Status", "Started", "Outcomes of the batch")
    return Table(columns, rows, title=counted(len(runs), "run"), whole=("Batch",))


def print_items(items: Sequence[Item]) -> None:
    """The outcomes, and each resource that is not as planned with the reason."""
    unsettled = [each for each in items if not each.settled and each.outcome != batches.NOT_RUN]
    if unsettled:
        print_table(
            "Not as planned",
            ("Resource", "Outcome", "Why"),
            [
                (
                    f"{each.resource_type} {each.resource} in {each.account}, {each.region}",
                    each.outcome,
                    each.reason,
                )
                for each in unsettled
            ],
        )
    print_line(f"{counted(len(items), 'resource')}: {summary(each.outcome for each in items)}.")


def print_refused(refused: Sequence[Refused]) -> None:
    """The items that the hub would not change, on stderr."""
    if refused:
        print_table(
            "Refused: the hub is not asked to change these",
            ("Resource", "Why"),
            [(title(each.item, with_place=True), each.reason) for each in refused],
            talk,
        )


def print_preview(application: Application) -> None:
    """What is about to be changed, what that may break and what cannot be undone, on stderr."""
    todo = application.todo
    print_table(
        "",
        ("Resource", "Settings", "Risk"),
        [
            (
                title(item, with_place=True),
                ", ".join(change.setting for change in item.changes),
                ", ".join(sorted({v.risk.value for v in item.verdicts if v.status is Status.BROKEN})),
            )
            for item in todo[:_LISTED]
        ],
        talk,
    )
    if len(todo) > _LISTED:
        say(f"... and {len(todo) - _LISTED} more; `rightstate plan --show FILE --details` shows all.")
    broken = {v.policy for item in todo for v in item.verdicts if v.status is Status.BROKEN}
    for name in sorted(broken):
        about = application.plan.policies[name]
        if about.risk is not Risk.SAFE:
            say(f"{name} ({about.risk.value}): {about.side_effects}")
        if about.reversibility is not Reversibility.FULLY:
            say(f"{name} can be undone: {about.reversible}")
    if application.left:
        say(f"Left by --max: {counted(application.left, 'resource')}.")


def question(application: Application) -> str:
    """What to confirm before a run, without a question mark."""
    todo = application.todo
    settings = counted(sum(len(item.changes) for item in todo), "setting")
    accounts = counted(len({item.account for item in todo}), "account")
    asked = f"Change {settings} of {counted(len(todo), 'resource')} in {accounts}"
    refused = len(application.refused)
    return f"{asked}, and leave the {refused} refused alone" if refused else asked
