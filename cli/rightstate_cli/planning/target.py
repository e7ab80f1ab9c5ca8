"""Which account and region a command acts on, and with which credentials and policies."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rightstate.accounts.exemptions import resource_name
from rightstate.catalogue import find_policy, load, load_all
from rightstate.errors import InvalidInput
from rightstate.guarding.guards import Guard
from rightstate.identify import identify, is_arn_of, shown
from rightstate.models.settings import Account, Enabled
from rightstate.policy import Mode
from rightstate.resource_type import Place, Resource, ResourceType
from rightstate.wants import Value, as_text
from rightstate_cli.aws import checked_account, sign_in

DEFAULT_ROLE = "rightstate-remediation"
"""The name that the member's remediation role has unless the user says otherwise."""

# IAM API reference, CreateRole: a name has these characters; before it there may be a path.
_ROLE_NAME = r"([!-~]+/)?[\w+=,.@-]{1,64}"
_ROLE_ARN = rf"arn:[a-z-]+:iam::([0-9]{{12}}):role/{_ROLE_NAME}"


@dataclass(frozen=True)
class Target:
    """The place, the account's settings for this run, and what to look at there.

    `resources` empty means: list them. `narrowed` has, by type and identifier, the policies of a resource
    where these are fewer than the account's. `guards` has, by account/region/type/id, what a hub has halted.
    """

    place: Place
    account: Account
    types: tuple[ResourceType, ...]
    resources: tuple[tuple[ResourceType, Resource], ...]
    narrowed: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    guards: Mapping[str, Guard] = field(default_factory=dict)

    def guard(self, resource_type: ResourceType, resource: Resource) -> Guard:
        """What halts the resource, if anything."""
        return self.guards.get(f"{resource.account}/{resource_name(resource_type, resource)}", Guard())

    def policies(self, resource_type: ResourceType, resource: Resource) -> dict[str, Enabled]:
        """The policies to evaluate for the resource."""
        only = self.narrowed.get((resource_type.name, resource.id))
        enabled = self.enabled(resource_type)
        return {name: each for name, each in enabled.items() if only is None or name in only}

    def enabled(self, resource_type: ResourceType) -> dict[str, Enabled]:
        """The account's policies about the type."""
        configured = self.account.policies
        return {each.id: configured[each.id] for each in resource_type.policies if each.id in configured}


def target(
    account: str | None,
    region: str | None,
    role: str | None,
    external_id: str | None,
    types: Sequence[str],
    policies: Sequence[str],
    resources: Sequence[str],
    parameters: Sequence[str],
    mode: Mode,
) -> Target:
    """The target that the command line names. Raises InvalidInput, Denied."""
    enabled = enabled_policies(types, policies, parameters, mode)
    chosen = chosen_types(types, policies, resources)
    place, caller = _place(account, region)
    if not role and place.account != caller:
        role = DEFAULT_ROLE
    # One role reads and writes: the user chose it.
    arn = role_arn(role, place) if role else None
    configured = Account(
        account=place.account,
        role_arn=arn,
        read_role_arn=arn,
        external_id=external_id,
        policies=enabled,
    )
    return Target(
        place=place, account=configured, types=chosen, resources=named_resources(chosen, place, resources)
    )


def _place(account: str | None, region: str | None) -> tuple[Place, str]:
    """The place, and the account of the credentials."""
    if account:
        checked_account(account)
    caller = sign_in(region)
    return Place(
        account=account or caller.account, region=caller.region, partition=caller.partition
    ), caller.account


def role_arn(role: str, place: Place) -> str:
    """The ARN of the role of that name or ARN. Raises InvalidInput where it is not the account's."""
    found = re.fullmatch(_ROLE_ARN, role)
    if found and found[1] != place.account:
        raise InvalidInput(f"{shown(role)} is a role of account {found[1]}, not of {place.account}.")
    if not found and not re.fullmatch(_ROLE_NAME, role):
        raise InvalidInput(f"{shown(role)} is neither the name nor the ARN of a role.")
    return role if found else f"arn:{place.partition}:iam::{place.account}:role/{role}"


def enabled_policies(
    types: Sequence[str], policies: Sequence[str], parameters: Sequence[str], mode: Mode
) -> dict[str, Enabled]:
    """The named policies, else all of the named types, else all, each with its parameters."""
    if policies:
        chosen = []
        for resource_type, policy in map(find_policy, policies):
            if types and resource_type.name not in types:
                raise InvalidInput(
                    f"{policy.id} is about {resource_type.name}, which this run's --type leaves out."
                )
            chosen.append(policy)
    else:
        chosen = [policy for each in ([load(t) for t in types] or load_all()) for policy in each.policies]
    values: dict[str, dict[str, Value]] = {policy.id: {} for policy in chosen}
    for given in parameters:
        policy_id, name, value = parameter(given)
        if policy_id not in values:
            raise InvalidInput(f"--set names {policy_id}, which this run leaves out.")
        values[policy_id][name] = value
    return {name: Enabled(mode=mode, parameters=own) for name, own in values.items()}


def without_lacking(policies: Mapping[str, Enabled]) -> dict[str, Enabled]:
    """The policies without those that lack a value which nobody can guess, such as the bucket for logs.

    Raises InvalidInput where all of them lack one, with how to give it."""
    lacking = {
        policy.id: policy.how_to_give(missing)
        for name, each in policies.items()
        for policy in (find_policy(name)[1],)
        if (missing := policy.missing(each.parameters))
    }
    if lacking and len(lacking) == len(policies):
        raise InvalidInput(" ".join(f"{name} cannot run. {how}" for name, how in lacking.items()))
    return {name: each for name, each in policies.items() if name not in lacking}


def parameter(given: str) -> tuple[str, str, Value]:
    """`POLICY.PARAMETER=VALUE` -> policy id, parameter, value. A list's items are comma-separated."""
    named, equals, text = given.partition("=")
    policy_name, _, name = named.rpartition(".")
    if not equals or not policy_name:
        raise InvalidInput(f"--set takes POLICY.PARAMETER=VALUE, not {shown(given)}.")
    policy = find_policy(policy_name)[1]
    declared = policy.parameters.get(name)
    if declared is None:
        takes = ", ".join(policy.parameters) or "none"
        raise InvalidInput(f"{policy.id} has no parameter {shown(name)}; it takes: {takes}.")
    value: Value
    if isinstance(declared.like, bool):
        value = {"true": True, "false": False}.get(text.lower(), text)
    elif isinstance(declared.like, int):
        value = int(text) if text.isdecimal() else text
    elif isinstance(declared.like, list):
        value = text.split(",")
    else:
        value = text
    if not declared.accepts(value):
        bounds = (
            f"{declared.minimum} to {declared.maximum}"
            if declared.maximum
            else ", ".join(map(str, declared.choices))
        ) or (f"a text like {as_text(declared.example)}" if declared.required else "")
        raise InvalidInput(
            f"{shown(text)} is not a value for {policy.id}.{name}. It takes: {bounds or 'a text'}."
        )
    return policy.id, name, value


def chosen_types(
    types: Sequence[str], policies: Sequence[str], resources: Sequence[str]
) -> tuple[ResourceType, ...]:
    """The named types, else those of the policies, else those of the ARNs, else all."""
    if types:
        return tuple(load(name) for name in dict.fromkeys(types))
    if policies:
        return tuple(load(name) for name in sorted({find_policy(name)[0].name for name in policies}))
    everything = tuple(load_all())
    of_arns = tuple(each for each in everything if any(is_arn_of(each, given) for given in resources))
    return of_arns or everything


def named_resources(
    types: Sequence[ResourceType], place: Place, resources: Sequence[str]
) -> tuple[tuple[ResourceType, Resource], ...]:
    """The resources of those names or ARNs, each once for each type that it may be of: those of RDS and
    Neptune have the same ARNs, and only a look tells them apart."""
    found = {}
    for given in resources:
        for resource_type in types_of(types, given):
            resource = identify(resource_type, place, given)
            found[resource_type.name, resource.id] = resource_type, resource
    return tuple(found.values())


def types_of(types: Sequence[ResourceType], given: str) -> Sequence[ResourceType]:
    """The types that an ARN may be of. A bare name needs exactly one type."""
    matching = [each for each in types if is_arn_of(each, given)] or types
    if matching is not types or len(types) == 1:
        return matching
    if given.startswith("arn:"):
        raise InvalidInput(
            f"{shown(given)} is not the ARN of a resource of any of these types: "
            f"{', '.join(each.name for each in types)}."
        )
    raise InvalidInput(f"{shown(given)} could be of several types. Give its ARN, or one --type.")
