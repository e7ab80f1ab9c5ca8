"""`rightstate accounts`: whom the hub looks after."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from enum import StrEnum
from typing import Annotated, Any

import typer

from rightstate.aws.sessions import reading_role
from rightstate.catalogue import load, load_all
from rightstate.clock import now
from rightstate.deciding.exemptions import in_force
from rightstate.errors import InvalidInput, RightstateError
from rightstate.identify import shown
from rightstate.models.settings import Account
from rightstate.policy import Mode
from rightstate.resource_type import Place
from rightstate.wants import as_text
from rightstate_cli.aws import Caller, checked_account, checked_region, sign_in
from rightstate_cli.commands import admitting, handling
from rightstate_cli.embedded import accounts as here
from rightstate_cli.hub import admission, contacts
from rightstate_cli.hub.admission import Admission
from rightstate_cli.hub.deployment import Hub
from rightstate_cli.member import role as role_check
from rightstate_cli.member import stacks as member_stacks
from rightstate_cli.member import template as member_template
from rightstate_cli.member.role import Check
from rightstate_cli.member.stacks import Installation, Installed, Result
from rightstate_cli.operations import workspace
from rightstate_cli.operations.workspace import Workspace
from rightstate_cli.planning.target import role_arn
from rightstate_cli.tables.accounts_table import Registry
from rightstate_cli.terminal.options import (
    FormatOption,
    LedgerOption,
    OfHubOption,
    OfHubRegionOption,
    OfStackOption,
    TypeOption,
    YesOption,
)
from rightstate_cli.terminal.output import Format, ask, print_json, print_line, print_table, say
from rightstate_cli.text import counted

accounts = typer.Typer(
    no_args_is_help=True,
    help="Register the accounts that the hub looks after, and check that it can.",
    rich_markup_mode="markdown",
)

AccountArgument = Annotated[str, typer.Argument(metavar="ACCOUNT", help="12 digits.", show_default=False)]
# As template.yaml takes them.
_ADDRESS = r"[^@\s]+@[^@\s]+\.[^@\s]+"


class TemplateFormat(StrEnum):
    """How a template is printed."""

    YAML = "yaml"
    JSON = "json"


@accounts.command()
def add(
    account: AccountArgument,
    region: Annotated[
        list[str] | None,
        typer.Option(
            help="A region that is looked after; repeatable, and replaces those that the account has. Left "
            "out: those that it has, else the hub's.",
            metavar="NAME",
            show_default=False,
        ),
    ] = None,
    all_regions: Annotated[
        bool, typer.Option("--all-regions", help="Every region that is enabled in the account: it is asked.")
    ] = False,
    name: Annotated[
        str | None, typer.Option(help="What people call the account.", metavar="TEXT", show_default=False)
    ] = None,
    contact: Annotated[
        list[str] | None,
        typer.Option(
            help="An address that is sent what concerns the account; repeatable, and replaces those that it "
            "has.",
            metavar="EMAIL",
            show_default=False,
        ),
    ] = None,
    role: Annotated[
        str | None,
        typer.Option(
            help="Name or ARN of the account's role that writes; the one that reads has the same with -read. "
            "Left out: the hub's parameter MemberRoleName.",
            metavar="ROLE",
            show_default=False,
        ),
    ] = None,
    external_id: Annotated[
        str | None,
        typer.Option(
            help="The external id that the role asks for. Left out: the hub's own.",
            metavar="ID",
            show_default=False,
        ),
    ] = None,
    install: Annotated[
        bool,
        typer.Option(
            "--install",
            help="Create or update the member's stack in each region, with the account's credentials: yours "
            "if they are that account's, else those of --profile.",
        ),
    ] = False,
    profile: Annotated[
        str | None,
        typer.Option(
            help="The AWS profile that has the account's credentials.", metavar="NAME", show_default=False
        ),
    ] = None,
    types: TypeOption = None,
    boundary: Annotated[
        str | None,
        typer.Option(
            help="Managed policy to be the permissions boundary of the member's roles.",
            metavar="ARN",
            show_default=False,
        ),
    ] = None,
    yes: YesOption = False,
    deployed: OfHubOption = False,
    stack: OfStackOption = None,
    hub_region: OfHubRegionOption = None,
    ledger: LedgerOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Register an account, and check at once that its role can be assumed.

    No policy is enabled by it. Adding an account again keeps what is not named, its policies above all, and
    with --install upgrades its stacks. Without --install it prints the commands with which the account's
    administrator installs the member.

    - `rightstate accounts add 111122223333 --install` is all that the hub's own account needs.
    - `rightstate accounts add 444455556666 --install --profile payments --all-regions` installs another.
    - `rightstate accounts add 444455556666 --region eu-west-1 --contact team@example.com` registers it.

    Exit codes: 0 the hub can do its work there, 1 something failed or is missing, 2 it
    could not be told, or wrong usage.
    """
    _check_options(account, region or (), all_regions, name, contact or (), boundary)
    chosen = [load(each).name for each in dict.fromkeys(types or ())]
    kept = workspace.choose(deployed, stack, hub_region, ledger)
    registry = kept.registry
    before = registry.find(account)
    at = kept.hub
    if at is None:
        of_hub = {
            "--all-regions": all_regions,
            "--contact": contact,
            "--install": install,
            "--profile": profile,
            "--type": types,
            "--boundary": boundary,
        }
        _add_here(kept, account, (region or (), name, role, external_id), of_hub, format)
        return
    if external_id is not None:
        member_stacks.checked("ExternalId", external_id)
    caller = _caller(at, account, profile, needed=install or all_regions)
    regions = tuple(dict.fromkeys(region or ()))
    if all_regions and caller:
        regions = member_stacks.enabled_regions(caller)
    wanted = _wanted(at, account, before, regions, name, contact, role, external_id)
    places = wanted.regions or (at.region,)
    for each in places:
        _check_partition(at, each)
    _check_role(at, wanted)
    known = before.regions if before else ()
    installation = None
    commands: list[str] = []
    if install and caller:
        installation = member_stacks.prepare(at, caller, wanted, places, known, chosen, boundary)
    else:
        commands = member_stacks.commands(at, wanted, places, known, chosen, boundary or "")

    # Nothing has been written up to here.
    _say_what_is_not_seen(at, chosen, places)
    if dropped := [each for each in known if each not in places]:
        say(
            f"No longer looked after: {', '.join(dropped)}. The stack {member_stacks.name(at)} stays there "
            f"until `rightstate decommission member {account}`."
        )
    admitted = admission.of(at, account)
    if installation and not _confirmed(_question(installation, account), yes):
        say("Nothing was changed.")
        raise typer.Exit(2)
    admits = admitted is Admission.NOT and _confirmed(
        f"Have the event bus of {at.stack} take the events of account {account} (the stack "
        f"{admission.name(at)})?",
        yes,
    )

    installed = installation.install() if installation else []
    if installed and installed[0].result is Result.FAILED:
        _print_added(format, wanted, installed, [], {}, "not looked at", None)
        say(f"Account {account} was not registered: it has no role. Mend that, and run the same again.")
        raise typer.Exit(1)
    if not installed and before and not before.read_role_arn:
        wanted = _with_roles_there(at, wanted)
    written = _register(registry, wanted, installed)
    events, failed = _admit(at, account, admitted, admits)
    told, untold = _subscribe(at, account, before, wanted)
    checked = _check(at, written, caller, role_check.NEW_ROLE if installation else ())
    _print_added(format, written, installed, commands, told, events, checked)
    if failed or untold or checked.ok is False or any(each.result is Result.FAILED for each in installed):
        raise typer.Exit(1)
    raise typer.Exit(0 if checked.ok else 2)


@accounts.command()
def remove(
    account: AccountArgument,
    yes: YesOption = False,
    deployed: OfHubOption = False,
    stack: OfStackOption = None,
    hub_region: OfHubRegionOption = None,
    ledger: LedgerOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Forget an account: nothing of it is looked at or changed any more.

    Its settings go, with the modes and parameters of its policies, the subscriptions of its contacts, and its
    number from those whose events the hub takes. The stacks in the account stay.

    - `rightstate accounts remove 444455556666` shows what goes, and asks.

    Exit codes: 0 it is forgotten, 1 it is, and something of it is left, 2 nothing was changed.
    """
    kept = workspace.choose(deployed, stack, hub_region, ledger)
    registry, at = kept.registry, kept.hub
    if at is None:
        _remove_here(kept, checked_account(account), yes, format)
        return
    found = registry.get(checked_account(account))
    listed = account in admission.listed(at)
    say(
        f"Nothing will be looked at or remediated in account {_named(found)} any more. What goes: its "
        f"settings (policies: {_modes(found)}) and the subscriptions of "
        f"{counted(len(found.contacts), 'contact')}. "
        f"{'Its events are no longer taken. ' if listed else ''}"
        f"The stacks {member_stacks.name(at)} in the account stay until `rightstate decommission member "
        f"{account}`."
    )
    if not _confirmed(f"Remove account {account} from the hub {at.stack}?", yes):
        say("Nothing was changed.")
        raise typer.Exit(2)
    registry.remove(account)
    if format is Format.TABLE:
        print_line(f"Account {account} was removed.")
    # What nothing can begin again must not keep the rest from being done.
    left = []
    try:
        contacts.unsubscribe(at, account, found.contacts)
    except RightstateError as error:
        left.append(
            f"{error} End the subscriptions of {', '.join(found.contacts)} to {at.outputs['Notifications']} "
            "by hand."
        )
    if listed:
        try:
            admission.dismiss(at, account)
        except RightstateError as error:
            left.append(
                f"Its events are still taken, and each ends rejected. {error} Try again with "
                f"`{admission.RECONCILE}`."
            )
    for each in left:
        say(each)
    if format is Format.JSON:
        print_json({"account": account, "removed": True, "left": left})
    if left:
        raise typer.Exit(1)


@accounts.command(name="list")
def list_accounts(
    deployed: OfHubOption = False,
    stack: OfStackOption = None,
    hub_region: OfHubRegionOption = None,
    ledger: LedgerOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """List the accounts that are registered.

    - `rightstate accounts list --format json` gives all of their settings to a script.
    """
    kept = workspace.choose(deployed, stack, hub_region, ledger)
    found = sorted(kept.registry.all(), key=lambda each: each.account)
    if format is Format.JSON:
        print_json([each.model_dump(mode="json") for each in found])
    elif found:
        print_table(
            counted(len(found), "account"),
            ("Account", "Name", "Regions", "Policies", "Contacts"),
            [
                (each.account, each.name, _regions(each), _modes(each), str(len(each.contacts)))
                for each in found
            ],
            whole=("Account",),
        )
    elif kept.hub:
        say("No account is registered. `rightstate accounts add` does that.")
    else:
        say("Nothing is written about any account. On this machine none needs to be registered.")
    if kept.hub and (old := [each.account for each in found if each.role_arn and not each.read_role_arn]):
        say(
            f"With one role for reading and writing: {', '.join(old)}. `rightstate accounts add ACCOUNT "
            "--install` upgrades each; of a StackSet, `rightstate organization deploy` and `register` do."
        )


@accounts.command()
def show(
    account: AccountArgument,
    check: Annotated[bool, typer.Option("--check/--no-check", help="Whether the hub tries the role.")] = True,
    deployed: OfHubOption = False,
    stack: OfStackOption = None,
    hub_region: OfHubRegionOption = None,
    ledger: LedgerOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Show an account's settings, and whether the hub can assume its role just now.

    - `rightstate accounts show 111122223333 --no-check` only reads the settings.

    Exit codes: 0 the hub can do its work there, 1 it cannot, 2 it could not be told.
    """
    kept = workspace.choose(deployed, stack, hub_region, ledger)
    found = kept.registry.get(checked_account(account))
    checked = None
    if check:
        checked = role_check.check(kept.hub, found) if kept.hub else here.check(found, kept.caller)
    if format is Format.JSON:
        print_json({**found.model_dump(mode="json"), "check": _check_facts(checked)})
    else:
        lines = [*_settings(found), ("Enabled", _modes(found)), *handling.lines(found)]
        lines.append(("Exemptions", _exemptions(found)))
        if checked:
            lines.append(("Role", _check_text(checked)))
        print_table(f"Account {_named(found)}", ("", ""), lines)
        if found.policies:
            print_table(
                "",
                ("Policy", "Mode", "Parameters"),
                [
                    (
                        policy,
                        each.mode.value,
                        ", ".join(f"{name} = {as_text(value)}" for name, value in each.parameters.items()),
                    )
                    for policy, each in sorted(found.policies.items())
                ],
                whole=("Mode",),
            )
    if checked and not checked.ok:
        raise typer.Exit(1 if checked.ok is False else 2)


accounts.command()(admitting.admit)
accounts.command(name="set")(handling.set_account)


@accounts.command()
def template(
    types: TypeOption = None,
    format: Annotated[
        TemplateFormat, typer.Option("--format", help="CloudFormation takes both.")
    ] = TemplateFormat.YAML,
) -> None:
    """Print the CloudFormation template of a member, for all resource types or for those named.

    - `rightstate accounts template > member.yaml` is what `rightstate accounts add` tells to deploy.
    - `rightstate accounts template --type s3-bucket` has a role that may mend buckets and nothing else.
    """
    made = member_template.template(dict.fromkeys(types or ()))
    if format is TemplateFormat.JSON:
        print_json(made)
    else:
        typer.echo(member_template.as_yaml(made), nl=False)


# --- Without a hub ---


def _add_here(
    kept: Workspace,
    account: str,
    given: tuple[Sequence[str], str | None, str | None, str | None],
    of_hub: Mapping[str, object],
    format: Format,
) -> None:
    """`given` are regions, name, role and external id, `of_hub` the options that only a hub knows."""
    if wrong := [name for name, value in of_hub.items() if value]:
        raise InvalidInput(
            f"{', '.join(wrong)} needs a hub: on this machine a run acts with your own credentials, or with "
            "the role that --role names. Nothing was changed. Give --deployed, or leave it out."
        )
    written = kept.registry.put(here.wanted(kept.registry.get(account), kept.caller, *given))
    checked = here.check(written, kept.caller)
    _print_added(format, written, [], [], {}, "not taken: nothing listens on this machine", checked)
    raise typer.Exit(0 if checked.ok else 1 if checked.ok is False else 2)


def _remove_here(kept: Workspace, account: str, yes: bool, format: Format) -> None:
    found = kept.registry.find(account)
    if found is None:
        raise InvalidInput(f"Nothing is written about account {account}. Nothing was changed.")
    say(
        f"What goes: the settings of account {_named(found)} (policies: {_modes(found)}), and its "
        f"{counted(len(found.exemptions), 'exemption')}. The ledger keeps its entries. `rightstate "
        "remediate` goes by its own options then."
    )
    if not _confirmed(f"Remove the settings of account {account} from {kept.title}?", yes):
        say("Nothing was changed.")
        raise typer.Exit(2)
    kept.registry.remove(account)
    if format is Format.JSON:
        print_json({"account": account, "removed": True, "left": []})
    else:
        print_line(f"The settings of account {account} were removed.")


# --- What is asked for ---


def _check_options(
    account: str,
    regions: Sequence[str],
    all_regions: bool,
    name: str | None,
    addresses: Sequence[str],
    boundary: str | None,
) -> None:
    checked_account(account)
    for region in regions:
        checked_region(region)
    if regions and all_regions:
        raise InvalidInput("Give either --region or --all-regions.")
    if name and not (name.isprintable() and len(name) <= 128):
        raise InvalidInput(f"{shown(name)} cannot be an account's name: at most 128 characters, on one line.")
    for address in addresses:
        if not re.fullmatch(_ADDRESS, address) or not address.isprintable():
            raise InvalidInput(f"{shown(address)} is not an e-mail address.")
    if boundary:
        member_stacks.checked("PermissionsBoundary", boundary)


def _check_partition(at: Hub, region: str) -> None:
    try:
        partition = at.caller.session.get_partition_for_region(region)
    except Exception as error:
        raise InvalidInput(f"{error}. Nothing was changed.") from None
    if partition != at.partition:
        raise InvalidInput(
            f"{region} is of the partition {partition}, the hub of {at.partition}; no role reaches across. "
            "Nothing was changed."
        )


def _check_role(at: Hub, account: Account) -> None:
    allowed = at.outputs["MemberRoleName"]
    if (account.role_arn or "").partition(":role/")[2] != allowed:
        raise InvalidInput(
            f"{shown(str(account.role_arn))} is a role that the hub's functions may not assume: the stack "
            f"{at.stack} allows them those named {allowed} alone. Nothing was changed. Leave --role out, "
            "or deploy the hub with another MemberRoleName."
        )


def _caller(at: Hub, account: str, profile: str | None, needed: bool) -> Caller | None:
    """Credentials of the account: the own ones, or the profile's. None where there are none."""
    if profile:
        caller = sign_in(at.region, profile)
        if caller.account != account:
            raise InvalidInput(
                f"The profile {shown(profile)} belongs to account {caller.account}, not to {account}. "
                "Nothing was changed. Name that account's profile."
            )
        return caller
    if account == at.account:
        return at.caller
    if needed:
        raise InvalidInput(
            f"--install and --all-regions need credentials of account {account}, and yours belong to "
            f"{at.account}. Nothing was changed. Name a profile with --profile; or leave both out, and have "
            "the account's administrator install the member with the commands that are printed."
        )
    return None


def _wanted(
    at: Hub,
    account: str,
    before: Account | None,
    regions: tuple[str, ...],
    name: str | None,
    addresses: Sequence[str] | None,
    role: str | None,
    external_id: str | None,
) -> Account:
    """The settings as they were, with what is given in them."""
    place = Place(account=account, region=at.region, partition=at.partition)
    given: dict[str, Any] = {
        "name": name,
        "regions": regions or None,
        "contacts": tuple(dict.fromkeys(addresses)) if addresses else None,
        "role_arn": role_arn(role, place) if role else None,
        "external_id": external_id,
    }
    kept = before or Account(account=account, regions=(at.region,))
    needed = {
        "role_arn": kept.role_arn or role_arn(at.outputs["MemberRoleName"], place),
        "external_id": kept.external_id or at.outputs["ExternalId"],
    }
    named = needed | {key: value for key, value in given.items() if value is not None}
    return kept.model_copy(update={**named, "read_role_arn": reading_role(str(named["role_arn"]))})


def _with_roles_there(at: Hub, account: Account) -> Account:
    """The account with the role that reads only if it is there: its administrator may still have to upgrade a
    member that has one role for both, and until then executions go on with that."""
    try:
        there = role_check.has_two_roles(at, account)
    except RightstateError as error:
        say(f"Whether the account has a role that reads could not be tried. {error}")
        there = False
    return account if there else account.model_copy(update={"read_role_arn": None})


def _say_what_is_not_seen(at: Hub, types: Sequence[str], regions: Sequence[str]) -> None:
    """The events of a global service arrive in one region alone."""
    for resource_type in [load(name) for name in types] or load_all():
        home = resource_type.home_regions.get(at.partition)
        if home and home not in regions:
            say(
                f"Events of {resource_type.name} arrive in {home} alone, which is not among the regions: "
                "changes there start nothing until it is."
            )


# --- What is done ---


def _question(installation: Installation, account: str) -> str:
    regions = installation.regions
    new = [region for region in regions if installation.found[region] is None]
    old = [region for region in regions if region not in new]
    done = [f"{verb} in {', '.join(places)}" for verb, places in (("create", new), ("update", old)) if places]
    every = len(load_all())
    what = ", ".join(installation.types) if len(installation.types) < every else f"all {every} resource types"
    return (
        f"In account {account}, {' and '.join(done)} the stack {installation.stack}, whose roles in "
        f"{regions[0]} may remediate {what}?"
    )


def _confirmed(question: str, yes: bool) -> bool:
    answer = yes or ask(question)
    if answer is None:
        raise InvalidInput("Nothing was changed: nobody confirmed it. In a script, give --yes.")
    return answer


def _admit(at: Hub, account: str, admitted: Admission, admits: bool) -> tuple[str, bool]:
    """Let the account's events in where that is to be done; says how it stands, and whether it failed."""
    by_hand = f"`{admission.RECONCILE} {account}`"
    match admitted:
        case Admission.OWN:
            return "taken: the hub's own account", False
        case Admission.LISTED:
            return f"taken: listed in the stack {admission.name(at)}", False
        case Admission.ORGANIZATION:
            return f"taken: of the organization {at.outputs['OrganizationId']}", False
        case Admission.UNKNOWN:
            return (
                f"taken if the account is of the organization {at.outputs['OrganizationId']}, which your "
                f"credentials may not ask; if it is not: {by_hand}"
            ), False
    if not admits:
        return f"not taken; this has them taken: {by_hand}", False
    try:
        admission.admit(at, account)
    except RightstateError as error:
        return f"not taken. {error} Try again with {by_hand}", True
    return f"taken: now listed in the stack {admission.name(at)}", False


def _subscribe(
    hub: Hub, account: str, before: Account | None, wanted: Account
) -> tuple[dict[str, str], bool]:
    """What is now the case of each contact, and whether something failed: the account is registered by then,
    and its role is to be tried whatever becomes of its contacts."""
    try:
        told = contacts.subscribe(hub, account, wanted.contacts)
        contacts.unsubscribe(hub, account, set(before.contacts if before else ()) - set(wanted.contacts))
    except RightstateError as error:
        say(f"{error} `rightstate accounts add {account}` again takes it up there.")
        return {}, True
    return told, False


def _register(registry: Registry, account: Account, installed: Sequence[Installed]) -> Account:
    try:
        return registry.put(account)
    except RightstateError:
        if installed:
            say("The stacks are installed. The settings could not be written; run the same again.")
        raise


def _check(at: Hub, account: Account, caller: Caller | None, waits: Sequence[float]) -> Check:
    """Try the role, and tell the account's contacts where it does not work."""
    try:
        checked = role_check.check(at, account, caller, waits)
    except RightstateError as error:
        return Check(None, f"The hub could not be asked to try the role. {error}")
    if checked.ok is False:
        _tell(at, account, checked)
    return checked


def _tell(at: Hub, account: Account, checked: Check) -> None:
    text = (
        f"Account {_named(account)} was added to Rightstate's hub {at.stack} in account {at.account}, "
        f"{at.region}, and the check of its role failed. Until that is mended nothing is remediated there."
        "\n\n"
        f"{checked.said}\n\nWhat to do: {checked.fix}\n"
    )
    try:
        contacts.tell(at, account.account, f"Rightstate cannot work in account {account.account}", text)
    except RightstateError as error:
        say(f"The account's contacts were not told. {error}")


# --- What is shown ---


def _print_added(
    format: Format,
    account: Account,
    installed: Sequence[Installed],
    commands: Sequence[str],
    told: dict[str, str],
    events: str,
    checked: Check | None,
) -> None:
    if format is Format.JSON:
        print_json(
            {
                "account": account.model_dump(mode="json"),
                "stacks": [
                    {"region": each.region, "result": each.result.value, "reason": each.reason}
                    for each in installed
                ],
                "commands": list(commands),
                "contacts": told,
                "events": events,
                "check": _check_facts(checked),
            }
        )
        return
    if installed:
        print_table(
            "",
            ("Region", "Stack", "Reason"),
            [(each.region, each.result.value, each.reason) for each in installed],
            whole=("Region", "Stack"),
        )
    if checked is None:
        return
    lines = [*_settings(account), ("Events", events)]
    lines += [(f"Contact {address}", state) for address, state in told.items()]
    print_table(f"Account {_named(account)}", ("", ""), [*lines, ("Role", _check_text(checked))])
    if commands:
        print_line("The account's administrator installs the member, or upgrades it, with:")
        for command in commands:
            # Not broken into lines: they are to be copied.
            typer.echo(command)
    if checked.ok and not account.policies:
        say(f"No policy is enabled there yet: `rightstate policies enable ID --account {account.account}`.")


def _settings(account: Account) -> list[tuple[str, str]]:
    return [
        ("Regions", _regions(account)),
        ("Contacts", ", ".join(account.contacts) or "none"),
        ("Role that reads", account.read_role_arn or "none: as the one that writes"),
        ("Role that writes", account.role_arn or "none: the functions' own"),
        ("External id", account.external_id or "none"),
    ]


def _check_text(checked: Check) -> str:
    state = {True: "works", False: "does not work", None: "could not be told"}[checked.ok]
    return "\n".join(filter(None, (f"{state}. {checked.said}", checked.fix)))


def _check_facts(checked: Check | None) -> dict[str, Any] | None:
    return asdict(checked) if checked else None


def _named(account: Account) -> str:
    return f"{account.account} ({account.name})" if account.name else account.account


def _regions(account: Account) -> str:
    return ", ".join(account.regions) or "all"


def _exemptions(account: Account) -> str:
    counting = sum(in_force(each, now()) for each in account.exemptions)
    ended = len(account.exemptions) - counting
    return f"{counting}{f', {ended} ended' if ended else ''}" + (
        f": `rightstate exempt list --all --account {account.account}`" if account.exemptions else ""
    )


def _modes(account: Account) -> str:
    """`3 auto, 1 report`."""
    count = Counter(each.mode for each in account.policies.values())
    return ", ".join(
        f"{count[mode]} {mode}" for mode in reversed(Mode) if mode in count and mode is not Mode.OFF
    ) or ("none")
