"""`rightstate apply`: have the hub do what a plan says, and nothing else."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from rightstate import settings
from rightstate.catalogue import load
from rightstate.errors import InvalidInput, SettingsUnreadable
from rightstate.identify import shown
from rightstate.models.decision import Status
from rightstate.models.settings import Account, Enabled
from rightstate.policy import Mode, Risk
from rightstate.states.backfill import LONGEST_WAIT
from rightstate_cli.batches import batches
from rightstate_cli.batches.batches import NOT_RUN, Batches
from rightstate_cli.executions.executions import RUNNING
from rightstate_cli.hub import deployment as hubs
from rightstate_cli.hub.deployment import DEFAULT_STACK, Hub
from rightstate_cli.planning import plan_file
from rightstate_cli.planning.plan_file import Item, Plan
from rightstate_cli.tables.accounts_table import Registry
from rightstate_cli.terminal.executions import summary
from rightstate_cli.terminal.interrupt import interrupted
from rightstate_cli.terminal.options import FormatOption, HubRegionOption, StackOption
from rightstate_cli.terminal.output import (
    Format,
    ask,
    print_json,
    print_line,
    print_table,
    progress,
    say,
    talk,
)
from rightstate_cli.terminal.plans import title
from rightstate_cli.text import counted

_LISTED = 20
_LONGEST_REASON = 1024
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_LEAVING = (
    "No longer followed; the run goes on in the hub. `rightstate batch stop` ends it. Ctrl-C again aborts "
    "this command."
)

ConcurrencyOption = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=100,
        metavar="NUMBER",
        help="Resources of one service at a time, in each account and region.",
        show_default="5",
    ),
]
UntilOption = Annotated[
    str | None,
    typer.Option(
        help="Begin nothing after this time, e.g. 2026-11-23T22:00Z; the rest is left.",
        metavar="TIME",
        show_default=False,
    ),
]


@dataclass(frozen=True)
class Refused:
    """An item that is not asked of the hub, and why."""

    item: Item
    reason: str


def apply(
    file: Annotated[Path, typer.Argument(metavar="PLAN", help="The file of `rightstate plan -o`.")],
    limit: Annotated[
        str | None,
        typer.Option(
            "--max",
            help="Only so many resources, the first of the plan: a number, or a part of those that were "
            "scanned (10%). Raise it to go on.",
            metavar="N|P%",
            show_default=False,
        ),
    ] = None,
    concurrency: ConcurrencyOption = None,
    until: UntilOption = None,
    window: Annotated[
        str | None,
        typer.Option(
            help="Begin at the start, and nothing after the duration: 2026-11-23T22:00Z/2h. The hub waits, "
            "at most five days.",
            metavar="START/DURATION",
            show_default=False,
        ),
    ] = None,
    reason: Annotated[str, typer.Option(help="Goes into the ledger.", metavar="TEXT")] = "rightstate apply",
    again: Annotated[
        bool,
        typer.Option(
            "--again",
            help="Apply a finished plan again, if resources drifted back the same way.",
        ),
    ] = False,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Start it, and do not follow it.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; for scripts.")] = False,
    stack: StackOption = DEFAULT_STACK,
    hub_region: HubRegionOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Have the deployed hub make the changes of a plan, as they were reviewed.

    A resource that is not any more as it was planned is left alone (`changed-since-plan`). So is, before
    anything is started, what the hub does not look after: accounts that are not registered, policies that are
    not enabled there or not in mode auto. To apply the same plan again continues the same batch, and
    repeats nothing. Step Functions does the work: `rightstate batch` shows, stops and resumes it.

    - `rightstate apply plan.json` shows what will be changed, and asks.
    - `rightstate apply plan.json --max 10%` begins with a part.
    - `rightstate apply plan.json --window 2026-11-23T22:00Z/2h --yes` works in a maintenance window.

    Exit codes: 0 every resource that was to be changed is as planned, 1 one failed, had changed, was refused
    or was not begun, 2 it could not be told, or wrong usage. Those that --max leaves are not counted.
    """
    plan = plan_file.read(file)
    starts, ends = _times(until, window)
    most = _limit(limit, plan)
    if len(reason) > _LONGEST_REASON:
        raise InvalidInput(
            f"--reason takes at most {_LONGEST_REASON} characters, not {len(reason)}. Nothing was started."
        )
    hub = hubs.find(stack, hub_region)
    if (version := hub.outputs.get("Version")) != plan.version:
        raise InvalidInput(
            f"The hub {shown(stack)} is of version {version}, the plan of {plan.version}. Nothing was "
            "started. Deploy the hub again, or plan with its version."
        )
    work = Batches(hub)
    number, runs = work.latest_round(plan)
    running = bool(runs) and runs[-1].status == RUNNING
    if again and runs and not running:
        number, runs = number + 1, []
    batch = batches.named_after(plan, number)
    refused = list(_refused(plan, hub))
    keys = {each.item.key for each in refused}
    accepted = [item for item in plan.to_change if item.key not in keys]
    chosen = accepted[:most]
    outcome = _Outcome(batch, refused, len(accepted) - len(chosen), format)
    _print_refused(refused)
    if not chosen:
        say("There is nothing to change. Nothing was started.")
        outcome.end(None, [])
    before = {each.key: each for each in work.items(batch) if each.outcome != NOT_RUN} if runs else {}
    if running:
        say("The batch is running already, as it was started: nothing more is started.")
        arn = runs[-1].arn
    else:
        todo = [item for item in chosen if item.key not in before]
        if not todo:
            raise InvalidInput(_all_before(batch, runs, [before[item.key] for item in chosen]))
        if len(todo) < len(chosen):
            say(f"Done before, and not done again: {counted(len(chosen) - len(todo), 'resource')}.")
        _preview(plan, todo, outcome.left)
        if not _confirmed(todo, refused, yes):
            say("Nothing was started.")
            raise typer.Exit(2)
        where = work.upload(batch, len(runs) + 1, todo, reason)
        given = run_input(concurrency, ends, starts)
        arn = work.start(batch, {**given, "batch": batch, "scopes": dict(where)})
        if starts:
            begins = batches.as_time(starts)
            say(f"The hub begins at {begins}; it needs neither this command nor this machine.")
    say(f"Batch {batch}. `rightstate batch show {batch}` shows how it goes, `batch stop` stops it.")
    if no_wait:
        outcome.end(arn, [])
    follow_to_end(work, arn, {item.key for item in chosen}, outcome)


def _all_before(batch: str, runs: Sequence[batches.Run], items: Sequence[batches.Item]) -> str:
    """Why nothing is started where everything was done before."""
    return (
        f"This plan was applied by {runs[-1].name} of {batches.as_time(runs[-1].started)}: "
        f"{summary(each.outcome for each in items)}. Nothing was started. If resources drifted back the same "
        "way, apply the plan again with --again. Resources that are not as planned are not changed. "
        f"`rightstate batch show {batch}` has the outcomes, "
        f"`rightstate batch resume {batch} --failed` tries failed ones again."
    )


def run_input(
    concurrency: int | None, ends: datetime | None, starts: datetime | None = None
) -> dict[str, Any]:
    """How a run is to go about its batch, where that is said."""
    given = {
        "concurrency": concurrency,
        "not_before": starts and batches.as_time(starts),
        "until": ends and batches.as_time(ends),
    }
    return {name: value for name, value in given.items() if value is not None}


@dataclass(frozen=True)
class _Outcome:
    """What is told in the end, beside what became of the items."""

    batch: str
    refused: Sequence[Refused]
    left: int
    format: Format

    def end(self, arn: str | None, items: Sequence[batches.Item]) -> NoReturn:
        """Print it, and exit with 0 if all is as it was planned, else with 1."""
        if self.format is Format.JSON:
            print_json(
                {
                    "batch": self.batch,
                    "execution": arn,
                    "items": [each.__dict__ for each in items],
                    "refused": [{**_plain(each.item), "reason": each.reason} for each in self.refused],
                    "left": self.left,
                }
            )
        elif items:
            print_items(items)
        if self.left:
            many = counted(self.left, "resource")
            say(f"Left by --max: {many}. Apply the plan again with a higher one to go on.")
        raise typer.Exit(0 if not self.refused and all(each.settled for each in items) else 1)


def follow(work: Batches, batch: str, arn: str, format: Format) -> NoReturn:
    """Follow a run of the batch to its end, and tell what became of all the batch's items."""
    follow_to_end(work, arn, None, _Outcome(batch, (), 0, format))


def follow_to_end(
    work: Batches, arn: str, keys: Collection[tuple[str, str, str, str]] | None, outcome: _Outcome
) -> NoReturn:
    """Show the progress until the run ends, then what became of the items with those keys, or of all."""
    batch = outcome.batch
    total = len(work.items(batch))
    with progress() as bar, interrupted(_LEAVING) as stop:
        task = bar.add_task("Resources", total=total)
        run = work.follow(
            batch,
            arn,
            stop,
            lambda counts: bar.update(
                task, completed=min(counts.total(), total), description=summary(counts.elements())
            ),
        )
    if run is None:
        say(f"`rightstate batch show {batch}` shows how it goes on.")
        raise typer.Exit(2)
    if run.error:
        say(f"The run ended {run.status}: {run.error}. {run.reason}")
    if run.error or run.status not in ("SUCCEEDED", "FAILED"):
        say(f"`rightstate batch resume {batch}` goes on with what is left.")
    outcome.end(arn, [each for each in work.ended(run) if keys is None or each.key in keys])


def print_items(items: Sequence[batches.Item]) -> None:
    """The outcomes, and the resources that are not as they were planned to be, each with the reason."""
    open_ones = [each for each in items if not each.settled and each.outcome != batches.NOT_RUN]
    if open_ones:
        print_table(
            "Not as planned",
            ("Resource", "Outcome", "Why"),
            [
                (
                    f"{each.resource_type} {each.resource} in {each.account}, {each.region}",
                    each.outcome,
                    each.reason,
                )
                for each in open_ones
            ],
        )
    print_line(f"{counted(len(items), 'resource')}: {summary(each.outcome for each in items)}.")


def _refused(plan: Plan, hub: Hub) -> Iterator[Refused]:
    """The items that the hub would not change as planned."""
    registry = Registry(hub.settings)
    scopes = {(each.account, each.region): each.policies for each in plan.scope}
    accounts: dict[str, Account | None] = {}
    for item in plan.to_change:
        if item.account not in accounts:
            accounts[item.account] = registry.find(item.account)
        planned = scopes.get((item.account, item.region)) or next(
            (each.policies for each in plan.scope if each.account == item.account), {}
        )
        if why := _why_not(item, accounts[item.account], planned):
            yield Refused(item, why)


def _why_not(item: Item, account: Account | None, planned: Mapping[str, Enabled]) -> str:
    """Why the hub would not do with the item what the plan says; empty if it would."""
    if account is None:
        return f"Account {item.account} is not registered."
    resource_type = load(item.resource_type)
    if account.regions and item.region not in account.regions and not resource_type.home_regions:
        return f"{item.region} is not one of the account's regions."
    try:
        enabled = settings.enabled(account, resource_type)
    except SettingsUnreadable as error:
        return str(error)
    if off := sorted(set(item.policies) - enabled.keys()):
        return f"Not enabled in the account: {', '.join(off)}."
    if other := sorted(
        name
        for name in item.policies
        if name in planned and dict(enabled[name].parameters) != dict(planned[name].parameters)
    ):
        return f"Enabled with other parameters than planned: {', '.join(other)}."
    broken = [each.policy for each in item.verdicts if each.status is Status.BROKEN]
    if lower := sorted(name for name in broken if enabled[name].mode is not Mode.AUTO):
        modes = ", ".join(f"{name} ({enabled[name].mode.value})" for name in lower)
        return f"Not in mode auto in the account, so that it would not all be changed: {modes}."
    return ""


def _print_refused(refused: Sequence[Refused]) -> None:
    if refused:
        print_table(
            "Refused: the hub is not asked to change these",
            ("Resource", "Why"),
            [(title(each.item, with_place=True), each.reason) for each in refused],
            talk,
        )


def _preview(plan: Plan, chosen: Sequence[Item], left: int) -> None:
    print_table(
        "",
        ("Resource", "Settings", "Risk"),
        [
            (
                title(item, with_place=True),
                ", ".join(change.setting for change in item.changes),
                ", ".join(sorted({v.risk.value for v in item.verdicts if v.status is Status.BROKEN})),
            )
            for item in chosen[:_LISTED]
        ],
        talk,
    )
    if len(chosen) > _LISTED:
        say(f"... and {len(chosen) - _LISTED} more; `rightstate plan --show` shows all.")
    broken = {v.policy for item in chosen for v in item.verdicts if v.status is Status.BROKEN}
    for name in sorted(broken):
        about = plan.policies[name]
        if about.risk is not Risk.SAFE:
            say(f"{name} ({about.risk.value}): {about.side_effects}")
        if not about.reversible.startswith("Yes:") and about.reversible != "Yes":
            say(f"{name} can be undone: {about.reversible}")
    if left:
        say(f"Left by --max: {counted(left, 'resource')}.")


def _confirmed(chosen: Sequence[Item], refused: Sequence[Refused], yes: bool) -> bool:
    settings_changed = sum(len(item.changes) for item in chosen)
    accounts = len({item.account for item in chosen})
    what = (
        f"Change {counted(settings_changed, 'setting')} of {counted(len(chosen), 'resource')} in "
        f"{counted(accounts, 'account')}"
    )
    if refused:
        what += f", and leave the {len(refused)} refused alone"
    if yes:
        say(f"{what}.")
        return True
    answer = ask(f"{what}?")
    if answer is None:
        raise InvalidInput("Nothing was started: nobody confirmed it. In a script, give --yes.")
    return answer


def _limit(given: str | None, plan: Plan) -> int | None:
    """How many resources at most; None for all. Raises InvalidInput."""
    if given is None:
        return None
    found = re.fullmatch(r"([0-9]{1,7})(%?)", given)
    if not found or (found[2] and int(found[1]) > 100):
        raise InvalidInput(f"--max takes a number or a percentage, e.g. 25 or 10%, not {shown(given)}.")
    scanned = plan.counts["resources"]
    most = int(found[1]) * scanned // 100 if found[2] else int(found[1])
    if not most and plan.to_change:
        raise InvalidInput(
            f"--max {given} of {counted(scanned, 'resource')} is none at all. Nothing was started. Give a "
            "higher one."
        )
    return most


def _times(until: str | None, window: str | None) -> tuple[datetime | None, datetime | None]:
    """When to start, if not now, and after when to begin nothing."""
    if until and window:
        raise InvalidInput("--window says until when, too; give one of --until and --window.")
    if until:
        return None, time_of("--until", until)
    if not window:
        return None, None
    start, slash, duration = window.partition("/")
    found = re.fullmatch("([0-9]{1,4})([mhd])", duration)
    if not slash or not found:
        raise InvalidInput(f"--window takes START/DURATION, e.g. 2026-11-23T22:00Z/2h, not {shown(window)}.")
    starts = _instant("--window", start)
    ends = starts + timedelta(**{_UNITS[found[2]]: int(found[1])})
    if ends == starts:
        raise InvalidInput(f"The window {shown(window)} is over as it begins. Nothing was started.")
    if ends <= datetime.now(UTC):
        raise InvalidInput(f"The window {shown(window)} is over. Nothing was started.")
    if starts > datetime.now(UTC) + LONGEST_WAIT:
        raise InvalidInput(
            f"The window {shown(window)} begins in more than {LONGEST_WAIT.days} days, longer than the hub "
            "waits. Nothing was started. Apply the plan nearer to it."
        )
    return starts if starts > datetime.now(UTC) else None, ends


def time_of(option: str, given: str) -> datetime:
    """A time to come. Raises InvalidInput."""
    found = _instant(option, given)
    if found <= datetime.now(UTC):
        raise InvalidInput(f"{option} {shown(given)} is over. Nothing was started.")
    return found


def _instant(option: str, given: str) -> datetime:
    try:
        found = datetime.fromisoformat(given)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise InvalidInput(
            f"{option} takes a time with its zone, e.g. 2026-11-23T22:00Z, not {shown(given)}. Nothing was "
            "started."
        )
    return found


def _plain(item: Item) -> dict[str, Any]:
    return {name: getattr(item, name) for name in ("account", "region", "resource_type", "resource")}
