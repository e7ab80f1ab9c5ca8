"""What is asked of DynamoDB where moto is laxer than DynamoDB, and what only DynamoDB holds."""

from collections.abc import Callable
from typing import Any
from unittest.mock import Mock

import pytest

from rightstate.storage.dynamodb import DynamoDBTable, plain, serialized
from rightstate.storage.table import absent, among, below, equals, present
from rightstate.storage.tables import GUARDS

KEY = {"id": "resource", "what": "guard"}
WHEN = [[absent("owner"), equals("owner", "me"), below("held.until", "x")], [among("plan", ["a", "b"])]]
# What each writes or reads, and the expressions in which its placeholders are.
CALLS: dict[str, tuple[Callable[[DynamoDBTable], Any], str]] = {
    "put": (lambda table: table.put(KEY), "put_item"),
    "put where": (lambda table: table.put(KEY, WHEN), "put_item"),
    "put where there is none": (lambda table: table.put(KEY, [[absent("id")]]), "put_item"),
    "update": (lambda table: table.update(KEY, {"asked.plan": 1}, add={"made": 1}), "update_item"),
    "remove where": (
        lambda table: table.update(KEY, remove=["applies.x"], when=[[present("applies.x")]]),
        "update_item",
    ),
    "update where": (lambda table: table.update(KEY, {"owner": "me"}, when=WHEN), "update_item"),
    "delete": (lambda table: table.delete(KEY), "delete_item"),
    "delete where": (lambda table: table.delete(KEY, WHEN), "delete_item"),
}


@pytest.mark.parametrize("name", CALLS)
def test_names_and_values_are_given_if_and_only_if_they_are_used(name: str) -> None:
    """DynamoDB API reference, UpdateItem: anything else is a ValidationException, an empty map too."""
    call, operation = CALLS[name]
    client = Mock()
    client.update_item.return_value = {}
    call(DynamoDBTable(client, "table", GUARDS))
    given = getattr(client, operation).call_args.kwargs
    expressions = f"{given.get('UpdateExpression', '')} {given.get('ConditionExpression', '')}"
    named = given.get("ExpressionAttributeNames", {"#unused": ""})
    valued = given.get("ExpressionAttributeValues", {":unused": ""})
    assert named
    assert valued
    used = {each for each in (*named, *valued) if each in expressions}
    assert used == {*named, *valued} - {"#unused", ":unused"}
    assert expressions.count("#") >= len(used & named.keys())


def test_everything_but_an_index_is_read_consistently() -> None:
    """DynamoDB developer guide, "Read consistency": an index cannot be, all else has to be asked for."""
    client = Mock()
    client.get_item.return_value = {}
    client.get_paginator.return_value.paginate.return_value = []
    table = DynamoDBTable(client, "table", GUARDS)
    table.get(KEY)
    for pages in (table.query("resource"), table.scan(), table.query("halts", "halts")):
        assert list(pages) == []
    calls = [*client.get_item.call_args_list, *client.get_paginator.return_value.paginate.call_args_list]
    assert [call.kwargs.get("ConsistentRead", False) for call in calls] == [True, True, True, False]


def test_bytes_that_an_earlier_version_has_written_are_given_as_bytes() -> None:
    assert plain({"packed": {"B": b"x"}}) == {"packed": b"x"}


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        ({"N": "3"}, 3),
        ({"N": "3.0"}, 3),
        ({"N": "1E+2"}, 100),
        ({"N": "0.5"}, 0.5),
        ({"NULL": True}, None),
        ({"BOOL": False}, False),
        ({"SS": ["b", "a"]}, ["a", "b"]),
        ({"NS": ["2", "1"]}, [1, 2]),
        ({"L": [{"M": {"a": {"N": "-1"}}}]}, [{"a": -1}]),
    ],
)
def test_values_of_dynamodb_are_given_in_pythons_own_types(stored: dict[str, Any], expected: object) -> None:
    given = plain({"value": stored})["value"]
    assert (given, type(given)) == (expected, type(expected))


def test_tuples_floats_and_subclasses_of_str_are_written_as_what_they_are() -> None:
    class Outcome(str):
        pass

    written = serialized({"outcome": Outcome("failed"), "share": 0.5, "policies": ("a",)})
    assert written == {"outcome": {"S": "failed"}, "share": {"N": "0.5"}, "policies": {"L": [{"S": "a"}]}}
