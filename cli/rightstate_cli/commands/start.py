"""`rightstate start`: start executions of a deployed hub by hand, and follow them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from rightstate.errors import RightstateError
from rightstate.resource_type import Resource
from rightstate_cli.executions.executions import Start
from rightstate_cli.hub import deployment
from rightstate_cli.hub.deployment import DEFAULT_STACK, Hub
from rightstate_cli.operations import start as starting
from rightstate_cli.terminal.executions import exit_code, print_executions
from rightstate_cli.terminal.interrupt import interrupted
from rightstate_cli.terminal.options import (
    AtOnceOption,
    HubRegionOption,
    PolicyOption,
    StackOption,
    StartMode,
    TableFormatOption,
    TypeOption,
    YesOption,
)
from rightstate_cli.terminal.output import Format, Table, confirmed, print_result, say, showing_progress
from rightstate_cli.text import counted

_STOPPING = "No more are started or followed. What runs goes on in the hub. Ctrl-C again aborts this command."


def start(
    resources: Annotated[
        list[str], typer.Argument(metavar="RESOURCE...", help="ARNs, or names with one --type.")
    ],
    account: Annotated[
        str | None,
        typer.Option(
            help="Account, if the ARNs do not name it. Left out: the bucket's own, else the hub's.",
            metavar="ID",
            show_default=False,
        ),
    ] = None,
    region: Annotated[
        str | None,
        typer.Option(
            help="Region, if the ARNs do not name it. Left out: the bucket's own, else the hub's.",
            metavar="NAME",
            show_default=False,
        ),
    ] = None,
    types: TypeOption = None,
    policies: PolicyOption = None,
    mode: Annotated[
        StartMode | None,
        typer.Option(help="At most this of what the account's settings allow.", show_default=False),
    ] = None,
    reason: Annotated[str, typer.Option(help="Goes into the ledger.", metavar="TEXT")] = "rightstate start",
    at_once: AtOnceOption = 8,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="Start them all, print their names, and follow none.")
    ] = False,
    yes: YesOption = False,
    stack: StackOption = DEFAULT_STACK,
    hub_region: HubRegionOption = None,
    format: TableFormatOption = Format.TABLE,
) -> None:
    """Start executions of the deployed hub for resources that you name, and follow them live.

    They change what the enabled policies of the account want. --policy leaves some policies out, --mode
    lowers what they may do, neither enables anything. Asks first, unless --mode is report. An execution that
    waits for an approval is listed and no longer followed.

    - `rightstate start arn:aws:s3:::payments-archive --account 111122223333 --region eu-west-1`
    - `rightstate start --type sqs-queue invoices orders --mode report` changes nothing.
    - `rightstate start arn:aws:kms:eu-west-1:111122223333:key/ID --reason CHG-5521 --yes` does not ask.

    Exit codes: 0 every resource is in its right state, 1 one failed, waits for an approval or is left broken,
    2 it could not tell. Ctrl-C leaves the running ones to the hub: `rightstate history --deployed` shows
    them.
    """
    hub = deployment.find(stack, hub_region)
    found, starts = starting.prepare(
        hub, resources, account, region, types or (), policies or (), mode, reason
    )
    if not _confirmed(found, mode, yes):
        say("Nothing was started.")
        if format is not Format.TABLE:
            print_executions([], format)
        raise typer.Exit(2)
    if no_wait:
        _start_only(hub, starts, format)
    else:
        _start_and_follow(hub, starts, at_once, format)


def _start_only(hub: Hub, starts: Sequence[Start], format: Format) -> None:
    with interrupted(_STOPPING) as stop:
        started, failed = starting.start_all(hub, starts, stop)
    table = Table(
        ("Execution", "Type", "Resource", "Account", "Region"),
        [(each.name, each.resource_type, each.resource, each.account, each.region) for each in started],
        title=f"{counted(len(started), 'execution')} started",
        whole=("Execution",),
    )
    print_result(table, [asdict(each) for each in started], format)
    _end(failed, len(starts) - len(started))


def _start_and_follow(hub: Hub, starts: Sequence[Start], at_once: int, format: Format) -> None:
    with showing_progress("Executions") as progressed, interrupted(_STOPPING) as stop:
        result = starting.run(hub, starts, at_once, stop, say, progressed)
    print_executions(result.executions, format)
    if result.how_to_answer:
        say(result.how_to_answer)
    if result.running:
        say(f"{counted(len(result.running), 'execution')} may still run in the hub. To look at one:")
        for arn in result.running:
            say(f"  rightstate history {arn.rpartition(':')[2]} --deployed")
    _end(result.failed, result.not_started)
    raise typer.Exit(2 if result.running else exit_code(result.executions))


def _end(failed: RightstateError | None, left: int) -> None:
    """Say how many were not started, and end with it. Raises what went wrong."""
    if left:
        say(f"Not started: {counted(left, 'execution')}.")
    if failed:
        raise failed
    if left:
        raise typer.Exit(2)


def _confirmed(resources: Sequence[Resource], mode: StartMode | None, yes: bool) -> bool:
    """Say how many resources may be changed in which place, and ask."""
    if mode is StartMode.REPORT:
        return True
    # Types that share their ARNs have an execution each for one resource.
    places = Counter((each.account, each.region) for each in set(resources))
    for (account, region), count in sorted(places.items()):
        say(
            f"Account {account}, {region}: {counted(count, 'resource')} may be changed, as the policies "
            "enabled there allow."
        )
    question = f"Start executions for {counted(places.total(), 'resource')}?"
    return confirmed(question, "Nothing was started", yes)
