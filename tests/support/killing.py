"""Functions that Lambda kills just before or just after one of their API calls."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from botocore.client import BaseClient

from rightstate_cli.embedded import interpreter

_TIMED_OUT = type("Sandbox.Timedout", (Exception,), {})


class _Killed(BaseException):
    """No code of a function runs after it was killed: nothing may catch this on the way."""


@contextmanager
def killed(function: str, when: str, operation: str, times: int) -> Iterator[list[str]]:
    """Kill the function `before` or `after` that call, so many times; yields a line for each kill."""
    here = threading.local()
    kills: list[str] = []

    def kill(moment: str, name: str) -> None:
        concerned = getattr(here, "function", "").endswith(f"-{function}") and name == operation
        if moment == when and concerned and len(kills) < times:
            kills.append(f"{function} {when} {operation}")
            raise _Killed

    send, run = BaseClient._make_api_call, interpreter.sfn._call_lambda  # type: ignore[attr-defined]

    def sent(self: Any, name: str, params: dict[str, Any]) -> Any:
        kill("before", name)
        try:
            return send(self, name, params)
        finally:
            kill("after", name)

    def call(name: str, event: Any) -> Any:
        here.function = name.rpartition(":")[2]
        try:
            return run(name, event)
        except _Killed:
            # As Lambda answers (aws-lambda-runtime-interface-emulator, ErrInvokeTimeout).
            raise interpreter._Failed(_TIMED_OUT("Error: Task timed out after 60.00 seconds")) from None
        finally:
            here.function = ""

    with (
        patch.object(BaseClient, "_make_api_call", sent),
        patch.object(interpreter.sfn, "_call_lambda", call),
    ):
        yield kills
