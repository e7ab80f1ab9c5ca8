"""What an error looks like: its status, its title, and what it says."""

from collections.abc import Sequence

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from rightstate.errors import Denied, InvalidInput, RightstateError, Throttled, Unavailable, UnknownAccount
from rightstate.executions.step import defect
from rightstate_cli.console import pages
from rightstate_cli.console.visit import Visit

_STATUS: Sequence[tuple[type[RightstateError], int, str]] = (
    (Denied, 403, "AWS did not allow it"),
    (Throttled, 503, "AWS asked for fewer calls"),
    (Unavailable, 503, "AWS did not answer"),
    (UnknownAccount, 404, "Not registered"),
    (InvalidInput, 400, "That did not work"),
    (RightstateError, 500, "That did not work"),
)


def show_error(request: Request, error: Exception) -> Response:
    """The page of an error that was foreseen."""
    status, title = next((code, words) for kind, code, words in _STATUS if isinstance(error, kind))
    return _page(request, status, title, str(error))


def show_not_found(request: Request, error: Exception) -> Response:
    """The page of an address that does not exist."""
    status = error.status_code if isinstance(error, HTTPException) else 404
    return _page(request, status, "There is no such page", "Choose another in the menu.")


def show_defect(request: Request, error: Exception) -> Response:
    """The page of an error that nobody foresaw. It has the error's class and place, without its message."""
    return _page(request, 500, "Rightstate is at fault", str(defect(error)))


def _page(request: Request, status: int, title: str, reason: str) -> Response:
    visit = Visit(request, request.app.state.console)
    template = "failed_part.html.j2" if visit.partial else "failed.html.j2"
    return pages.page(template, status, visit=visit, title=title, reason=reason, section="")
