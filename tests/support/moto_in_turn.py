"""moto's DynamoDB, for several threads."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock
from typing import Any
from unittest.mock import patch

from moto.dynamodb.responses import DynamoHandler

# Reentrant, because one engine may run within another.
_answering = RLock()
_call_action = DynamoHandler.call_action


@contextmanager
def dynamodb_in_turn() -> Iterator[None]:
    """Let moto's DynamoDB answer one call at a time.

    It looks at a condition and writes in two steps, so that two threads would get one lock. It also fails a
    read of a table that another thread writes to meanwhile.
    """
    with patch.object(DynamoHandler, "call_action", _in_turn):
        yield


def _in_turn(self: DynamoHandler) -> Any:
    with _answering:
        return _call_action(self)
