"""Functions that Lambda kills just before or just after one of their API calls."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from moto.awslambda_simple.models import LambdaSimpleBackend

from rightstate import sessions


class _Killed(BaseException):
    """No code of a function runs after it was killed: nothing may catch this on the way."""


@contextmanager
def killed(function: str, when: str, operation: str, times: int) -> Iterator[list[str]]:
    """Kill the function `before` or `after` that call, so many times; yields a line for each kill."""
    here = threading.local()
    kills: list[str] = []

    def kill(moment: str, model: Any) -> None:
        concerned = getattr(here, "function", "").endswith(f"-{function}") and model.name == operation
        if moment == when and concerned and len(kills) < times:
            kills.append(f"{function} {when} {operation}")
            raise _Killed

    make, run = sessions._client, LambdaSimpleBackend.invoke

    def hooked(own: Any, service: str, **options: Any) -> Any:
        client = make(own, service, **options)
        for moment in ("before", "after"):
            client.meta.events.register(
                f"{moment}-call", lambda model, moment=moment, **given: kill(moment, model)
            )
        return client

    def invoke(
        self: Any, function_name: str, qualifier: Any, body: Any, headers: Any, response_headers: Any
    ) -> Any:
        here.function = re.sub(r"^.*function:|:[^:]*$", "", function_name)
        try:
            return run(self, function_name, qualifier, body, headers, response_headers)
        except _Killed:
            response_headers["x-amz-function-error"] = "Unhandled"
            # As Lambda answers (aws-lambda-runtime-interface-emulator, ErrInvokeTimeout).
            message = "RequestId: 1 Error: Task timed out after 60.00 seconds"
            return json.dumps({"errorType": "Sandbox.Timedout", "errorMessage": message}).encode()
        finally:
            here.function = ""

    with patch.object(sessions, "_client", hooked), patch.object(LambdaSimpleBackend, "invoke", invoke):
        sessions._forget()
        yield kills
    sessions._forget()
