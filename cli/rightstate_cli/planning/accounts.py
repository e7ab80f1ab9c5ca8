"""The accounts and regions of a plan: those on the command line, or those in a hub's settings."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rightstate.accounts import settings
from rightstate.catalogue import find_policy, load
from rightstate.errors import Denied, InvalidInput
from rightstate.guarding.guards import Guard
from rightstate.identify import at_home, identify, place_of, shown
from rightstate.models.settings import Account, Enabled
from rightstate.policy import Mode
from rightstate.resource_type import Place, Resource, ResourceType
from rightstate_cli.aws import Caller, checked_account, checked_region, sign_in
from rightstate_cli.hub.deployment import Hub
from rightstate_cli.planning.target import (
    DEFAULT_ROLE,
    Target,
    chosen_types,
    enabled_policies,
    role_arn,
    types_of,
    without_lacking,
)
from rightstate_cli.tables.accounts_table import Registry
from rightstate_cli.tables.exemptions import as_counted
from rightstate_cli.tables.guards_table import Guarding


@dataclass(frozen=True)
class Wanted:
    """What the command line asks for. An empty field leaves out nothing."""

    accounts: Sequence[str] = ()
    regions: Sequence[str] = ()
    role: str | None = None
    external_id: str | None = None
    types: Sequence[str] = ()
    policies: Sequence[str] = ()
    resources: Sequence[str] = ()
    parameters: Sequence[str] = ()


@dataclass(frozen=True)
class Accounts:
    """The accounts to plan for, each with its regions, its role and the policies, all in mode auto.

    `modes` has, by account, what a hub's settings allow its policies. `anywhere` are the accounts of which no
    region is left out. `all_registered` says that a hub has no others. `guards` has what it has halted, by
    account/region/type/id.
    """

    caller: Caller
    accounts: Mapping[str, Account]
    types: tuple[ResourceType, ...]
    modes: Mapping[str, Mapping[str, Mode]] = field(default_factory=dict)
    anywhere: frozenset[str] = frozenset()
    all_registered: bool = False
    guards: Mapping[str, Guard] = field(default_factory=dict)

    def only_in(self, account: str) -> Sequence[str]:
        """The regions to which the account is limited, none if it is not."""
        return () if account in self.anywhere else self.accounts[account].regions

    def places(self) -> Iterator[tuple[Account, Place]]:
        """Each account in each of its regions."""
        for account in self.accounts.values():
            for region in account.regions:
                yield account, self.place(account.account, region)

    def place(self, account: str, region: str) -> Place:
        return Place(account=account, region=region, partition=self.caller.partition)


def named_accounts(wanted: Wanted) -> Accounts:
    """The named accounts, or the account of the credentials. Raises InvalidInput, Denied."""
    asked = enabled_policies(wanted.types, wanted.policies, wanted.parameters, Mode.AUTO)
    policies = without_lacking(asked)
    types = chosen_types(wanted.types, wanted.policies, wanted.resources)
    names = [checked_account(each) for each in dict.fromkeys(wanted.accounts)]
    regions = tuple(checked_region(each) for each in dict.fromkeys(wanted.regions))
    caller = sign_in(regions[0] if regions else None)
    accounts = [
        Account(
            account=name,
            regions=regions or (caller.region,),
            role_arn=(role := _role(wanted, name, caller)),
            read_role_arn=role,
            external_id=wanted.external_id,
            policies=policies,
        )
        for name in names or [caller.account]
    ]
    anywhere = () if regions else (each.account for each in accounts)
    return Accounts(caller, {each.account: each for each in accounts}, types, anywhere=frozenset(anywhere))


def registered_accounts(wanted: Wanted, hub: Hub) -> Accounts:
    """The accounts that are registered with the hub, or the named ones of these, with their enabled policies.

    The user's own credentials read them, which the members' roles do not trust: by `role` if it is given,
    else by the role of the settings. Raises InvalidInput, also for unknown names, SettingsUnreadable,
    UnknownAccount, Denied.
    """
    if wanted.parameters:
        raise InvalidInput("--set belongs to a plan on this machine: a hub's settings have the parameters.")
    types = chosen_types(wanted.types, wanted.policies, wanted.resources)
    asked = enabled_policies(wanted.types, wanted.policies, (), Mode.AUTO)
    regions = [checked_region(each) for each in dict.fromkeys(wanted.regions)]
    registry = Registry(hub.settings)
    registered = (
        [registry.get(checked_account(each)) for each in dict.fromkeys(wanted.accounts)]
        if wanted.accounts
        else sorted(registry.all(), key=lambda each: each.account)
    )
    accounts: dict[str, Account] = {}
    modes: dict[str, dict[str, Mode]] = {}
    for account in (as_counted(each, hub.exemption_days) for each in registered):
        enabled = {
            name: configured
            for each in types
            for name, configured in settings.enabled(account, each).items()
            if name in asked
        }
        modes[account.account] = {name: configured.mode for name, configured in enabled.items()}
        own = account.regions or (hub.region,)
        theirs = account.role_arn, account.read_role_arn, account.external_id
        if account.account == hub.account:
            theirs = None, None, None
        elif wanted.role:
            place = Place(account=account.account, region=hub.region, partition=hub.partition)
            role = role_arn(wanted.role, place)
            theirs = role, role, wanted.external_id
        accounts[account.account] = account.model_copy(
            update={
                "regions": tuple(
                    region for region in regions or own if not account.regions or region in account.regions
                ),
                "role_arn": theirs[0],
                "read_role_arn": theirs[1],
                "external_id": theirs[2],
                "policies": {
                    name: Enabled(mode=Mode.AUTO, parameters=configured.parameters)
                    for name, configured in enabled.items()
                },
            }
        )
    _check_somewhere(wanted, hub, registered, accounts)
    anywhere = frozenset(each.account for each in registered if not each.regions and not regions)
    return Accounts(hub.caller, accounts, types, modes, anywhere, not wanted.accounts, _halted(hub))


def targets(accounts: Accounts, resources: Sequence[str] = ()) -> list[Target]:
    """What to read, by account and region: the named resources, or all. Raises InvalidInput."""
    found_in: dict[Place, dict[tuple[str, str], tuple[ResourceType, Resource]]] = {}
    for given in resources:
        concerned = False
        for resource_type in types_of(accounts.types, given):
            place = _only_place(accounts, resource_type, given)
            resource = identify(resource_type, place, given)
            found_in.setdefault(place, {})[resource_type.name, resource.id] = resource_type, resource
            concerned = concerned or _concerned(resource_type, accounts.accounts[place.account])
        if not concerned:
            raise InvalidInput(
                f"No policy about {shown(given)} is enabled in its account. Nothing was planned. `rightstate "
                "policies enable` enables policies; a plan on this machine needs none enabled."
            )
    found = []
    homes = set()
    for account, place in accounts.places():
        types = []
        for each in accounts.types:
            home = at_home(each, place)
            # A global service is read once for an account, whatever its regions.
            if (home, each.name) in homes or not _concerned(each, account):
                continue
            if each.home_regions:
                homes.add((home, each.name))
            types.append(each)
        own = tuple(found_in.get(place, {}).values())
        if own if resources else types:
            found.append(Target(place, account, tuple(types), own, guards=accounts.guards))
    return found


def of_resources(
    accounts: Accounts, wanted: Iterable[tuple[ResourceType, Resource, Collection[str]]]
) -> list[Target]:
    """What to read, where each resource has policies of its own."""
    by_place: dict[Place, dict[tuple[str, str], tuple[ResourceType, Resource]]] = {}
    narrowed: dict[Place, dict[tuple[str, str], frozenset[str]]] = {}
    for resource_type, resource, policies in wanted:
        place = accounts.place(resource.account, resource.region)
        key = resource_type.name, resource.id
        by_place.setdefault(place, {})[key] = resource_type, resource
        before = narrowed.setdefault(place, {}).get(key, frozenset())
        narrowed[place][key] = before | frozenset(policies)
    return [
        Target(
            place=place,
            account=accounts.accounts[place.account],
            types=tuple(load(name) for name in sorted({name for name, _ in resources})),
            resources=tuple(resources.values()),
            narrowed=narrowed[place],
            guards=accounts.guards,
        )
        for place, resources in by_place.items()
    ]


def _check_somewhere(
    wanted: Wanted, hub: Hub, registered: Sequence[Account], accounts: Mapping[str, Account]
) -> None:
    """Check that every name exists, because a plan of nothing looks compliant.

    `accounts` are the registered ones, with only the regions and policies that are wanted. Raises
    InvalidInput."""
    if not registered:
        raise InvalidInput(
            f"No account is registered with the hub {shown(hub.stack)}. Nothing was planned. `rightstate "
            "accounts add` registers one."
        )
    where = f"account {', '.join(accounts)}" if wanted.accounts else "any account that is registered"
    theirs = {region for each in registered for region in each.regions}
    if all(each.regions for each in registered) and (unknown := sorted(set(wanted.regions) - theirs)):
        raise InvalidInput(
            f"Not among the regions of {where}: {', '.join(unknown)}. Nothing was planned. They are: "
            f"{', '.join(sorted(theirs))}."
        )
    enabled = {name for each in accounts.values() for name in each.policies}
    off = [name for name in dict.fromkeys(wanted.types) if not enabled & {p.id for p in load(name).policies}]
    off += sorted({find_policy(name)[1].id for name in wanted.policies} - enabled)
    if off or not enabled:
        raise InvalidInput(
            f"Not enabled in {where}: {', '.join(off) or 'any policy that is asked about'}. Nothing was "
            "planned. `rightstate policies enable` enables policies; a plan on this machine needs none "
            "enabled."
        )
    if not any(each.policies and each.regions for each in accounts.values()):
        raise InvalidInput(
            f"Where a policy that is asked about is enabled, {', '.join(wanted.regions)} is not among the "
            "account's regions. Nothing was planned. `rightstate accounts list` shows both."
        )


def _halted(hub: Hub) -> dict[str, Guard]:
    """What the hub has halted, read once for all resources. Raises Denied, Unavailable, InvalidInput."""
    try:
        return Guarding(hub.guards).halted() if hub.guards else {}
    except Denied as error:
        # Planned as if nothing were halted, an apply would end changed-since-plan.
        raise Denied(
            f"What is halted cannot be read from the hub's table {hub.outputs['GuardsTable']}. Nothing was "
            f"planned. {error}"
        ) from None


def _role(wanted: Wanted, account: str, caller: Caller) -> str | None:
    """The role to assume in the account, None for the user's own credentials."""
    if account == caller.account and (not wanted.role or len(wanted.accounts) > 1):
        return None
    place = Place(account=account, region=caller.region, partition=caller.partition)
    if wanted.role and wanted.role.startswith("arn:") and len(wanted.accounts) > 1:
        raise InvalidInput(
            "With several accounts --role takes the name that the role has in each, not an ARN."
        )
    return role_arn(wanted.role or DEFAULT_ROLE, place)


def _only_place(accounts: Accounts, resource_type: ResourceType, given: str) -> Place:
    """The one account and region of the plan where the resource is."""
    found = {
        place
        for _, place in accounts.places()
        if at_home(resource_type, place_of(resource_type, given, place)) == at_home(resource_type, place)
    }
    if len({at_home(resource_type, place) for place in found}) > 1:
        raise InvalidInput(
            f"{shown(given)} could be in several of the accounts and regions. Give the one --account and "
            "--region where it is."
        )
    if found:
        return min(found, key=lambda place: place.region)
    # identify says of it what does not fit.
    return next(place for _, place in accounts.places())


def _concerned(resource_type: ResourceType, account: Account) -> bool:
    return any(policy.id in account.policies for policy in resource_type.policies)
