"""What a person or an event calls a resource -> the identifier that AWS calls take."""

import re

from rightstate.errors import AnotherPlace, InvalidInput
from rightstate.resource_type import Place, Resource, ResourceType


def identify(resource_type: ResourceType, place: Place, given: str) -> Resource:
    """The resource of that name, ARN or URL, in `place`.

    An ARN or URL of another account, region or partition is refused, as is whatever does not match
    the type's `id_pattern` in full. Raises AnotherPlace and InvalidInput, which repeat `given` only
    shortened and escaped.
    """
    place = at_home(resource_type, place)
    found = _parts(resource_type, given)
    for part in ("account", "region", "partition"):
        theirs, ours = found.get(part), getattr(place, part)
        if theirs and theirs != ours:
            raise AnotherPlace(
                f"{shown(given)} belongs to {part} {shown(theirs)}, not to {ours}. Nothing was changed."
            )
    belongs = not resource_type.per_account or found["id"] == place.account
    match = re.fullmatch(resource_type.id_pattern, found["id"])
    if not belongs or not match:
        raise InvalidInput(
            f"{shown(given)} cannot be the name of a resource of type {resource_type.name}. Nothing was "
            f"changed. Give its identifier or its ARN, like {resource_type.arn}."
        )
    identifier = match.groupdict().get("id", found["id"])
    # One name for one resource: locks, halts and the ledger go by it.
    return Resource(**place.model_dump(), id=identifier.lower() if resource_type.lower_case else identifier)


def at_home(resource_type: ResourceType, place: Place) -> Place:
    """The place where the resource type is looked after: of a global service, its home region."""
    home = resource_type.home_regions.get(place.partition)
    return place.model_copy(update={"region": home}) if home else place


def place_of(resource_type: ResourceType, given: str, otherwise: Place) -> Place:
    """The place that an ARN or URL names; what it leaves open is as in `otherwise`."""
    found = _parts(resource_type, given)
    named: dict[str, str] = {part: found[part] for part in ("account", "region") if part in found}
    return otherwise.model_copy(update=named)


def is_arn_of(resource_type: ResourceType, given: str) -> bool:
    """Whether `given` looks like an ARN of that type, of whatever account and region."""
    found = re.fullmatch(_arn_pattern(resource_type.arn), given)
    if found is None or resource_type.per_account:
        return found is not None
    # The ARNs of several types begin alike, e.g. those of the two generations of load balancers.
    return re.fullmatch(resource_type.id_pattern, found["id"]) is not None


def shown(text: str) -> str:
    """Foreign text, fit for a message: escaped, and not longer than a line."""
    return repr(text if len(text) <= 80 else text[:77] + "...")


def _parts(resource_type: ResourceType, given: str) -> dict[str, str]:
    for pattern in (_arn_pattern(resource_type.arn), resource_type.url_pattern):
        if pattern and (match := re.fullmatch(pattern, given)):
            found = {name: part for name, part in match.groupdict().items() if part}
            return {"id": found["account"], **found} if resource_type.per_account else found
    return {"id": given}


def _arn_pattern(template: str) -> str:
    pattern = re.escape(template).replace(re.escape("*"), "[^:]*")
    for part in ("partition", "region", "account", "id"):
        group = f"(?P<{part}>{'.+' if part == 'id' else '[^:]*'})"
        pattern = pattern.replace(re.escape("{" + part + "}"), group, 1)
    return pattern
