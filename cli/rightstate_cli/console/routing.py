"""The addresses of pages and actions, and the request behind each as a Visit."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from rightstate.errors import Denied, InvalidInput, RightstateError
from rightstate_cli.console import failures
from rightstate_cli.console.visit import Visit

_LONGEST = 1_000_000
"""Bytes of a form."""

Handler = Callable[[Visit], Response]


def get(path: str, handler: Handler) -> Route:
    """A page."""
    return Route(path, _endpoint(handler), methods=["GET"])


def post(path: str, handler: Handler) -> Route:
    """An action. `access` has seen that it comes from the console, and that it is allowed."""
    return Route(path, _endpoint(handler), methods=["POST"])


def _endpoint(handler: Handler) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        try:
            return await _answer(handler, request)
        except (RightstateError, HTTPException):
            raise
        except Exception as error:
            # Starlette answers these outside all middleware, without the headers of `access`, and raises them
            # again for the server to log (starlette.middleware.errors).
            return failures.show_defect(request, error)

    return endpoint


async def _answer(handler: Handler, request: Request) -> Response:
    form = await _form(request) if request.method == "POST" else {}
    visit = Visit(request, request.app.state.console, form)
    try:
        return await run_in_threadpool(handler, visit)
    except Denied:
        # Perhaps expired. The user may have signed in anew by the next request.
        visit.console.forget()
        raise


async def _form(request: Request) -> Mapping[str, Sequence[str]]:
    found: dict[str, list[str]] = {}
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _LONGEST:
            raise InvalidInput("The form is too long. Nothing was changed. Choose fewer, or use a filter.")
    for name, value in parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True):
        found.setdefault(name, []).append(value)
    return found
