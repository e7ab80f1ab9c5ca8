"""Have a hub make the changes of a plan: which of them it would make, and the run that makes them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rightstate.accounts import settings
from rightstate.catalogue import load
from rightstate.errors import InvalidInput, SettingsUnreadable
from rightstate.identify import shown
from rightstate.models.decision import Status
from rightstate.models.settings import Account, Enabled
from rightstate.policy import Mode
from rightstate_cli.batches import batches
from rightstate_cli.batches.batches import DIED, NOT_RUN, Batches, Run
from rightstate_cli.executions.executions import RUNNING
from rightstate_cli.hub.deployment import Hub
from rightstate_cli.planning.plan_file import Item, Plan
from rightstate_cli.tables.accounts_table import Registry
from rightstate_cli.text import counted, summary

_LONGEST_REASON = 1024


@dataclass(frozen=True)
class Refused:
    """An item that the hub would not change as planned, and why."""

    item: Item
    reason: str


@dataclass(frozen=True)
class Application:
    """A plan in the hands of a hub.

    `chosen` are the items to change, `todo` those of them that no run of the batch has begun, `left` counts
    those beyond the limit. `runs` are the runs of the batch so far.
    """

    plan: Plan
    work: Batches
    batch: str
    runs: Sequence[Run]
    refused: Sequence[Refused]
    chosen: Sequence[Item]
    todo: Sequence[Item]
    left: int

    @property
    def running(self) -> Run | None:
        """The run that is going on, None if there is none."""
        return self.runs[-1] if self.runs and self.runs[-1].status == RUNNING else None

    def start(
        self, reason: str, concurrency: int | None, begins: datetime | None, ends: datetime | None
    ) -> str:
        """Start a run for what is to do; returns its ARN. Raises Denied, Unavailable, InvalidInput."""
        where = self.work.upload(self.batch, len(self.runs) + 1, self.todo, reason)
        given = run_input(concurrency, ends, begins)
        return self.work.start(self.batch, {**given, "batch": self.batch, "scopes": dict(where)})


def prepare(plan: Plan, hub: Hub, limit: str | None, again: bool) -> Application:
    """What the hub would do with the plan. With `again` a finished plan begins anew, as another batch.

    Nothing is started. Raises InvalidInput, Denied, Unavailable.
    """
    most = limit_of(limit, plan)
    if (version := hub.outputs.get("Version")) != plan.version:
        raise InvalidInput(
            f"The hub {shown(hub.stack)} is of version {version}, the plan of {plan.version}. Nothing was "
            "started. Deploy the hub again, or plan with its version."
        )
    work = Batches(hub)
    number, runs = work.latest_round(plan)
    running = bool(runs) and runs[-1].status == RUNNING
    if again and runs and not running:
        number, runs = number + 1, []
    batch = batches.batch_of(plan, number)
    refused = list(_refused(plan, hub))
    keys = {each.item.key for each in refused}
    accepted = [item for item in plan.to_change if item.key not in keys]
    chosen = accepted[:most]
    known = work.items(batch) if runs and chosen else []
    begun = {each.key: each for each in known if each.outcome != NOT_RUN}
    todo = [item for item in chosen if item.key not in begun]
    if chosen and not todo and not running:
        raise InvalidInput(_all_done(batch, runs, [begun[item.key] for item in chosen]))
    return Application(plan, work, batch, runs, refused, chosen, todo, len(accepted) - len(chosen))


def resume(
    work: Batches, batch: str, failed: bool, concurrency: int | None, ends: datetime | None
) -> tuple[str | None, bool]:
    """Start a run for what the batch has not begun, with `failed` also for what failed.

    Returns the run's ARN, and whether it is a new one. Without anything to do, None and False. Raises
    InvalidInput, Denied, Unavailable.
    """
    items = work.items(batches.checked(batch))
    runs = work.runs(batch)
    if runs and runs[-1].status == RUNNING:
        return runs[-1].arn, False
    again = {each.name for each in items if each.outcome in ("failed", DIED)} if failed else set()
    renamed = work.rename(batch, again)
    if not renamed and not work.unlisted(batch) and not any(each.outcome == NOT_RUN for each in items):
        return None, False
    # What a run was about (a mode, some policies) holds for the ones after it, its times do not.
    before = runs[-1].input if runs else {}
    kept = {name: value for name, value in before.items() if name not in ("not_before", "until")}
    about = {"batch": batch, "scopes": dict(work.scopes(batch))}
    return work.start(batch, {**kept, **run_input(concurrency, ends), **about}), True


def stop(work: Batches, batch: str) -> list[Run]:
    """Start no more resources of the batch; returns the runs that ran. Those resources that have started are
    finished. Raises InvalidInput where there is no such batch; Denied, Unavailable."""
    runs = work.runs(batches.checked(batch))
    if not runs:
        raise InvalidInput(f"There is no run of a batch {batch!r}. `rightstate batch list` lists them.")
    running = [run for run in runs if run.status == RUNNING]
    for run in running:
        work.stop(run)
    return running


def run_input(
    concurrency: int | None, ends: datetime | None, begins: datetime | None = None
) -> dict[str, Any]:
    """The part of a run's input that says how to go about its batch. What is None is left out."""
    given = {
        "concurrency": concurrency,
        "not_before": begins and batches.as_time(begins),
        "until": ends and batches.as_time(ends),
    }
    return {name: value for name, value in given.items() if value is not None}


def limit_of(given: str | None, plan: Plan) -> int | None:
    """How many resources to change at most: `25`, or `10%` of those that were read. None for all. Raises
    InvalidInput."""
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


def checked_reason(reason: str) -> str:
    """The reason, if the ledger takes it. Raises InvalidInput."""
    if len(reason) > _LONGEST_REASON:
        raise InvalidInput(
            f"--reason takes at most {_LONGEST_REASON} characters, not {len(reason)}. Nothing was started."
        )
    return reason


def _all_done(batch: str, runs: Sequence[Run], items: Sequence[batches.Item]) -> str:
    """Why nothing is started where a run has begun every item."""
    return (
        f"This plan was applied by {runs[-1].name} of {batches.as_time(runs[-1].started)}: "
        f"{summary(each.outcome for each in items)}. Nothing was started. If resources drifted back the same "
        "way, apply the plan again with --again. Resources that are not as planned are not changed. "
        f"`rightstate batch show {batch}` has the outcomes, "
        f"`rightstate batch resume {batch} --failed` tries failed ones again."
    )


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
        return f"Not in mode auto in the account, so not all of it would be changed: {modes}."
    return ""
