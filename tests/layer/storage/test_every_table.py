"""What every implementation of a table does, DynamoDB being the judge."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import pytest

from rightstate.storage.dynamodb import DynamoDBTable
from rightstate.storage.table import (
    Clause,
    Comparison,
    above,
    absent,
    among,
    below,
    contains,
    differs,
    equals,
    present,
)
from rightstate.storage.tables import GUARDS, LEDGER, SETTINGS, TABLES
from rightstate_cli.embedded.storage import SQLiteStorage
from tests.layer.storage.conftest import TableOf
from tests.support.moto_in_turn import dynamodb_in_turn
from tests.support.template import rendered

KEY = {"id": "111122223333/eu-west-1/s3-bucket/orders", "what": "guard"}
ITEM = {
    **KEY,
    "owner": "me",
    "count": 3,
    "share": 0.5,
    "yes": True,
    "nothing": None,
    "list": ["a", 1, {"deep": [False]}],
    "asked": {"plan": "p1", "until": "2026-11-26T00:00:00Z"},
    "empty": "",
}


def entry(number: int, **given: Any) -> dict[str, Any]:
    return {
        "resource": f"account/region/type/{number % 3}",
        "at": f"2026-11-{number:02}#name-{number}",
        "account": "111122223333" if number % 2 else "444455556666",
        "day": f"2026-11-{number:02}",
        "execution": f"arn:{number}",
        "outcome": "compliant" if number % 2 else "failed",
        **given,
    }


def test_an_item_comes_back_as_it_was_written(table_of: TableOf) -> None:
    table = table_of(GUARDS)
    assert table.get(KEY) is None
    assert table.put(ITEM)
    assert table.get(KEY) == ITEM


def test_a_second_item_of_the_same_key_replaces_the_whole_first_one(table_of: TableOf) -> None:
    table = table_of(SETTINGS)
    table.put({"account": "111122223333", "name": "one", "revision": 1})
    table.put({"account": "111122223333", "revision": 2})
    assert table.get({"account": "111122223333"}) == {"account": "111122223333", "revision": 2}


def test_a_deleted_item_is_gone_and_deleting_it_again_does_nothing(table_of: TableOf) -> None:
    table = table_of(GUARDS)
    table.put(ITEM)
    assert table.delete(KEY)
    assert table.delete(KEY)
    assert table.get(KEY) is None
    assert list(table.scan()) == []


COMPARISONS: list[tuple[Comparison, bool, bool]] = [
    # comparison, of ITEM, of an item that is not there
    (absent("owner"), False, True),
    (absent("other"), True, True),
    (absent("asked.plan"), False, True),
    (absent("asked.other"), True, True),
    (absent("nothing"), False, True),
    (present("owner"), True, False),
    (present("asked.plan"), True, False),
    (present("other"), False, False),
    (present("other.plan"), False, False),
    (equals("owner", "me"), True, False),
    (equals("owner", "you"), False, False),
    (equals("count", 3), True, False),
    (equals("yes", True), True, False),
    (equals("count", "3"), False, False),
    (equals("asked.plan", "p1"), True, False),
    (equals("empty", ""), True, False),
    (differs("owner", "me"), False, True),
    (differs("owner", "you"), True, True),
    (differs("other", "you"), True, True),
    (below("asked.until", "2026-11-27"), True, False),
    (below("asked.until", "2026-11-25"), False, False),
    (below("count", 4), True, False),
    (below("other", "z"), False, False),
    (above("asked.until", "2026-11-25"), True, False),
    (above("share", 0.4), True, False),
    (among("owner", ["you", "me"]), True, False),
    (among("owner", ["you"]), False, False),
    (contains("list", "a"), True, False),
    (contains("list", "b"), False, False),
    (contains("other", "a"), False, False),
]


# DynamoDB compares types before values (API reference, "Legacy conditional parameters", EQ and LT: "If an
# item contains an AttributeValue element of a different type than the one provided in the request, the value
# does not match"). moto compares Python's values.
OF_ANOTHER_TYPE = [
    equals("yes", 1),
    equals("count", "3"),
    below("count", "4"),
    above("owner", 1),
    equals("other", None),
    among("yes", [1, 2]),
]


@pytest.mark.parametrize("comparison", OF_ANOTHER_TYPE)
def test_values_of_different_types_never_match(tmp_path: Path, comparison: Comparison) -> None:
    table = SQLiteStorage(tmp_path / "ledger.sqlite")(GUARDS)
    table.put(ITEM)
    assert not table.put(ITEM, when=[[comparison]])


@pytest.mark.parametrize(("comparison", "there", "_gone"), COMPARISONS)
def test_a_conditional_write_happens_only_where_its_condition_holds(
    table_of: TableOf, comparison: Comparison, there: bool, _gone: bool
) -> None:
    table = table_of(GUARDS)
    table.put(ITEM)
    changed = {**ITEM, "owner": "changed"}
    assert table.put(changed, when=[[comparison]]) is there
    assert table.get(KEY) == (changed if there else ITEM)


@pytest.mark.parametrize(("comparison", "_there", "gone"), COMPARISONS)
def test_a_condition_on_an_item_that_is_not_there_is_about_an_empty_one(
    table_of: TableOf, comparison: Comparison, _there: bool, gone: bool
) -> None:
    table = table_of(GUARDS)
    assert table.update(KEY, {"made": 1}, when=[[comparison]]) == ({} if gone else None)
    assert table.get(KEY) == ({**KEY, "made": 1} if gone else None)


@pytest.mark.parametrize(("comparison", "there", "gone"), COMPARISONS)
def test_a_conditional_delete_happens_only_where_its_condition_holds(
    table_of: TableOf, comparison: Comparison, there: bool, gone: bool
) -> None:
    table = table_of(GUARDS)
    assert table.delete(KEY, when=[[comparison]]) is gone
    table.put(ITEM)
    assert table.delete(KEY, when=[[comparison]]) is there
    assert table.get(KEY) == (None if there else ITEM)


@pytest.mark.parametrize(("comparison", "there", "_gone"), COMPARISONS)
def test_a_query_and_a_scan_give_what_their_filter_lets_through(
    table_of: TableOf, comparison: Comparison, there: bool, _gone: bool
) -> None:
    table = table_of(GUARDS)
    table.put(ITEM)
    wanted = [ITEM] if there else []
    assert list(table.query(KEY["id"], where=[[comparison]])) == wanted
    assert list(table.scan(where=[[comparison]])) == wanted


@pytest.mark.parametrize(
    ("clauses", "holds"),
    [
        ([], True),
        ([[absent("owner"), equals("owner", "me")]], True),
        ([[absent("owner"), equals("owner", "you")]], False),
        ([[equals("owner", "me")], [equals("count", 3)]], True),
        ([[equals("owner", "me")], [equals("count", 4)]], False),
        ([[equals("owner", "you"), equals("count", 3)], [equals("yes", True)]], True),
    ],
)
def test_all_clauses_have_to_hold_and_one_comparison_of_each_will_do(
    table_of: TableOf, clauses: Sequence[Clause], holds: bool
) -> None:
    table = table_of(GUARDS)
    table.put(ITEM)
    assert (table.update(KEY, {"x": 1}, when=clauses) is not None) is holds


def test_an_update_sets_counts_and_removes_by_paths_and_gives_the_item_as_it_was(table_of: TableOf) -> None:
    table = table_of(GUARDS)
    table.put(ITEM)
    before = table.update(
        KEY,
        {"owner": "you", "asked.plan": "p2", "plan": ["new"]},
        add={"count": 2, "fresh": 1},
        remove=("asked.until", "list", "never-there"),
    )
    assert before == ITEM
    left = {name: value for name, value in ITEM.items() if name != "list"}
    changed = {"owner": "you", "count": 5, "fresh": 1, "plan": ["new"], "asked": {"plan": "p2"}}
    assert table.get(KEY) == left | changed


def test_an_update_without_an_item_makes_one_with_the_key(table_of: TableOf) -> None:
    table = table_of(GUARDS)
    assert table.update(KEY, add={"count": 1}) == {}
    assert table.get(KEY) == {**KEY, "count": 1}


@pytest.mark.parametrize(
    ("value", "index", "between", "numbers"),
    [
        ("account/region/type/1", "", None, [1, 4, 7, 10]),
        ("account/region/type/1", "", ("2026-11-04", "2026-11-08"), [4, 7]),
        ("111122223333", "account", None, [1, 3, 5, 7, 9]),
        ("111122223333", "account", ("2026-11-03", "2026-11-08"), [3, 5, 7]),
        ("2026-11-06", "day", None, [6]),
        ("arn:8", "execution", None, [8]),
        ("b1", "batch", None, [2, 3]),
        ("nobody", "account", None, []),
    ],
)
def test_a_query_gives_the_items_of_its_key_in_their_order(
    table_of: TableOf, value: str, index: str, between: tuple[str, str] | None, numbers: list[int]
) -> None:
    table = table_of(LEDGER)
    for number in (3, 10, 1, 7, 5, 2, 9, 4, 8, 6):
        table.put(entry(number, **({"batch": "b1"} if number in (2, 3) else {})))
    found = table.query(value, index, between=between)
    assert [item["execution"] for item in found] == [f"arn:{number}" for number in numbers]
    if index != "execution":
        backwards = table.query(value, index, between=between, newest_first=True)
        assert [item["at"] for item in backwards] == [entry(n)["at"] for n in reversed(numbers)]


def test_more_items_than_one_page_holds_are_all_given(table_of: TableOf) -> None:
    table = table_of(GUARDS)
    for number in range(120):
        # DynamoDB's pages end at 1 MB.
        table.put({"id": "one", "what": f"{number:04}", "filler": "x" * 10_000})
    assert [item["what"] for item in table.query("one")] == [f"{number:04}" for number in range(120)]
    assert len(list(table.scan())) == 120


def test_of_many_who_take_one_lock_at_once_one_gets_it(table_of: TableOf) -> None:
    table = table_of(GUARDS)

    def take(name: int) -> bool:
        return table.update(KEY, {"owner": str(name)}, when=[[absent("owner")]]) is not None

    with dynamodb_in_turn(), ThreadPoolExecutor(16) as takers:
        assert sum(takers.map(take, range(64))) == 1


def test_of_many_who_count_at_once_every_count_is_kept(table_of: TableOf) -> None:
    table = table_of(GUARDS)
    with dynamodb_in_turn(), ThreadPoolExecutor(16) as counters:
        list(counters.map(lambda _: table.update(KEY, add={"count": 1}), range(64)))
    assert table.get(KEY) == {**KEY, "count": 64}


def test_a_table_equals_itself_and_no_other_hubs(tmp_path: Path) -> None:
    one, another = SQLiteStorage(tmp_path / "one.sqlite"), SQLiteStorage(tmp_path / "another.sqlite")
    clients = [boto3.client("dynamodb", region_name="eu-west-1") for _ in range(2)]
    tables = [storage(spec) for storage in (one, another) for spec in TABLES]
    tables += [DynamoDBTable(client, spec.name, spec) for client in clients for spec in TABLES]
    assert len(set(tables)) == 12
    assert {one(GUARDS), DynamoDBTable(clients[0], "guards", GUARDS)} < set(tables)


def test_no_item_of_the_ledger_is_older_than_the_table(table_of: TableOf) -> None:
    table = table_of(LEDGER)
    made = table.made()
    assert made.tzinfo is not None
    table.put(entry(3))
    assert table.made().isoformat() <= made.isoformat()


def test_the_tables_are_those_of_the_template() -> None:
    for spec in TABLES:
        declared = rendered()[f"{spec.name.title()}Table"]["Properties"]
        assert [each["AttributeName"] for each in declared["KeySchema"]] == list(spec.key)
        indexes = {each["IndexName"]: each for each in declared.get("GlobalSecondaryIndexes", [])}
        assert set(indexes) == {index.name for index in spec.indexes}
        for index in spec.indexes:
            keys = [each["AttributeName"] for each in indexes[index.name]["KeySchema"]]
            assert keys == [index.partition, *([index.sort] if index.sort else [])]
            assert (indexes[index.name]["Projection"]["ProjectionType"] == "ALL") is index.whole
