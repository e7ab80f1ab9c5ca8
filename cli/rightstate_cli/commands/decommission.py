"""`rightstate decommission`: take a member, an organization's members, or a hub away."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated

import typer

from rightstate.errors import InvalidInput
from rightstate_cli.aws import Caller, checked_account, checked_region, sign_in
from rightstate_cli.commands.organization import (
    AdministratorOption,
    FailureToleranceOption,
    MaxConcurrentOption,
)
from rightstate_cli.hub import deployment as hubs
from rightstate_cli.hub.deployment import DEFAULT_STACK, Hub
from rightstate_cli.member import stack_sets, teardown
from rightstate_cli.member import stacks as member_stacks
from rightstate_cli.member.stack_sets import Instance, StackSet
from rightstate_cli.member.teardown import Fate, Part, Remains
from rightstate_cli.tables.accounts_table import Registry
from rightstate_cli.terminal.options import FormatOption, HubRegionOption, StackOption, YesOption
from rightstate_cli.terminal.output import Format, ask, print_json, print_table, say, talk
from rightstate_cli.text import counted

decommission = typer.Typer(
    no_args_is_help=True,
    help="Take a member, an organization's members, or a hub away. Shows what goes and what stays, and asks.",
)

RegionsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--region",
        help="Region to look for the member's stacks in; repeatable. Left out: all that its account has "
        "enabled.",
        metavar="NAME",
        show_default=False,
    ),
]
WaitOption = Annotated[
    int, typer.Option(min=0, metavar="MINUTES", help="So long at most for running executions to end.")
]
NowOption = Annotated[bool, typer.Option("--now", help="Do not wait for running executions; they will fail.")]


@decommission.command()
def member(
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="Its 12 digits.")],
    regions: RegionsOption = None,
    profile: Annotated[
        str | None,
        typer.Option(
            help="AWS profile of the member's account. Left out: the hub's credentials.",
            metavar="NAME",
            show_default=False,
        ),
    ] = None,
    wait: WaitOption = 30,
    now: NowOption = False,
    yes: YesOption = False,
    stack: StackOption = DEFAULT_STACK,
    hub_region: HubRegionOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Forget an account, and delete the stacks that it has as a member.

    First its settings, so that nothing starts there any more; then, once the executions that run have ended,
    its stacks, the one with the role last. What was changed in the account stays changed. Run it again after
    an interruption: it goes on. For an account that is closed there is `rightstate accounts remove`.

    Exit codes: 0 nothing is left of it, 1 something is, 2 nothing was done.
    """
    checked_account(account)
    hub = hubs.find(stack, hub_region)
    caller = sign_in(hub.region, profile) if profile else hub.caller
    if caller.account != account:
        raise InvalidInput(
            f"The credentials are of account {caller.account}, and the stacks to delete are in {account}. "
            "Nothing was changed. Name a profile of that account with --profile; if nobody can sign in there "
            f"any more, `rightstate accounts remove {account}` forgets it."
        )
    enrolled, admitted = teardown.enrolment(hub, account), teardown.admitted(hub, account)
    others, with_role = teardown.member_parts(hub, caller, _regions(caller, regions))
    parts = [*enrolled, *others, *with_role, *admitted]
    if _nothing_goes(parts, f"member {account}", format):
        return
    _confirm(f"Member {account} of {stack}", parts, f"Decommission account {account}?", yes)
    with _interruptible():
        # One after the other: without the settings nobody knows the contacts.
        done = all(part.go() for part in enrolled)
        if not done or _still_running(hub, {account}, wait, now):
            _end(parts, format, done=False)
        done = teardown.go(others)
        done = done and teardown.go(with_role) and teardown.go(admitted)
    _end(parts, format, done)


@decommission.command()
def organization(
    max_concurrent: MaxConcurrentOption = 25,
    failure_tolerance: FailureToleranceOption = 100,
    wait: WaitOption = 30,
    now: NowOption = False,
    yes: YesOption = False,
    stack: StackOption = DEFAULT_STACK,
    hub_region: HubRegionOption = None,
    profile: AdministratorOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Forget the accounts that the StackSet reaches, delete its stacks, then itself.

    Run it again after a failure or an interruption: it follows what is under way, and does what is left.

    Exit codes: 0 nothing is left, 1 something is, 2 nothing was done.
    """
    hub = hubs.find(stack, hub_region)
    stack_set = StackSet(hub, stack_sets.organization(hub, profile))
    found = stack_set.find()
    if found is None:
        _nothing_goes([], f"StackSet {stack_set.name}", format)
        return
    with _interruptible():
        stack_set.settle()
        instances = stack_set.instances()
    role = f":role/{found.parameters['MemberRoleName']}"
    reached = {each.account for each in instances}
    registered = sorted(
        each.account
        for each in Registry(hub.settings).all()
        if each.account in reached and (each.role_arn or "").endswith(role)
    )
    enrolled = {account: teardown.enrolment(hub, account) for account in registered}
    forgotten = [
        Part(
            f"{part.what} of account {account}",
            part.where,
            part.fate,
            part.note,
            part.take,
        )
        for account, parts in enrolled.items()
        for part in parts
        if part.fate is Fate.GOES
    ]
    ledger = Part("ledger entries", hub.outputs["LedgerTable"], Fate.STAYS, "they are the audit trail")
    itself = Part(f"StackSet {stack_set.name}", hub.region, Fate.GOES, take=stack_set.delete)
    parts = [*forgotten, *_as_parts(instances), itself, ledger]
    _confirm(
        f"Members of {stack} in {stack_set.organization.id}", parts, "Decommission the organization?", yes
    )
    with _interruptible():
        if not all(part.go() for part in forgotten) or _still_running(hub, set(registered), wait, now):
            _end([*forgotten, *_as_parts(instances), itself, ledger], format, done=False)
        if instances:
            pace = stack_sets.preferences(max_concurrent, failure_tolerance)
            stack_set.empty(stack_sets.covered(instances, found.targets), pace)
        left = stack_set.instances()
        done = not left and itself.go()
    places = {(each.account, each.region): each for each in left}
    ended = _as_parts(instances)
    for part, instance in zip(ended, instances, strict=True):
        there = places.get((instance.account, instance.region))
        part.fate, part.note = (Fate.LEFT, there.reason or there.detail) if there else (Fate.GONE, "")
    if left:
        itself.fate, itself.note = Fate.LEFT, "it still has stacks"
    _end([*forgotten, *ended, itself, ledger], format, done)


@decommission.command()
def hub(
    regions: RegionsOption = None,
    delete_settings: Annotated[
        bool, typer.Option("--delete-settings", help="Delete the settings table too.")
    ] = False,
    delete_ledger: Annotated[bool, typer.Option("--delete-ledger", help="Delete the ledger too.")] = False,
    wait: WaitOption = 30,
    now: NowOption = False,
    yes: YesOption = False,
    stack: StackOption = DEFAULT_STACK,
    hub_region: HubRegionOption = None,
    profile: Annotated[
        str | None,
        typer.Option(help="AWS profile of the hub's account.", metavar="NAME", show_default=False),
    ] = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Delete the hub's stack, and its own account's as a member; the tables only if you say so.

    Its members come first: it refuses while others than its own account are registered. Disables the rules,
    lets the running executions end, then deletes. Run it again after an interruption: it goes on.

    Exit codes: 0 nothing is left but what stays, 1 something is, 2 nothing was done.
    """
    caller = sign_in(hub_region, profile)
    there = teardown.remains(caller, stack)
    _check_last(there)
    others, with_role = teardown.member_parts(there.hub, caller, _regions(caller, regions))
    stacks, tables = there.parts(delete_settings, delete_ledger)
    uploaded = [
        Part(
            "what `sam deploy` has uploaded",
            "the bucket of the stack aws-sam-cli-managed-default, or yours",
            Fate.STAYS,
            "it may hold other applications' too",
        )
    ]
    parts = [*others, *with_role, *stacks, *tables, *(uploaded if there.stack else [])]
    if _nothing_goes(parts, f"hub {stack}", format):
        return
    _confirm(
        f"Hub {stack} in account {caller.account}, {caller.region}", parts, f"Decommission {stack}?", yes
    )
    with _interruptible():
        if there.stack:
            there.disable_rules()
            if _still_running(there.hub, None, wait, now):
                say("The hub's rules are disabled meanwhile; `aws events enable-rule` enables one.")
                _end(parts, format, done=False)
        done = teardown.go(others) and teardown.go(with_role)
        done = done and teardown.go(stacks) and teardown.go(tables)
    _end(parts, format, done)


def _check_last(there: Remains) -> None:
    """Raise InvalidInput while the hub is being changed, or has members that would be left without it."""
    if there.stack and there.stack["StackStatus"].endswith("_IN_PROGRESS"):
        status = there.stack["StackStatus"]
        if status != "DELETE_IN_PROGRESS":
            raise InvalidInput(
                f"The stack {there.hub.stack} is {status}. Nothing was changed. Wait until that has ended."
            )
    if stack_sets.is_there(there.hub.caller, there.hub.stack):
        raise InvalidInput(
            f"The members of an organization still have their stacks, by {stack_sets.name(there.hub.stack)}. "
            "Nothing was changed. Take them away first: `rightstate decommission organization`."
        )
    if not there.whole:
        return
    members = sorted(
        each.account for each in Registry(there.hub.settings).all() if each.account != there.hub.account
    )
    if members:
        raise InvalidInput(
            f"The hub has {counted(len(members), 'member')}: {', '.join(members)}. Nothing was changed. Take "
            "them away first: `rightstate decommission member ACCOUNT`, or `rightstate decommission "
            "organization`."
        )


def _regions(caller: Caller, regions: Sequence[str] | None) -> Collection[str]:
    return [checked_region(each) for each in regions or ()] or member_stacks.enabled_regions(caller)


def _as_parts(instances: Sequence[Instance]) -> list[Part]:
    return [Part(f"stack in account {each.account}", each.region, Fate.GOES) for each in instances]


def _still_running(hub: Hub, accounts: Collection[str] | None, wait: int, now: bool) -> bool:
    """Wait for the executions, and say which have not ended."""
    if now:
        return False
    left = teardown.wait_for_executions(hub, wait, accounts)
    if left:
        names = ", ".join(arn.rpartition(":")[2] for arn in left[:10])
        say(
            f"Still running after {wait} min: {counted(len(left), 'execution')} ({names}). No stack was "
            "deleted. Run the command again, with --now if they need not end well."
        )
    return bool(left)


def _nothing_goes(parts: Sequence[Part], what: str, format: Format) -> bool:
    if any(part.fate is Fate.GOES for part in parts):
        return False
    _print(parts, format)
    say(f"There is nothing to delete of the {what}.")
    return True


def _confirm(title: str, parts: Sequence[Part], question: str, yes: bool) -> None:
    print_table(title, ("What", "Where", "", ""), _rows(parts), to=talk)
    if yes:
        return
    answer = ask(question)
    if answer is None:
        raise InvalidInput("Nothing was changed: nobody confirmed it. In a script, give --yes.")
    if not answer:
        say("Nothing was changed.")
        raise typer.Exit(2)


@contextmanager
def _interruptible() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        say("Left as you asked. What AWS has begun goes on; run the command again to do what is left.")
        raise typer.Exit(1) from None


def _end(parts: Sequence[Part], format: Format, done: bool) -> None:
    """Print what became of everything; exit code 1 unless all is done."""
    for part in parts:
        if part.fate is Fate.GOES:
            part.fate, part.note = Fate.LEFT, "its turn did not come"
    _print(parts, format)
    if not done:
        say("Something is left. Mend what is said of it, and run the command again: it does what is left.")
        raise typer.Exit(1)


def _print(parts: Sequence[Part], format: Format) -> None:
    if format is Format.JSON:
        print_json(
            [
                {"what": part.what, "where": part.where, "fate": part.fate.value, "note": part.note}
                for part in parts
            ]
        )
    elif parts:
        print_table("", ("What", "Where", "", ""), _rows(parts))


def _rows(parts: Sequence[Part]) -> list[tuple[str, str, str, str]]:
    return [(part.what, part.where, part.fate.value, part.note) for part in parts]
