"""Install members in the accounts of an organization, and register them."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rightstate.aws.sessions import reading_role
from rightstate.catalogue import load, names
from rightstate.errors import InvalidInput
from rightstate.frozen import Frozen
from rightstate.identify import shown
from rightstate.models.settings import Account
from rightstate_cli.aws import Caller, checked_region
from rightstate_cli.hub import admission, deployment
from rightstate_cli.hub.deployment import Hub
from rightstate_cli.member import stack_sets
from rightstate_cli.member import stacks as member_stacks
from rightstate_cli.member import template as member_template
from rightstate_cli.member.stack_sets import Found, Instance, StackSet, Targets
from rightstate_cli.progress import SILENT, Progress
from rightstate_cli.tables.accounts_table import Registry
from rightstate_cli.text import counted

# API reference, Organizations: the ids of an organizational unit and of the root.
_UNIT = r"ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}|r-[0-9a-z]{4,32}"
_NO_TARGETS = Targets((), ())


class DeployRequest(Frozen):
    """The members to install. What is empty or None stays as the StackSet has it.

    `units` are ids of organizational units, `root` means all accounts. The percentages are of the accounts in
    a region: how many at a time, and after how many failures the others are left.
    """

    units: tuple[str, ...] = ()
    root: bool = False
    regions: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    boundary: str | None = None
    max_concurrent: int = 25
    failure_tolerance: int = 10


@dataclass(frozen=True)
class Deployment:
    """What `prepare` found out. Nothing has been changed.

    `found` is the StackSet before, None if it is new. `outdated` says whether its stacks need an update,
    `added` where stacks are missing.
    """

    stack_set: StackSet
    request: DeployRequest
    found: Found | None
    body: str
    parameters: Mapping[str, str]
    outdated: bool
    added: Sequence[Targets]

    @property
    def types(self) -> list[str]:
        """The resource types that the members' roles are for."""
        return types_of(self.body)

    @property
    def changes(self) -> bool:
        return not self.found or self.outdated or bool(self.added)

    @property
    def steps(self) -> list[tuple[str, str]]:
        """What is done, and for or where, in words."""
        found = []
        if not self.found or self.outdated:
            without = [each for each in names() if each not in self.types]
            note = f"\nwithout {', '.join(without)}: name all you want with --type" if without else ""
            what = "update the StackSet and every stack" if self.found else "create the StackSet"
            found.append((what, f"for {counted(len(self.types), 'resource type')}{note}"))
        return found + [
            ("create stacks", f"{', '.join(each.units)} in {', '.join(each.regions)}") for each in self.added
        ]

    def run(self) -> "Deployed":
        """Create or update the StackSet and its stacks, and follow it to the end.

        Raises CallFailed, Denied, Unavailable, InvalidInput. Run again after an interruption, it does what is
        left.
        """
        pace = stack_sets.preferences(self.request.max_concurrent, self.request.failure_tolerance)
        ends = []
        if self.found is None:
            self.stack_set.create(self.body, self.parameters)
        elif self.outdated:
            ends.append(self.stack_set.update(self.body, self.parameters, pace))
        ends += [self.stack_set.add(each, pace) for each in self.added]
        return Deployed(self.stack_set.get(), self.stack_set.instances(), set(ends) - {"SUCCEEDED"})


@dataclass(frozen=True)
class Deployed:
    """The StackSet and its stacks afterwards, and the statuses of operations that did not succeed."""

    found: Found
    instances: Sequence[Instance]
    unsuccessful: set[str]

    @property
    def failed(self) -> list[Instance]:
        return [each for each in self.instances if not each.well]

    @property
    def well(self) -> bool:
        return not self.failed and not self.unsuccessful


@dataclass(frozen=True)
class Registered:
    """One account of the organization, and the result of registering it.

    `registered`, `upgraded` (its role that reads was added), `kept`, `failed` (its role is missing) or `left`
    (it is not in the organization).
    """

    account: str
    name: str
    regions: tuple[str, ...]
    result: str
    note: str = ""


def administered(
    stack: str, hub_region: str | None, profile: str | None, progress: Progress = SILENT
) -> tuple[Hub, StackSet]:
    """The hub, and the StackSet of its members. Raises InvalidInput, Denied, Unavailable."""
    hub = deployment.find(stack, hub_region)
    return hub, StackSet(hub, stack_sets.organization(hub, profile), progress)


def prepare(hub: Hub, stack_set: StackSet, request: DeployRequest) -> Deployment:
    """What deploying the request means. Follows running operations to their end first.

    Raises InvalidInput, Denied, Unavailable.
    """
    stack_sets.check_admitted(hub, stack_set.organization)
    units = [_checked_unit(each) for each in request.units]
    if request.root:
        units.append(stack_sets.root(stack_set.organization))
    regions = [_checked_region(each, stack_set.organization.caller) for each in request.regions]
    types = [load(each).name for each in request.types]
    if request.boundary:
        member_stacks.checked("PermissionsBoundary", request.boundary)
    found = stack_set.find()
    if found:
        stack_set.settle()
    targets = _targets(stack_set, found, units, regions)
    body, parameters = _template(hub, found, targets, types, request.boundary)
    instances = stack_set.instances() if found else []
    added = stack_sets.missing(instances, found.targets if found else _NO_TARGETS, targets)
    outdated = found is not None and (
        (found.body, found.parameters, found.automatic) != (body, parameters, True)
        or not all(each.well for each in instances)
    )
    return Deployment(stack_set, request, found, body, parameters, outdated, added)


def register(hub: Hub, stack_set: StackSet) -> list[Registered]:
    """Register the accounts that have their stacks, with no policy enabled. Registered accounts keep their
    settings; only the role that reads is added after an upgrade.

    Raises InvalidInput, SettingsUnreadable, Denied, Unavailable.
    """
    stack_sets.check_admitted(hub, stack_set.organization)
    found = stack_set.get()
    named = stack_sets.accounts(stack_set.organization)
    registry = Registry(hub.settings)
    registered = {each.account: each for each in registry.all()}
    reached = _reached(stack_set.instances())
    results = [
        _register(registry, hub, found, registered.get(account), account, named.get(account, ""), regions)
        for account, regions in reached.items()
    ]
    admitted = {hub.account, *admission.listed(hub)}
    gone = sorted(registered.keys() - reached.keys() - named.keys() - admitted)
    return [*results, *(_left(registered[account]) for account in gone)]


def types_of(body: str) -> list[str]:
    """The resource types that a member's template is for, without those that this version does not know."""
    found = json.loads(body)["Outputs"]["ResourceTypes"]["Value"].split(",")
    return [each for each in names() if each in found]


def _register(
    registry: Registry,
    hub: Hub,
    found: Found,
    before: Account | None,
    account: str,
    name: str,
    regions: Sequence[str],
) -> Registered:
    parameters = found.parameters
    home = parameters["RoleRegion"]
    writing = f"arn:{hub.partition}:iam::{account}:role/{parameters['MemberRoleName']}"
    # Where a stack is not current, it may still be of a version with one role.
    two_roles = member_template.READING in found.body and home in regions
    if before and before.read_role_arn is None and two_roles and before.role_arn == writing:
        after = registry.put(before.model_copy(update={"read_role_arn": reading_role(writing)}))
        return Registered(account, name, after.regions, "upgraded", "It has a role that reads now.")
    if before:
        more = [region for region in regions if before.regions and region not in before.regions]
        note = f"It has stacks in {', '.join(more)} too, where it is not a member." if more else ""
        return Registered(account, name, before.regions, "kept", note)
    if home not in regions:
        return Registered(
            account, name, (), "failed", f"Its stack in {home}, which has the role, is missing."
        )
    after = registry.put(
        Account(
            account=account,
            name=name,
            regions=tuple(regions),
            role_arn=writing,
            read_role_arn=reading_role(writing) if two_roles else None,
            external_id=parameters["ExternalId"],
        )
    )
    return Registered(account, name, after.regions, "registered")


def _left(account: Account) -> Registered:
    note = f"It is not in the organization. Remove it: `rightstate accounts remove {account.account}`."
    return Registered(account.account, account.name, account.regions, "left", note)


def _checked_unit(unit: str) -> str:
    if not re.fullmatch(_UNIT, unit):
        raise InvalidInput(
            f"{shown(unit)} is not an organizational unit. They look like ou-ab12-3cd4ef56, the root like "
            "r-ab12. Nothing was changed. `aws organizations list-organizational-units-for-parent` lists "
            "them."
        )
    return unit


def _checked_region(region: str, caller: Caller) -> str:
    available = caller.session.get_available_regions("cloudformation", partition_name=caller.partition)
    if checked_region(region) not in available:
        raise InvalidInput(f"{shown(region)} is not a region of {caller.partition}. Nothing was changed.")
    return region


def _targets(
    stack_set: StackSet, found: Found | None, units: Sequence[str], regions: Sequence[str]
) -> Targets:
    """The targets named, else those of the StackSet."""
    before = found.targets if found else _NO_TARGETS
    targets = Targets(
        tuple(dict.fromkeys(units)) or before.units, tuple(dict.fromkeys(regions)) or before.regions
    )
    if not targets.units or not targets.regions:
        raise InvalidInput(
            f"{stack_set.name} has no stacks yet. Nothing was changed. Name the accounts and where: --ou or "
            "--root, and --region."
        )
    return targets


def _template(
    hub: Hub, found: Found | None, targets: Targets, types: Iterable[str], boundary: str | None
) -> tuple[str, Mapping[str, str]]:
    """The template and its parameters. What is not named stays as the StackSet has it."""
    before = found.parameters if found else {}
    parameters = {
        "HubAccount": hub.account,
        "HubRegion": hub.region,
        "HubStack": hub.stack,
        "ExternalId": hub.outputs["ExternalId"],
        "MemberRoleName": hub.outputs["MemberRoleName"],
        # Moving the roles to another region would create them there while they still exist here.
        "RoleRegion": before.get("RoleRegion") or targets.regions[0],
        "PermissionsBoundary": before.get("PermissionsBoundary", "") if boundary is None else boundary,
    }
    for key, value in parameters.items():
        member_stacks.checked(key, value)
    # An upgrade must not allow all types to a member that was installed for some of them.
    return member_stacks.body(list(types) or (types_of(found.body) if found else [])), parameters


def _reached(instances: Iterable[Instance]) -> dict[str, list[str]]:
    """Account -> the regions in which it has its stack."""
    found: dict[str, list[str]] = {}
    for each in _active(instances):
        found.setdefault(each.account, [])
        if each.well:
            found[each.account].append(each.region)
    return found


def _active(instances: Iterable[Instance]) -> Iterator[Instance]:
    return (each for each in instances if not each.suspended)
