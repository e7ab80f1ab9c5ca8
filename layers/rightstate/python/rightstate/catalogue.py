"""Every resource type and policy, found by looking into the package; nothing is registered."""

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from rightstate import resource_types
from rightstate.errors import InvalidInput
from rightstate.identify import shown
from rightstate.policy import Policy
from rightstate.resource_type import ResourceType


@cache
def names() -> tuple[str, ...]:
    """The names of all resource types, sorted, without loading any."""
    return tuple(sorted(m.name.replace("_", "-") for m in iter_modules(resource_types.__path__)))


@cache
def load(name: str) -> ResourceType:
    """The resource type of that name; loads only its module. Raises InvalidInput."""
    if name not in names():
        meant = get_close_matches(name[:80], names(), n=1)
        hint = f" Did you mean {meant[0]}?" if meant else ""
        raise InvalidInput(f"No resource type is named {shown(name)}.{hint} There are: {', '.join(names())}.")
    module = import_module(f"{resource_types.__name__}.{name.replace('-', '_')}")
    loaded: ResourceType = module.RESOURCE_TYPE
    return loaded


def load_all() -> list[ResourceType]:
    """All resource types, by name."""
    return [load(name) for name in names()]


def find_policy(name: str) -> tuple[ResourceType, Policy]:
    """The policy of that id or alias, with its type. Raises InvalidInput."""
    if found := _policies().get(name):
        return found
    meant = get_close_matches(name[:80], [policy.id for _, policy in _policies().values()], n=1)
    hint = f" Did you mean {meant[0]}?" if meant else ""
    raise InvalidInput(f"No policy is named {shown(name)}.{hint} `rightstate policies` lists them all.")


@cache
def _policies() -> Mapping[str, tuple[ResourceType, Policy]]:
    """By id and by alias. An account's settings name policies of all types, which each Resolve looks up."""
    return {
        name: (resource_type, policy)
        for resource_type in load_all()
        for policy in resource_type.policies
        for name in (policy.id, *policy.aliases)
    }
