"""`rightstate start`: start executions of a deployed hub by hand, and follow them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Annotated, Any
from uuid import uuid4

import typer

from rightstate.catalogue import find_policy
from rightstate.errors import InvalidInput, RightstateError
from rightstate.identify import identify, place_of
from rightstate.models.start import StartInput
from rightstate.resource_type import Place, Resource, ResourceType
from rightstate.step import parse
from rightstate_cli.aws import checked_account, checked_region
from rightstate_cli.executions.executions import Execution, Start
from rightstate_cli.hub import deployment as hubs
from rightstate_cli.hub.deployment import DEFAULT_STACK, Hub
from rightstate_cli.hub.follow import deployed
from rightstate_cli.hub.waiting import following_until_asked
from rightstate_cli.planning.target import chosen_types, types_of
from rightstate_cli.terminal.executions import exit_code, print_executions
from rightstate_cli.terminal.interrupt import interrupted
from rightstate_cli.terminal.options import (
    AtOnceOption,
    FormatOption,
    HubRegionOption,
    PolicyOption,
    StackOption,
    TypeOption,
)
from rightstate_cli.terminal.output import Format, ask, print_json, print_table, progress, say
from rightstate_cli.text import counted


class StartMode(StrEnum):
    """What the executions may do at most."""

    REPORT = "report"
    APPROVE = "approve"
    AUTO = "auto"


_STOPPING = "No more are started or followed. What runs goes on in the hub. Ctrl-C again aborts this command."


def start(
    resources: Annotated[
        list[str], typer.Argument(metavar="RESOURCE...", help="ARNs, or names with one --type.")
    ],
    account: Annotated[
        str | None,
        typer.Option(
            help="The resources' account, where their ARNs do not say it. Left out: the hub's.",
            metavar="ID",
            show_default=False,
        ),
    ] = None,
    region: Annotated[
        str | None,
        typer.Option(
            help="The resources' region, where their ARNs do not say it. Left out: the hub's.",
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
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; for scripts.")] = False,
    stack: StackOption = DEFAULT_STACK,
    hub_region: HubRegionOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Start executions of the deployed hub for resources that you name, and follow them live.

    What they change is decided by the policies that are enabled for the account: --policy leaves some out,
    --mode lowers what they may do, neither enables anything. Asks first, unless --mode is report.

    - `rightstate start arn:aws:s3:::payments-archive --account 111122223333 --region eu-west-1`
    - `rightstate start --type sqs-queue invoices orders --mode report` changes nothing.
    - `rightstate start arn:aws:kms:eu-west-1:111122223333:key/ID --reason CHG-5521 --yes` does not ask.

    One that waits for an approval is not followed any longer, and told.

    Exit codes: 0 every resource is in its right state, 1 one failed, waits for an approval or is left broken,
    2 it could not be told. Ctrl-C leaves the running ones to the hub: `rightstate history --deployed` shows
    them.
    """
    chosen = chosen_types(types or (), policies or (), resources)
    hub = hubs.find(stack, hub_region)
    named = list(_identified(hub, chosen, resources, account, region))
    starts = [
        Start(
            resource_type=resource_type.name,
            input=_input(resource_type, resource, policies or (), mode, reason, hub.caller.user_id),
            name=str(uuid4()),
        )
        for resource_type, resource in named
    ]
    for each in starts:
        hub.machine(each.resource_type)
    if not _confirmed([resource for _, resource in named], mode, yes):
        say("Nothing was started.")
        if format is Format.JSON:
            print_json([])
        raise typer.Exit(2)
    if no_wait:
        _start_only(hub, starts, format)
    else:
        _start_and_follow(hub, starts, at_once, format)


def _start_only(hub: Hub, starts: Sequence[Start], format: Format) -> None:
    started: list[dict[str, Any]] = []
    failed: RightstateError | None = None
    with interrupted(_STOPPING) as stop:
        following = deployed(hub, stop)
        try:
            for each in starts:
                if stop.is_set():
                    break
                about = {key: each.input[key] for key in ("account", "region", "resource")}
                arn = following.start(each)
                started.append(
                    {"name": each.name, "execution": arn, "resource_type": each.resource_type, **about}
                )
        except RightstateError as error:
            failed = error
    if format is Format.JSON:
        print_json(started)
    else:
        print_table(
            f"{counted(len(started), 'execution')} started",
            ("Execution", "Resource"),
            [
                (each["name"], f"{each['resource_type']} {each['resource']} in {each['account']}")
                for each in started
            ],
            whole=("Execution",),
        )
    _end(failed, len(starts) - len(started))


def _start_and_follow(hub: Hub, starts: Sequence[Start], at_once: int, format: Format) -> None:
    executions: list[Execution] = []
    failed: RightstateError | None = None

    def told() -> Iterator[Start]:
        for each in starts:
            say(f"Starting {each.name} for {each.resource_type} {each.input['resource']} ...")
            yield each

    with progress() as bar, interrupted(_STOPPING) as stop:
        following, asking = following_until_asked(hub, stop, say)
        running = bar.add_task("Executions", total=len(starts))
        try:
            for execution in following.run(told(), at_once):
                executions.append(execution)
                bar.update(running, advance=1, description=f"{execution.resource}: {execution.outcome}")
        except RightstateError as error:
            failed = error
    executions += asking.executions
    executions.sort(key=lambda each: (each.account, each.resource_type, each.resource))
    print_executions(executions, format)
    if asking.executions:
        say(asking.how_to_answer)
    if following.running:
        say(f"{counted(len(following.running), 'execution')} may still run in the hub. To look at one:")
        for arn in following.running:
            say(f"  rightstate history {arn.rpartition(':')[2]} --deployed")
    _end(failed, len(starts) - len(executions) - len(following.running))
    raise typer.Exit(2 if following.running else exit_code(executions))


def _end(failed: RightstateError | None, left: int) -> None:
    """Tell of those that were not started, and end with it. Raises what went wrong."""
    if left:
        say(f"Not started: {counted(left, 'execution')}.")
    if failed:
        raise failed
    if left:
        raise typer.Exit(2)


def _identified(
    hub: Hub, types: Sequence[ResourceType], given: Sequence[str], account: str | None, region: str | None
) -> Iterator[tuple[ResourceType, Resource]]:
    """The resources, each once for each type that it may be of."""
    asked = {}
    if account:
        asked["account"] = checked_account(account)
    if region:
        asked["region"] = checked_region(region)
    ours = Place(account=hub.account, region=hub.region, partition=hub.partition)
    seen = set()
    for each in given:
        for resource_type in types_of(types, each):
            # An ARN says where its resource is, and is refused where that is not what the options ask for.
            place = place_of(resource_type, each, ours).model_copy(update=asked)
            resource = identify(resource_type, place, each)
            checked_account(resource.account)
            checked_region(resource.region)
            if (resource_type.name, resource) not in seen:
                seen.add((resource_type.name, resource))
                yield resource_type, resource


def _input(
    resource_type: ResourceType,
    resource: Resource,
    policies: Sequence[str],
    mode: StartMode | None,
    reason: str,
    requester: str,
) -> dict[str, Any]:
    """The input of one execution. It names policies of its type only: others are refused there."""
    own = [policy.id for of, policy in map(find_policy, policies) if of.name == resource_type.name]
    if policies and not own:
        raise InvalidInput(
            f"No policy that --policy names is about {resource_type.name}, of which {resource.id} is. "
            "Nothing was started."
        )
    given = {
        "account": resource.account,
        "region": resource.region,
        "resource": resource.id,
        "policies": own or None,
        "mode": mode,
        "reason": reason,
        # Who starts it cannot approve what it asks for.
        "requester": requester,
    }
    return parse(StartInput, given).model_dump(mode="json", exclude_none=True)


def _confirmed(resources: Sequence[Resource], mode: StartMode | None, yes: bool) -> bool:
    """Say where how many resources may be changed, and ask."""
    if mode is StartMode.REPORT:
        return True
    # Types that share their ARNs have an execution each for one resource.
    places = Counter((each.account, each.region) for each in set(resources))
    for (account, region), count in sorted(places.items()):
        say(
            f"Account {account}, {region}: {counted(count, 'resource')} may be changed, as the policies "
            "enabled there allow."
        )
    if yes:
        return True
    answer = ask(f"Start executions for {counted(places.total(), 'resource')}?")
    if answer is None:
        raise InvalidInput("Nothing was started: nobody confirmed it. In a script, give --yes.")
    return answer
