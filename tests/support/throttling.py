"""An AWS that asks for fewer calls."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any
from unittest.mock import patch

from moto.core.exceptions import JsonRESTError, _RESTError
from moto.core.responses import BaseResponse


@contextmanager
def throttled(
    services: set[str],
    calls: int,
    among: int,
    concerns: Callable[[BaseResponse], bool] = lambda response: True,
) -> Iterator[list[str]]:
    """Refuse so many calls to the services among so many, one after the other, at random places that are the
    same every time, of those that `concerns` takes; yields those refused."""
    refused: list[str] = []
    random = Random(among)  # noqa: S311
    left = 0

    def refusing(self: BaseResponse, request: Any, *args: Any, **kwargs: Any) -> None:
        nonlocal left
        set_up(self, request, *args, **kwargs)
        if self.service_name not in services or not concerns(self):
            return
        if not left and random.randrange(among) == 0:
            left = calls
        if left:
            left -= 1
            refused.append(f"{self.service_name}:{self._get_action() or request.method}")
            raise _refusal(self.service_name, "X-Amz-Target" in request.headers)

    set_up = BaseResponse.setup_class
    with patch.object(BaseResponse, "setup_class", refusing):
        yield refused


def _refusal(service: str, in_json: bool) -> Exception:
    if in_json:
        return JsonRESTError("ThrottlingException", "Rate exceeded")
    if service == "s3":
        error = _RESTError("SlowDown", "Please reduce your request rate.", template="single_error")
        error.code = 503
        return error
    return _RESTError("Throttling", "Rate exceeded", template="wrapped_single_error")
