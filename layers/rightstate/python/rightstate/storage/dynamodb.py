"""A table in DynamoDB.

Raises what botocore raises: its callers name the errors, in Lambda by `named_errors`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeSerializer

from rightstate.storage.table import Clause, Comparison, Item, Key
from rightstate.storage.tables import TableSpec

_SERIALIZER = TypeSerializer()
_OPERATORS = {"equals": "=", "differs": "<>", "below": "<", "above": ">"}


@dataclass(frozen=True)
class DynamoDBTable:
    """The table of that name, through that client."""

    _client: Any
    _name: str
    _spec: TableSpec

    def get(self, key: Key) -> Item | None:
        answer = self._client.get_item(TableName=self._name, Key=serialized(key), ConsistentRead=True)
        return plain(answer["Item"]) if "Item" in answer else None

    def put(self, item: Mapping[str, Any], when: Sequence[Clause] = ()) -> bool:
        expression = _Expression()
        condition = expression.condition(when)
        try:
            self._client.put_item(
                TableName=self._name,
                Item=serialized(item),
                **({"ConditionExpression": condition} if condition else {}),
                **expression.given,
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def update(
        self,
        key: Key,
        values: Mapping[str, Any] = {},
        *,
        add: Mapping[str, int] = {},
        remove: Sequence[str] = (),
        when: Sequence[Clause] = (),
    ) -> Item | None:
        expression = _Expression()
        update = expression.update(values, add, remove)
        condition = expression.condition(when)
        try:
            answer = self._client.update_item(
                TableName=self._name,
                Key=serialized(key),
                **({"UpdateExpression": update} if update else {}),
                **({"ConditionExpression": condition} if condition else {}),
                **expression.given,
                ReturnValues="ALL_OLD",
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return None
        return plain(answer.get("Attributes", {}))

    def delete(self, key: Key, when: Sequence[Clause] = ()) -> bool:
        expression = _Expression()
        condition = expression.condition(when)
        try:
            self._client.delete_item(
                TableName=self._name,
                Key=serialized(key),
                **({"ConditionExpression": condition} if condition else {}),
                **expression.given,
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def query(
        self,
        value: str,
        index: str = "",
        *,
        between: tuple[str, str] | None = None,
        newest_first: bool = False,
        where: Sequence[Clause] = (),
    ) -> Iterator[Item]:
        named, expression = self._spec.index(index), _Expression()
        keyed = f"{expression.name(named.partition)} = {expression.value(value)}"
        if between:
            first, last = map(expression.value, between)
            keyed += f" AND {expression.name(named.sort)} BETWEEN {first} AND {last}"
        # DynamoDB developer guide: a global secondary index cannot be read consistently.
        source: dict[str, Any] = {"IndexName": index} if index else {"ConsistentRead": True}
        filtered = expression.condition(where)
        yield from self._pages(
            "query",
            KeyConditionExpression=keyed,
            ScanIndexForward=not newest_first,
            **({"FilterExpression": filtered} if filtered else {}),
            **source,
            **expression.given,
        )

    def scan(self, where: Sequence[Clause] = ()) -> Iterator[Item]:
        expression = _Expression()
        filtered = expression.condition(where)
        yield from self._pages(
            "scan",
            ConsistentRead=True,
            **({"FilterExpression": filtered} if filtered else {}),
            **expression.given,
        )

    def made(self) -> datetime:
        made: datetime = self._client.describe_table(TableName=self._name)["Table"]["CreationDateTime"]
        return made.astimezone(UTC)

    def _pages(self, operation: str, **given: Any) -> Iterator[Item]:
        for page in self._client.get_paginator(operation).paginate(TableName=self._name, **given):
            yield from map(plain, page["Items"])


class _Expression:
    """An expression's placeholders. All names have one, because DynamoDB has reserved hundreds of words
    (developer guide, "Reserved words in DynamoDB")."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._values: dict[str, Any] = {}

    @property
    def given(self) -> dict[str, Any]:
        """The parameters of the call. DynamoDB refuses empty ones."""
        return {
            **({"ExpressionAttributeNames": self._names} if self._names else {}),
            **({"ExpressionAttributeValues": self._values} if self._values else {}),
        }

    def name(self, path: str) -> str:
        found = {name: placeholder for placeholder, name in self._names.items()}
        parts = []
        for part in path.split("."):
            placeholder = found.setdefault(part, f"#{len(found)}")
            self._names[placeholder] = part
            parts.append(placeholder)
        return ".".join(parts)

    def value(self, value: Any) -> str:
        placeholder = f":{len(self._values)}"
        self._values[placeholder] = _serialized(value)
        return placeholder

    def update(self, values: Mapping[str, Any], add: Mapping[str, int], remove: Sequence[str]) -> str:
        actions = {
            "SET": [f"{self.name(path)} = {self.value(value)}" for path, value in values.items()],
            "ADD": [f"{self.name(path)} {self.value(number)}" for path, number in add.items()],
            "REMOVE": [self.name(path) for path in remove],
        }
        return " ".join(f"{action} {', '.join(each)}" for action, each in actions.items() if each)

    def condition(self, clauses: Sequence[Clause]) -> str:
        return " AND ".join(f"({' OR '.join(map(self._test, clause))})" for clause in clauses)

    def _test(self, test: Comparison) -> str:
        name = self.name(test.path)
        match test.kind:
            case "absent":
                return f"attribute_not_exists({name})"
            case "present":
                return f"attribute_exists({name})"
            case "among":
                return f"{name} IN ({', '.join(map(self.value, test.value))})"
            case "contains":
                return f"contains({name}, {self.value(test.value)})"
            case _:
                return f"{name} {_OPERATORS[test.kind]} {self.value(test.value)}"


def serialized(item: Mapping[str, Any]) -> dict[str, Any]:
    """The item as DynamoDB's API takes it."""
    return {name: _serialized(value) for name, value in item.items()}


def _serialized(value: Any) -> Any:
    return _SERIALIZER.serialize(_typed(value))


def _typed(value: Any) -> Any:
    """boto3's types know no float, no tuple, and no subclass of str, such as an enumeration's members."""
    match value:
        case bool() | None:
            return value
        case str():
            return str(value)
        case float():
            return Decimal(str(value))
        case Mapping():
            return {str(name): _typed(each) for name, each in value.items()}
        case list() | tuple():
            return [_typed(each) for each in value]
        case _:
            return value


def plain(item: Mapping[str, Any]) -> Item:
    """An item as DynamoDB's API gives it, in Python's own types. Bytes are from an earlier version alone."""
    return {name: _plain(value) for name, value in item.items()}


def _plain(value: Mapping[str, Any]) -> Any:
    """boto3's TypeDeserializer, with its Decimals, takes seven times as long: a quarter of a minute more
    for a ledger of 100,000 entries."""
    [(kind, held)] = value.items()
    match kind:
        case "M":
            return {name: _plain(each) for name, each in held.items()}
        case "L":
            return [_plain(each) for each in held]
        case "N":
            return _number(held)
        case "NULL":
            return None
        case "SS":
            return sorted(held)
        case "NS":
            return sorted(map(_number, held))
        case _:
            return held


def _number(text: str) -> int | float:
    """A whole number is an int, however it is written."""
    if not set(text) & {".", "E", "e"}:
        return int(text)
    return int(number) if (number := float(text)).is_integer() else number
