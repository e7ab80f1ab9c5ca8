"""`rightstate organization`: members in every account of an organization, by a StackSet."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated

import typer

from rightstate.aws.sessions import reading_role
from rightstate.catalogue import load, names
from rightstate.errors import InvalidInput
from rightstate.identify import shown
from rightstate.models.settings import Account
from rightstate_cli.aws import Caller, checked_region
from rightstate_cli.hub import admission
from rightstate_cli.hub import deployment as hubs
from rightstate_cli.hub.deployment import DEFAULT_STACK, Hub
from rightstate_cli.member import stack_sets
from rightstate_cli.member import stacks as member_stacks
from rightstate_cli.member import template as member_template
from rightstate_cli.member.stack_sets import Found, Instance, StackSet, Targets
from rightstate_cli.tables.accounts_table import Registry
from rightstate_cli.terminal.options import FormatOption, HubRegionOption, StackOption, TypeOption, YesOption
from rightstate_cli.terminal.output import Format, ask, print_json, print_line, print_table, say, talk
from rightstate_cli.text import counted

# API reference, Organizations: the ids of an organizational unit and of the root.
_UNIT = r"ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}|r-[0-9a-z]{4,32}"

organization = typer.Typer(
    no_args_is_help=True,
    help="Install members in the accounts of an organization, and register them.",
)

AdministratorOption = Annotated[
    str | None,
    typer.Option(
        "--profile",
        help="AWS profile of the organization's management account, or of its delegated administrator for "
        "StackSets. Left out: the hub's credentials.",
        metavar="NAME",
        show_default=False,
    ),
]
MaxConcurrentOption = Annotated[
    int,
    typer.Option(min=1, max=100, metavar="PERCENT", help="Of the accounts in a region, so many at a time."),
]
FailureToleranceOption = Annotated[
    int,
    typer.Option(
        min=0, max=100, metavar="PERCENT", help="Where more accounts of a region fail, the others are left."
    ),
]


@organization.command()
def deploy(
    units: Annotated[
        list[str] | None,
        typer.Option(
            "--ou",
            help="Organizational unit whose accounts become members, with those below it; repeatable.",
            metavar="ID",
            show_default=False,
        ),
    ] = None,
    root: Annotated[bool, typer.Option("--root", help="All accounts of the organization.")] = False,
    regions: Annotated[
        list[str] | None,
        typer.Option(
            "--region",
            help="Region in which they become members; repeatable. The first one has the role.",
            metavar="NAME",
            show_default=False,
        ),
    ] = None,
    types: TypeOption = None,
    boundary: Annotated[
        str | None,
        typer.Option(
            help="ARN of a managed policy that each account has, as permissions boundary of the roles.",
            metavar="ARN",
            show_default=False,
        ),
    ] = None,
    max_concurrent: MaxConcurrentOption = 25,
    failure_tolerance: FailureToleranceOption = 10,
    yes: YesOption = False,
    stack: StackOption = DEFAULT_STACK,
    hub_region: HubRegionOption = None,
    profile: AdministratorOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Install members in an organization's accounts, and in those that join later.

    Creates the StackSet STACK-members with service-managed permissions, or updates it. What is left out
    (units, regions, types, boundary) stays as it is there, so that without any of them it is the upgrade. Run
    it again after a failure or an interruption: it follows what is under way, and does what is left.

    - `rightstate organization deploy --ou ou-ab12-3cd4ef56 --region eu-west-1 --region us-east-1`
    - `rightstate organization deploy --root --region eu-west-1 --profile management`

    The management account is in no such StackSet; `rightstate accounts add` makes it a member.

    Exit codes: 0 every account has its stacks, 1 one has not, 2 could not tell.
    """
    hub, stack_set = _administered(stack, hub_region, profile)
    stack_sets.check_admitted(hub, stack_set.organization)
    wanted_units = [_checked_unit(each) for each in units or ()]
    if root:
        wanted_units.append(stack_sets.root(stack_set.organization))
    caller = stack_set.organization.caller
    wanted_regions = [_checked_region(each, caller) for each in regions or ()]
    chosen = [load(each).name for each in types or ()]
    if boundary:
        member_stacks.checked("PermissionsBoundary", boundary)
    with _interruptible(stack_set):
        found = stack_set.find()
        if found:
            stack_set.settle()
        targets = _targets(stack_set, found, wanted_units, wanted_regions)
        body, parameters = _described(hub, found, targets, chosen, boundary)
        instances = stack_set.instances() if found else []
        added = stack_sets.missing(instances, found.targets if found else Targets((), ()), targets)
        outdated = found is not None and (
            (found.body, found.parameters, found.automatic) != (body, parameters, True)
            or not all(each.well for each in instances)
        )
        _show(stack_set, found, body, outdated, added)
        if (not found or outdated or added) and not yes:
            _confirm("Go on?")
        pace = stack_sets.preferences(max_concurrent, failure_tolerance)
        ends = []
        if found is None:
            stack_set.create(body, parameters)
        elif outdated:
            ends.append(stack_set.update(body, parameters, pace))
        ends += [stack_set.add(each, pace) for each in added]
        instances = stack_set.instances()
    _print(stack_set, stack_set.get(), instances, format)
    failed = [each for each in instances if not each.well]
    if failed or set(ends) - {"SUCCEEDED"}:
        say(
            f"Not as wanted: {', '.join(_places(failed)) or 'the operation ended ' + ', '.join(ends)}. Fix "
            "what the reasons say, and run the command again: it does what is left."
        )
        raise typer.Exit(1)
    if not instances:
        say("No account is in those units yet. Those that join get their stacks by themselves.")
        return
    say(
        "Next: `rightstate organization register` puts the accounts into the settings, with nothing enabled; "
        "then `rightstate policies enable`. The management account "
        f"{stack_set.organization.management} is in no such StackSet; `rightstate accounts add` makes it a "
        "member."
    )


@organization.command()
def register(
    stack: StackOption = DEFAULT_STACK,
    hub_region: HubRegionOption = None,
    profile: AdministratorOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Put the accounts that the StackSet has reached into the hub's settings, with nothing enabled.

    Those that are there stay as they are. Only the role that reads is added where an upgrade of the StackSet
    has brought it. So it may run again whenever accounts have joined or were upgraded.

    Exit codes: 0 every account of the StackSet is registered, 1 one is not or one has left the organization,
    2 could not tell.
    """
    hub, stack_set = _administered(stack, hub_region, profile)
    stack_sets.check_admitted(hub, stack_set.organization)
    found = stack_set.get()
    parameters = found.parameters
    names = stack_sets.accounts(stack_set.organization)
    registry = Registry(hub.settings)
    registered = {each.account: each for each in registry.all()}
    reached = _reached(stack_set.instances())
    rows = []
    for account, regions in reached.items():
        there = registered.get(account)
        writing = f"arn:{hub.partition}:iam::{account}:role/{parameters['MemberRoleName']}"
        # A stack that is not as the StackSet wants it may still be of a version with one role.
        two_roles = member_template.READING in found.body and parameters["RoleRegion"] in regions
        if there and there.read_role_arn is None and two_roles and there.role_arn == writing:
            there = registry.put(there.model_copy(update={"read_role_arn": reading_role(writing)}))
            result, note = "upgraded", "It has a role that reads now."
        elif there:
            more = [region for region in regions if there.regions and region not in there.regions]
            result = "kept"
            note = f"It has stacks in {', '.join(more)} too, where it is not a member." if more else ""
        elif parameters["RoleRegion"] not in regions:
            result, note = (
                "failed",
                f"Its stack in {parameters['RoleRegion']}, which has the role, is not there.",
            )
        else:
            there = registry.put(
                Account(
                    account=account,
                    name=names.get(account, ""),
                    regions=tuple(regions),
                    role_arn=writing,
                    read_role_arn=reading_role(writing) if two_roles else None,
                    external_id=parameters["ExternalId"],
                )
            )
            result, note = "registered", ""
        rows.append((account, names.get(account, ""), there.regions if there else (), result, note))
    elsewhere = {hub.account, *admission.listed(hub)}
    for account in sorted(registered.keys() - reached.keys() - names.keys() - elsewhere):
        there = registered[account]
        note = f"It is not in the organization. Remove it: `rightstate accounts remove {account}`."
        rows.append((account, there.name, there.regions, "left", note))
    if format is Format.JSON:
        keys = ("account", "name", "regions", "result", "note")
        print_json([dict(zip(keys, row, strict=True)) for row in rows])
    else:
        print_table(
            counted(len(rows), "account"),
            ("Account", "Name", "Regions", "Result", ""),
            [(row[0], row[1], ", ".join(row[2]), row[3], row[4]) for row in rows],
            whole=("Account", "Result"),
        )
    if any(row[3] in ("failed", "left") for row in rows):
        raise typer.Exit(1)
    say("Nothing is enabled in new accounts: `rightstate policies enable` does that.")


@organization.command()
def show(
    stack: StackOption = DEFAULT_STACK,
    hub_region: HubRegionOption = None,
    profile: AdministratorOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Show the StackSet, and its stack in each account and region.

    Exit codes: 0 every one is as wanted, 1 one is not, 2 could not tell.
    """
    _, stack_set = _administered(stack, hub_region, profile)
    found, instances = stack_set.get(), stack_set.instances()
    _print(stack_set, found, instances, format)
    if not all(each.well for each in instances):
        say("`rightstate organization deploy` without options tries again what failed.")
        raise typer.Exit(1)


def _administered(stack: str, hub_region: str | None, profile: str | None) -> tuple[Hub, StackSet]:
    hub = hubs.find(stack, hub_region)
    return hub, StackSet(hub, stack_sets.organization(hub, profile))


@contextmanager
def _interruptible(stack_set: StackSet) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        say(
            f"Left as you asked. What is under way in {stack_set.name} goes on in AWS; run the command again "
            "to follow it and to do what is left."
        )
        raise typer.Exit(2) from None


def _checked_unit(unit: str) -> str:
    if not re.fullmatch(_UNIT, unit):
        raise InvalidInput(
            f"{shown(unit)} is not an organizational unit; they look like ou-ab12-3cd4ef56, the root like "
            "r-ab12. Nothing was changed. `aws organizations list-organizational-units-for-parent` lists "
            "them."
        )
    return unit


def _checked_region(region: str, caller: Caller) -> str:
    if checked_region(region) not in caller.session.get_available_regions(
        "cloudformation", partition_name=caller.partition
    ):
        raise InvalidInput(f"{shown(region)} is not a region of {caller.partition}. Nothing was changed.")
    return region


def _targets(
    stack_set: StackSet, found: Found | None, units: Sequence[str], regions: Sequence[str]
) -> Targets:
    """What is named, and for what is not what is there."""
    there = found.targets if found else Targets((), ())
    targets = Targets(
        tuple(dict.fromkeys(units)) or there.units, tuple(dict.fromkeys(regions)) or there.regions
    )
    if not targets.units or not targets.regions:
        raise InvalidInput(
            f"There are no stacks of {stack_set.name} yet. Nothing was changed. Say of whom and where: --ou "
            "or --root, and --region."
        )
    return targets


def _described(
    hub: Hub, found: Found | None, targets: Targets, types: Iterable[str], boundary: str | None
) -> tuple[str, Mapping[str, str]]:
    """The template and its parameters; what is not named is as it is there."""
    there = found.parameters if found else {}
    parameters = {
        "HubAccount": hub.account,
        "HubRegion": hub.region,
        "HubStack": hub.stack,
        "ExternalId": hub.outputs["ExternalId"],
        "MemberRoleName": hub.outputs["MemberRoleName"],
        # Each account's role is where it is. In another region it would be there twice for a while.
        "RoleRegion": there.get("RoleRegion") or targets.regions[0],
        "PermissionsBoundary": there.get("PermissionsBoundary", "") if boundary is None else boundary,
    }
    for key, value in parameters.items():
        member_stacks.checked(key, value)
    # An upgrade must not allow all types to a member that was installed for some of them.
    return member_stacks.body(list(types) or (_types(found.body) if found else [])), parameters


def _types(body: str) -> list[str]:
    """The types that a member's template is for, as far as this version knows them."""
    found = json.loads(body)["Outputs"]["ResourceTypes"]["Value"].split(",")
    return [each for each in names() if each in found]


def _show(
    stack_set: StackSet, found: Found | None, body: str, outdated: bool, added: Sequence[Targets]
) -> None:
    """Say what will be done."""
    steps = []
    types = _types(body)
    if not found or outdated:
        without = [each for each in names() if each not in types]
        note = f"\nwithout {', '.join(without)}: name all you want with --type" if without else ""
        what = "update the StackSet and every stack" if found else "create the StackSet"
        steps.append((what, f"for {counted(len(types), 'resource type')}{note}"))
    steps += [("create stacks", f"{', '.join(each.units)} in {', '.join(each.regions)}") for each in added]
    if not steps:
        say(f"{stack_set.name} is as wanted; there is nothing to do.")
        return
    administrator = stack_set.organization.caller.account
    title = f"{stack_set.name} of {stack_set.organization.id}, administered from {administrator}"
    print_table(title, ("", ""), steps, to=talk)


def _confirm(question: str) -> None:
    answer = ask(question)
    if answer is None:
        raise InvalidInput("Nothing was changed: nobody confirmed it. In a script, give --yes.")
    if not answer:
        say("Nothing was changed.")
        raise typer.Exit(2)


def _reached(instances: Iterable[Instance]) -> dict[str, list[str]]:
    """Account -> the regions in which it has its stack."""
    found: dict[str, list[str]] = {}
    for each in instances:
        if not each.suspended:
            found.setdefault(each.account, [])
            if each.well:
                found[each.account].append(each.region)
    return found


def _places(instances: Iterable[Instance]) -> list[str]:
    return [f"{each.account} in {each.region}" for each in instances]


def _print(stack_set: StackSet, found: Found, instances: Sequence[Instance], format: Format) -> None:
    if format is Format.JSON:
        print_json(
            {
                "stack_set": stack_set.name,
                "status": found.status,
                "automatic_deployment": found.automatic,
                "drift": found.drift,
                "organizational_units": found.targets.units,
                "regions": found.targets.regions,
                "instances": [
                    {
                        "account": each.account,
                        "region": each.region,
                        "organizational_unit": each.unit,
                        "status": each.status,
                        "detailed_status": each.detail,
                        "drift": each.drift,
                        "reason": each.reason,
                    }
                    for each in instances
                ],
            }
        )
        return
    joining = "get their stacks by themselves" if found.automatic else "get no stacks by themselves"
    print_line(
        f"{stack_set.name}: {found.status}, drift {found.drift}; accounts that join its units {joining}",
        style="bold",
    )
    print_table(
        "",
        ("Account", "Region", "Status", "Drift", "Reason"),
        [(each.account, each.region, _status(each), each.drift, each.reason) for each in instances],
        whole=("Account", "Region", "Status"),
    )
    print_line(f"{counted(len(instances), 'stack')}: {_sum(instances)}.")


def _status(instance: Instance) -> str:
    if instance.detail in ("", "SUCCEEDED"):
        return instance.status
    return f"{instance.status}, {instance.detail}"


def _sum(instances: Sequence[Instance]) -> str:
    well = sum(each.well for each in instances)
    if well == len(instances):
        return "all as wanted"
    return f"{well} as wanted, {len(instances) - well} not"
