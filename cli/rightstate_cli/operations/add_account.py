"""Register an account, install its member, and check that the hub can work there."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rightstate.aws.sessions import reading_role
from rightstate.catalogue import load, load_all
from rightstate.errors import InvalidInput, RightstateError
from rightstate.frozen import Frozen
from rightstate.identify import shown
from rightstate.models.settings import Account
from rightstate.resource_type import Place
from rightstate_cli.aws import Caller, checked_account, checked_region, sign_in
from rightstate_cli.embedded import accounts as local_accounts
from rightstate_cli.hub import admission, contacts
from rightstate_cli.hub.admission import Admission
from rightstate_cli.hub.deployment import Hub
from rightstate_cli.member import role as role_check
from rightstate_cli.member import stacks as member_stacks
from rightstate_cli.member.role import Check
from rightstate_cli.member.stacks import Installation, Installed, Result
from rightstate_cli.operations.workspace import Workspace
from rightstate_cli.planning.target import role_arn
from rightstate_cli.progress import SILENT, Progress
from rightstate_cli.tables.accounts_table import Registry

# As template.yaml takes them.
_ADDRESS = r"[^@\s]+@[^@\s]+\.[^@\s]+"


class AccountRequest(Frozen):
    """The account to add. What is None or empty stays as the account has it, else as the hub has it.

    `install` creates or updates the member's stacks with the account's credentials, those of `profile` if it
    is given. `types` and `boundary` (ARN of a managed policy) limit the member's roles.
    """

    account: str
    regions: tuple[str, ...] = ()
    all_regions: bool = False
    name: str | None = None
    contacts: tuple[str, ...] = ()
    role: str | None = None
    external_id: str | None = None
    install: bool = False
    profile: str | None = None
    types: tuple[str, ...] = ()
    boundary: str | None = None

    def check(self) -> None:
        """Raise InvalidInput for a value that cannot be right."""
        checked_account(self.account)
        for region in self.regions:
            checked_region(region)
        if self.regions and self.all_regions:
            raise InvalidInput("Give either --region or --all-regions.")
        if self.name and not (self.name.isprintable() and len(self.name) <= 128):
            raise InvalidInput(
                f"{shown(self.name)} cannot be an account's name: at most 128 characters, on one line."
            )
        for address in self.contacts:
            if not re.fullmatch(_ADDRESS, address) or not address.isprintable():
                raise InvalidInput(f"{shown(address)} is not an e-mail address.")
        if self.boundary:
            member_stacks.checked("PermissionsBoundary", self.boundary)
        for each in self.types:
            load(each)

    @property
    def needs_hub(self) -> list[str]:
        """The options given that only a hub can serve."""
        given: Mapping[str, object] = {
            "--all-regions": self.all_regions,
            "--contact": self.contacts,
            "--install": self.install,
            "--profile": self.profile,
            "--type": self.types,
            "--boundary": self.boundary,
        }
        return [name for name, value in given.items() if value]


@dataclass(frozen=True)
class Added:
    """The account as it was added.

    `stacks` are those installed, `commands` those that install them elsewhere. `contacts` has the state of
    each address. `check` is None if the account was not registered, because its role could not be installed.
    """

    account: Account
    stacks: Sequence[Installed] = ()
    commands: Sequence[str] = ()
    contacts: Mapping[str, str] = field(default_factory=dict)
    events: str = ""
    check: Check | None = None
    complete: bool = True

    @property
    def works(self) -> bool | None:
        """Whether the hub can work there. None if the test itself failed."""
        failed = any(each.result is Result.FAILED for each in self.stacks)
        if failed or not self.complete or self.check is None:
            return False
        return self.check.ok


@dataclass(frozen=True)
class Addition:
    """What `prepare` found out. Nothing has been written.

    `notices` are sentences to show before a person agrees. `installation` and `admits` need agreement.
    """

    hub: Hub
    before: Account | None
    wanted: Account
    caller: Caller | None
    admission: Admission
    installation: Installation | None = None
    commands: Sequence[str] = ()
    notices: Sequence[str] = ()

    @property
    def admits(self) -> bool:
        """Whether the hub's event bus does not accept the account's events yet."""
        return self.admission is Admission.NOT

    def run(self, admit: bool, progress: Progress = SILENT) -> Added:
        """Install, register, subscribe and check. With `admit` the hub accepts the account's events.

        Raises InvalidInput, Denied and Unavailable if the settings cannot be written.
        """
        installed = self.installation.install() if self.installation else []
        if installed and installed[0].result is Result.FAILED:
            return Added(self.wanted, installed, events="not looked at")
        wanted = self.wanted
        if not installed and self.before and not self.before.read_role_arn:
            wanted = _with_existing_roles(self.hub, wanted, progress)
        try:
            written = Registry(self.hub.settings).put(wanted)
        except RightstateError:
            if installed:
                progress.say(
                    "The stacks are installed. The settings could not be written. Run the same again."
                )
            raise
        events, admitted = self._admit(admit)
        subscribed = self._subscribe(progress)
        waits = role_check.NEW_ROLE if self.installation else ()
        check = _check_role(self.hub, written, self.caller, waits, progress)
        complete = admitted and subscribed is not None
        return Added(written, installed, self.commands, subscribed or {}, events, check, complete)

    def _admit(self, admit: bool) -> tuple[str, bool]:
        """Whether the account's events are accepted, in words; False if admitting them failed."""
        hub, account = self.hub, self.wanted.account
        by_hand = f"`{admission.RECONCILE} {account}`"
        match self.admission:
            case Admission.OWN:
                return "accepted: the hub's own account", True
            case Admission.LISTED:
                return f"accepted: listed in the stack {admission.name(hub)}", True
            case Admission.ORGANIZATION:
                return f"accepted: of the organization {hub.outputs['OrganizationId']}", True
            case Admission.UNKNOWN:
                return (
                    f"accepted if the account is in the organization {hub.outputs['OrganizationId']}. Your "
                    f"credentials may not ask. If it is not: {by_hand}"
                ), True
        if not admit:
            return f"not accepted. To accept them: {by_hand}", True
        try:
            admission.admit(hub, account)
        except RightstateError as error:
            return f"not accepted. {error} Try again with {by_hand}", False
        return f"accepted: now listed in the stack {admission.name(hub)}", True

    def _subscribe(self, progress: Progress) -> dict[str, str] | None:
        """The state of each contact; None if it failed. The role is checked anyway."""
        account = self.wanted.account
        gone = set(self.before.contacts if self.before else ()) - set(self.wanted.contacts)
        try:
            subscribed = contacts.subscribe(self.hub, account, self.wanted.contacts)
            contacts.unsubscribe(self.hub, account, gone)
        except RightstateError as error:
            progress.say(f"{error} Run `rightstate accounts add {account}` again to continue.")
            return None
        return subscribed


def prepare(hub: Hub, request: AccountRequest) -> Addition:
    """What adding the account means, checked and looked up.

    Raises InvalidInput, SettingsUnreadable, Denied, Unavailable.
    """
    request.check()
    if request.external_id is not None:
        member_stacks.checked("ExternalId", request.external_id)
    before = Registry(hub.settings).find(request.account)
    caller = _caller(hub, request)
    regions = tuple(dict.fromkeys(request.regions))
    if request.all_regions and caller:
        regions = member_stacks.enabled_regions(caller)
    wanted = _wanted(hub, request, before, regions)
    regions = wanted.regions or (hub.region,)
    for region in regions:
        _check_partition(hub, region)
    _check_role_name(hub, wanted)
    known = before.regions if before else ()
    types = list(dict.fromkeys(request.types))
    installation = None
    commands: list[str] = []
    if request.install and caller:
        installation = member_stacks.prepare(hub, caller, wanted, regions, known, types, request.boundary)
    else:
        commands = member_stacks.commands(hub, wanted, regions, known, types, request.boundary or "")
    return Addition(
        hub=hub,
        before=before,
        wanted=wanted,
        caller=caller,
        admission=admission.of(hub, request.account),
        installation=installation,
        commands=commands,
        notices=[
            *_unseen_events(hub, types, regions),
            *_dropped_regions(hub, request.account, [each for each in known if each not in regions]),
        ],
    )


def add_here(workspace: Workspace, request: AccountRequest) -> Added:
    """Write the account's settings on this machine, and try its role.

    Raises InvalidInput, SettingsUnreadable, Denied, Unavailable.
    """
    request.check()
    if request.needs_hub:
        raise InvalidInput(
            f"{', '.join(request.needs_hub)} needs a hub. On this machine, a run acts with your own "
            "credentials, or with the role that --role names. Nothing was changed. Leave it out, or add the "
            "account to a hub."
        )
    before = workspace.registry.get(request.account)
    wanted = local_accounts.wanted(
        before, workspace.caller, request.regions, request.name, request.role, request.external_id
    )
    written = workspace.registry.put(wanted)
    check = local_accounts.check(written, workspace.caller)
    return Added(written, events="not accepted: this machine does not listen for events", check=check)


def _caller(hub: Hub, request: AccountRequest) -> Caller | None:
    """Credentials of the account: your own, or the profile's. None if there are none."""
    if request.profile:
        caller = sign_in(hub.region, request.profile)
        if caller.account != request.account:
            raise InvalidInput(
                f"The profile {shown(request.profile)} belongs to account {caller.account}, not to "
                f"{request.account}. Nothing was changed. Name that account's profile."
            )
        return caller
    if request.account == hub.account:
        return hub.caller
    if request.install or request.all_regions:
        raise InvalidInput(
            f"--install and --all-regions need credentials of account {request.account}, but yours belong to "
            f"{hub.account}. Nothing was changed. Name a profile with --profile. Or leave both out: then the "
            "commands are printed with which the account's administrator installs the member."
        )
    return None


def _wanted(hub: Hub, request: AccountRequest, before: Account | None, regions: Sequence[str]) -> Account:
    """The settings as they were, with what the request gives."""
    place = Place(account=request.account, region=hub.region, partition=hub.partition)
    given: dict[str, Any] = {
        "name": request.name,
        "regions": tuple(regions) or None,
        "contacts": tuple(dict.fromkeys(request.contacts)) or None,
        "role_arn": role_arn(request.role, place) if request.role else None,
        "external_id": request.external_id,
    }
    kept = before or Account(account=request.account, regions=(hub.region,))
    needed = {
        "role_arn": kept.role_arn or role_arn(hub.outputs["MemberRoleName"], place),
        "external_id": kept.external_id or hub.outputs["ExternalId"],
    }
    named = needed | {key: value for key, value in given.items() if value is not None}
    return kept.model_copy(update={**named, "read_role_arn": reading_role(str(named["role_arn"]))})


def _check_partition(hub: Hub, region: str) -> None:
    try:
        partition = hub.caller.session.get_partition_for_region(region)
    except Exception as error:
        raise InvalidInput(f"{error}. Nothing was changed.") from None
    if partition != hub.partition:
        raise InvalidInput(
            f"{region} is in the partition {partition}, the hub in {hub.partition}. A role cannot be assumed "
            "across partitions. Nothing was changed."
        )


def _check_role_name(hub: Hub, account: Account) -> None:
    allowed = hub.outputs["MemberRoleName"]
    if (account.role_arn or "").partition(":role/")[2] != allowed:
        raise InvalidInput(
            f"The hub's functions may not assume {shown(str(account.role_arn))}: the stack {hub.stack} "
            f"allows only roles named {allowed}. Nothing was changed. Leave --role out, or deploy the hub "
            "with another MemberRoleName."
        )


def _with_existing_roles(hub: Hub, account: Account, progress: Progress) -> Account:
    """The account without a role that reads, if that does not exist.

    Its administrator may still have to upgrade a member that has one role. Executions use that one until
    then.
    """
    try:
        found = role_check.has_two_roles(hub, account)
    except RightstateError as error:
        progress.say(f"Could not test whether the account has a role that reads. {error}")
        found = False
    return account if found else account.model_copy(update={"read_role_arn": None})


def _unseen_events(hub: Hub, types: Sequence[str], regions: Sequence[str]) -> list[str]:
    """A sentence for each global service whose events arrive in a region that is not chosen."""
    chosen = [load(name) for name in types] or load_all()
    homes = [(each.name, each.home_regions.get(hub.partition)) for each in chosen]
    return [
        f"Events of {name} arrive only in {home}, which is not among the regions. Add it, or changes to "
        "these resources start nothing."
        for name, home in homes
        if home and home not in regions
    ]


def _dropped_regions(hub: Hub, account: str, regions: Sequence[str]) -> list[str]:
    if not regions:
        return []
    return [
        f"No longer a member in: {', '.join(regions)}. The stack {member_stacks.name(hub)} stays there until "
        f"`rightstate decommission member {account}`."
    ]


def _check_role(
    hub: Hub, account: Account, caller: Caller | None, waits: Sequence[float], progress: Progress
) -> Check:
    """Try the role, and send a message to the account's contacts if it does not work."""
    try:
        check = role_check.check(hub, account, caller, waits, progress)
    except RightstateError as error:
        return Check(None, f"The hub could not be asked to try the role. {error}")
    if check.ok is False:
        _send_failed_check(hub, account, check, progress)
    return check


def _send_failed_check(hub: Hub, account: Account, check: Check, progress: Progress) -> None:
    named = f"{account.account} ({account.name})" if account.name else account.account
    text = (
        f"Account {named} was added to Rightstate's hub {hub.stack} in account {hub.account}, {hub.region}, "
        "but the check of its role failed. Until that is fixed, nothing is remediated there.\n\n"
        f"{check.said}\n\nWhat to do: {check.fix}\n"
    )
    try:
        contacts.send(hub, account.account, f"Rightstate cannot work in account {account.account}", text)
    except RightstateError as error:
        progress.say(f"The account's contacts did not get a message. {error}")


def installation_question(installation: Installation) -> str:
    """What is installed where, and what its roles may do."""
    regions = installation.regions
    new = [region for region in regions if installation.found[region] is None]
    old = [region for region in regions if region not in new]
    done = [f"{verb} in {', '.join(places)}" for verb, places in (("create", new), ("update", old)) if places]
    every = len(load_all())
    what = ", ".join(installation.types) if len(installation.types) < every else f"all {every} resource types"
    return (
        f"In account {installation.caller.account}, {' and '.join(done)} the stack {installation.stack}, "
        f"whose roles in {regions[0]} may remediate {what}?"
    )


def admission_question(addition: Addition) -> str:
    """Whose events the hub accepts then."""
    return (
        f"Let the event bus of {addition.hub.stack} accept the events of account {addition.wanted.account} "
        f"(the stack {addition.hub.stack}-admission)?"
    )
