"""What is asked of DynamoDB for a guard, where moto is laxer than DynamoDB."""

from collections.abc import Callable
from typing import Any
from unittest.mock import Mock

import pytest

from rightstate import guards
from rightstate.models import Asked, Intent

RESOURCE = "111122223333/us-east-1/sqs-queue/orders"
ME = "arn:aws:states:us-east-1:123456789012:execution:m:me"
ASKED = Asked(id="ap-0123456789", plan="0" * 64, execution=ME, until="2026-11-26T00:00:00.000Z")
INTENT = Intent(execution=ME, changes=(), calls=())
CALLS: dict[str, Callable[[], Any]] = {
    "acquire": lambda: guards.acquire(RESOURCE, ME),
    "release": lambda: guards.release(RESOURCE, ME, ["sqs-server-side-encryption"]),
    "acquire with an intent": lambda: guards.acquire(RESOURCE, ME, INTENT),
    "intend": lambda: guards.intend(RESOURCE, INTENT),
    "count_dead": lambda: guards.count_dead(RESOURCE, ME, still_writing=False),
    "forget": lambda: guards.forget(RESOURCE, ME),
    "ask": lambda: guards.ask(RESOURCE, ASKED),
    "answered": lambda: guards.answered(RESOURCE, ASKED),
}


@pytest.mark.parametrize("name", CALLS)
def test_names_and_values_are_given_if_and_only_if_they_are_used(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DynamoDB API reference, UpdateItem: anything else is a ValidationException, an empty map too."""
    dynamodb = Mock()
    dynamodb.update_item.return_value = {}
    dynamodb.query.return_value = {"Items": [{"what": {"S": "guard"}, "owner": {"S": ME}}]}
    for variable, value in {"GUARDS_TABLE": "t", "BREAKER_MINUTES": "60", "BREAKER_APPLIES": "5"}.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setattr(guards, "hub_client", lambda service: dynamodb)
    CALLS[name]()
    [given] = [call.kwargs for call in dynamodb.update_item.call_args_list]
    expressions = given["UpdateExpression"] + given["ConditionExpression"]
    for placeholders in ("ExpressionAttributeNames", "ExpressionAttributeValues"):
        assert given.get(placeholders, {"unused": ""}) != {}
        assert all(each in expressions for each in given.get(placeholders, {}))


READ = "2026-11-26T12:00:10.000Z"


@pytest.mark.parametrize(
    ("released_at", "changed"),
    [
        ("", False),
        ("2026-11-26T12:00:04.999Z", False),
        # Written before the read by another host's clock, which may be behind.
        ("2026-11-26T12:00:05.001Z", True),
        ("2026-11-26T12:00:10.001Z", True),
    ],
)
def test_what_was_changed_shortly_before_a_read_may_not_be_in_it(released_at: str, changed: bool) -> None:
    guard = guards.Guard(released_at=released_at, released_by="another")
    assert guard.changed_since(READ, ME) is changed
