"""Every resource type and policy, found by looking into the package; nothing is registered."""

from difflib import get_close_matches
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from rightstate import resource_types
from rightstate.errors import InvalidInput
from rightstate.identify import shown
from rightstate.policy import Policy
from rightstate.resource_type import ResourceType


def names() -> list[str]:
    """The names of all resource types, sorted, without loading any."""
    return sorted(m.name.replace("_", "-") for m in iter_modules(resource_types.__path__))


@cache
def load(name: str) -> ResourceType:
    """The resource type of that name; loads only its module. Raises InvalidInput."""
    if name not in names():
        raise InvalidInput(f"No resource type is named {shown(name)}; there are: {', '.join(names())}.")
    module = import_module(f"{resource_types.__name__}.{name.replace('-', '_')}")
    loaded: ResourceType = module.RESOURCE_TYPE
    return loaded


def load_all() -> list[ResourceType]:
    """All resource types, by name."""
    return [load(name) for name in names()]


def find_policy(name: str) -> tuple[ResourceType, Policy]:
    """The policy of that id or alias, with its type. Raises InvalidInput."""
    for resource_type in load_all():
        if policy := resource_type.policy(name):
            return resource_type, policy
    known = [policy.id for each in load_all() for policy in each.policies]
    meant = get_close_matches(name[:80], known, n=1)
    hint = f" Did you mean {meant[0]}?" if meant else ""
    raise InvalidInput(f"No policy is named {shown(name)}.{hint} `rightstate policies` lists them all.")
