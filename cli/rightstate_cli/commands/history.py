"""`rightstate history`: what the embedded engine, or a deployed hub, has run."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from rightstate.catalogue import load
from rightstate.errors import InvalidInput
from rightstate.identify import shown
from rightstate.models import Outcome
from rightstate_cli import hub as hubs
from rightstate_cli import past
from rightstate_cli.aws import checked_account
from rightstate_cli.executions import SHORT, Execution, Wanted
from rightstate_cli.hub_history import HubHistory
from rightstate_cli.options import (
    DEFAULT_STACK,
    DeployedOption,
    FormatOption,
    HubRegionOption,
    StackOption,
    TypeOption,
)
from rightstate_cli.output import Format, counted, print_json, print_table, say
from rightstate_cli.reports import as_json, named, print_executions, print_timeline

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def history(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="EXECUTION",
            help="One execution, by its name, the beginning or the end of it, or its ARN: state by state.",
            show_default=False,
        ),
    ] = None,
    deployed: DeployedOption = False,
    types: TypeOption = None,
    outcome: Annotated[
        Outcome | None, typer.Option(help="Only with this outcome.", show_default=False)
    ] = None,
    account: Annotated[
        str | None, typer.Option(help="Only of this account.", metavar="ID", show_default=False)
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            help="Only those started so long ago at most, e.g. 30m, 24h, 7d.",
            metavar="TIME",
            show_default=False,
        ),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, metavar="NUMBER", help="The latest so many.")] = 50,
    stack: StackOption = DEFAULT_STACK,
    hub_region: HubRegionOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Show what `demo`, `remediate` and `replay` have run, or what a deployed hub has; the latest last.

    The former is kept in a file in your own directory, readable for you alone; `RIGHTSTATE_HISTORY` names
    another. It keeps the last thousand. The latter Step Functions keeps, for 90 days.

    - `rightstate history --outcome failed` lists the failed ones.
    - `rightstate history 1a2b3c4d` shows one: what it found and changed, each state with its time, and the
      errors that it met.
    - `rightstate history --deployed --since 24h` lists what the hub has run since yesterday.
    """
    wanted = Wanted(
        types=frozenset(load(each).name for each in types or ()),
        outcome=outcome,
        account=checked_account(account) if account else None,
        since=_ago(since) if since else None,
    )
    if deployed:
        of_hub = HubHistory(hubs.find(stack, hub_region), wanted)
        found, left_out = (of_hub.named(name), "") if name else of_hub.latest(limit)
        none = "There are none."
    else:
        found, left_out = _kept(wanted, name), ""
        none = "There are none. `rightstate demo` runs some without an account."
    chosen = found[-limit:]
    if len(found) > len(chosen):
        left_out = f"{len(found) - len(chosen)} earlier ones are not shown; --limit shows more."
    if format is Format.JSON:
        print_json([as_json(each) for each in chosen])
    elif not chosen:
        say(none)
    elif name and len(chosen) == 1:
        if chosen[0].outcome != "running":
            print_executions(chosen, Format.TABLE)
        print_timeline(chosen[0])
    else:
        _print_list(chosen)
    if left_out and not (name and len(chosen) == 1):
        say(left_out)


def _kept(wanted: Wanted, name: str | None) -> list[Execution]:
    """Those of earlier runs on this machine."""
    found = [
        each
        for each in past.load()
        if wanted.has(each) and (name is None or each.name.startswith(name) or each.name.endswith(name))
    ]
    if name and not found:
        raise InvalidInput(
            f"No execution is named {shown(name)}; `rightstate history` lists them. With --deployed it looks "
            "for those of a hub."
        )
    # A run of the same events gives the same names again; the latest is meant.
    return found[-1:] if name and len({each.name for each in found}) == 1 else found


def _ago(given: str) -> datetime:
    found = re.fullmatch(rf"([0-9]{{1,4}})([{''.join(_UNITS)}])", given)
    if not found:
        raise InvalidInput(f"{shown(given)} is not a length of time; they look like 30m, 24h, 7d or 2w.")
    return datetime.now(UTC) - timedelta(**{_UNITS[found[2]]: int(found[1])})


def _print_list(executions: Sequence[Execution]) -> None:
    read = any(each.steps for each in executions)
    columns = ("Execution", "Started (UTC)", "Took", "Resource", "Outcome", *(["States"] if read else []))
    print_table(
        counted(len(executions), "execution"),
        columns,
        [
            (
                each.name[-SHORT:],
                f"{each.started_at.astimezone(UTC):%Y-%m-%d %H:%M}",
                f"{each.seconds:.1f} s",
                named(each, with_account=True),
                each.outcome,
                *([str(len(each.steps))] if read else []),
            )
            for each in executions
        ],
        whole=tuple(each for each in columns if each != "Resource"),
    )
