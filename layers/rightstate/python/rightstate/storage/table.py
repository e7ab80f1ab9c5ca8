"""The interface of a table, and the tests that a conditional write or a query makes of an item.

Its semantics are DynamoDB's, which one suite of tests holds every implementation to. Items are dicts of
Python's own types: texts, whole numbers, floats, booleans, None, lists and dicts with texts as keys.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

Item = dict[str, Any]
Key = Mapping[str, str]


@dataclass(frozen=True)
class Comparison:
    """What an item's attribute has to be. `path` may lead into dicts: `asked.plan`.

    Of an attribute that is not there only `absent` holds, and `differs`, as DynamoDB's `<>` does.
    """

    path: str
    kind: Literal["absent", "present", "equals", "differs", "below", "above", "among", "contains"]
    value: Any = None


Clause = Sequence[Comparison]
"""Holds where any of its tests does."""


def absent(path: str) -> Comparison:
    """There is no such attribute."""
    return Comparison(path, "absent")


def present(path: str) -> Comparison:
    """There is such an attribute."""
    return Comparison(path, "present")


def equals(path: str, value: Any) -> Comparison:
    """The attribute is that value."""
    return Comparison(path, "equals", value)


def differs(path: str, value: Any) -> Comparison:
    """The attribute is not that value, or not there."""
    return Comparison(path, "differs", value)


def below(path: str, value: Any) -> Comparison:
    """The attribute sorts before that value."""
    return Comparison(path, "below", value)


def above(path: str, value: Any) -> Comparison:
    """The attribute sorts behind that value."""
    return Comparison(path, "above", value)


def among(path: str, values: Sequence[Any]) -> Comparison:
    """The attribute is one of those values; there has to be at least one, and at most 100 (DynamoDB API
    reference, "Comparison operator and function reference")."""
    return Comparison(path, "among", tuple(values))


def contains(path: str, value: Any) -> Comparison:
    """The attribute is a list that has the value."""
    return Comparison(path, "contains", value)


class Table(Protocol):
    """One table. `when` and `where` hold where each of their clauses does; an empty one always holds.

    Two are equal where they are the same table of the same hub.
    """

    def __hash__(self) -> int: ...

    def get(self, key: Key) -> Item | None:
        """The item as the last write has left it; None where there is none."""

    def put(self, item: Mapping[str, Any], when: Sequence[Clause] = ()) -> bool:
        """Write the whole item. False, and nothing is written, where `when` does not hold of the item that is
        there (of an empty one where there is none)."""

    def update(
        self,
        key: Key,
        values: Mapping[str, Any] = {},
        *,
        add: Mapping[str, int] = {},
        remove: Sequence[str] = (),
        when: Sequence[Clause] = (),
    ) -> Item | None:
        """Set, count up and remove attributes by their paths, and make the item where there is none.

        Gives the item as it was before, an empty one where there was none. None, and nothing is written,
        where `when` does not hold.
        """

    def delete(self, key: Key, when: Sequence[Clause] = ()) -> bool:
        """Remove the item, if there is one. False, and nothing is removed, where `when` does not hold."""

    def query(
        self,
        value: str,
        index: str = "",
        *,
        between: tuple[str, str] | None = None,
        newest_first: bool = False,
        where: Sequence[Clause] = (),
    ) -> Iterator[Item]:
        """The items whose partition key is `value`, by their sort key, of which both bounds are within.

        By the table's own key what was written last is seen. An index may lag, and may hold parts of an item
        alone: see `Index.whole`.
        """

    def scan(self, where: Sequence[Clause] = ()) -> Iterator[Item]:
        """Every item, in no order."""

    def made(self) -> datetime:
        """No item is older."""
