"""Which names are taken for a resource, and which are refused before any call is made."""

from typing import Any

import pytest

from rightstate.catalogue import load, names
from rightstate.errors import InvalidInput
from rightstate.identify import at_home, identify
from rightstate.resource_type import Place, Resource
from rightstate_cli.simulation import examples
from tests.types import expected, known

PLACE = Place(account="111122223333", region="eu-west-1")


def of_each(field: str) -> list[Any]:
    """A case for each item of that field, of every type."""
    return [
        pytest.param(name, *(item if isinstance(item, tuple) else (item,)), id=f"{name}-{item}")
        for name in known()
        for each in [getattr(expected(name), field)]
        for item in (each.items() if isinstance(each, dict) else each)
    ]


@pytest.mark.parametrize("resource_type", names())
def test_the_name_and_the_arn_of_a_resource_name_it(resource_type: str) -> None:
    own = load(resource_type)
    place = at_home(own, PLACE)
    name = PLACE.account if own.per_account else examples.load(resource_type).name
    resource = Resource(**place.model_dump(), id=name)
    assert identify(own, place, name) == resource
    assert identify(own, place, own.arn_of(resource).replace("*", "x")) == resource


@pytest.mark.parametrize(("resource_type", "given", "identifier"), of_each("names"))
def test_another_name_of_a_resource_names_it_in_the_one_way_that_locks_and_the_ledger_know(
    resource_type: str, given: str, identifier: str
) -> None:
    own = load(resource_type)
    assert identify(own, at_home(own, PLACE), given).id == identifier


HOSTILE = [
    "../other",
    "..%2fother",
    "a/../b",
    "na\nme",
    "name\n",
    "name\x00",
    "*",
    "?",
    "a*",
    "${aws:username}",
    "x" * 10_240,
    "",
    " ",
    " a",
    "<script>",
    "\u202eeman",
    "\x1b[31mred",
    "arn:aws:iam::999999999999:role/admin",
    "https://evil.example/111122223333/",
]


@pytest.mark.parametrize("resource_type", names())
@pytest.mark.parametrize("given", HOSTILE, ids=lambda given: repr(given[:20]))
def test_a_hostile_name_is_refused_and_repeated_only_short_and_escaped(
    resource_type: str, given: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        identify(load(resource_type), PLACE, given)
    message = str(refused.value)
    assert len(message) < 400
    assert message.isprintable()


@pytest.mark.parametrize(("resource_type", "given", "part"), of_each("elsewhere"))
def test_a_resource_of_another_account_region_or_partition_is_refused(
    resource_type: str, given: str, part: str
) -> None:
    with pytest.raises(InvalidInput, match=f"belongs to {part}"):
        identify(load(resource_type), PLACE, given)


def test_another_account_has_another_password_policy() -> None:
    with pytest.raises(InvalidInput):
        identify(load("iam-password-policy"), PLACE, "999999999999")


@pytest.mark.parametrize(
    ("partition", "region", "home"),
    [
        ("aws", "eu-west-1", "us-east-1"),
        ("aws-cn", "cn-northwest-1", "cn-north-1"),
        ("aws-us-gov", "us-gov-east-1", "us-gov-west-1"),
    ],
)
def test_a_global_service_is_looked_after_in_its_home_region(partition: str, region: str, home: str) -> None:
    place = Place(account="111122223333", region=region, partition=partition)
    assert identify(load("iam-password-policy"), place, "111122223333").region == home


@pytest.mark.parametrize(("resource_type", "given"), of_each("other_kinds"))
def test_the_name_of_a_resource_of_another_kind_is_refused(resource_type: str, given: str) -> None:
    with pytest.raises(InvalidInput, match=f"of type {resource_type}"):
        identify(load(resource_type), PLACE, given)
