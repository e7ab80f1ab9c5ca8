"""The application: every page, its assets, and what an error looks like."""

from collections.abc import Sequence
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from rightstate.errors import Denied, InvalidInput, RightstateError, Throttled, Unavailable, UnknownAccount
from rightstate.step import defect
from rightstate_cli.console import (
    account_changes,
    accounts,
    approvals,
    checks,
    executions,
    exemptions,
    halts,
    overview,
    pages,
    policies,
    policy_changes,
    remediation,
    resources,
    undo,
    work_pages,
)
from rightstate_cli.console.access import ASSETS, Access, Guarded
from rightstate_cli.console.console import Console
from rightstate_cli.console.visit import Visit
from rightstate_cli.report.page import ASSETS as OF_REPORT

_FILES = {
    "page.css": OF_REPORT / "page.css",
    **{
        path.name: path
        for path in (
            Path(__file__).parent / "assets" / name
            for name in ("console.css", "console.js", "theme.js", "icon.svg", "vendor/htmx.min.js")
        )
    },
}
_PAGES = (
    overview,
    resources,
    remediation,
    work_pages,
    policy_changes,
    policies,
    approvals,
    executions,
    undo,
    halts,
    exemptions,
    account_changes,
    accounts,
    checks,
)
"""Each has its ROUTES. The order is that in which an address is looked up."""
_STATUS: Sequence[tuple[type[RightstateError], int, str]] = (
    (Denied, 403, "AWS did not allow it"),
    (Throttled, 503, "AWS asked for fewer calls"),
    (Unavailable, 503, "AWS did not answer"),
    (UnknownAccount, 404, "Not registered"),
    (InvalidInput, 400, "That did not work"),
    (RightstateError, 500, "That did not work"),
)


def application(access: Access, console: Console) -> Starlette:
    """The console's application, behind its checks."""
    made = Starlette(
        routes=[
            *(route for page in _PAGES for route in page.ROUTES),
            Route(f"{ASSETS}{{name}}", _asset, methods=["GET"]),
        ],
        middleware=[Middleware(Guarded, access=access, refuse=_refusal)],
        exception_handlers={
            RightstateError: _error,
            HTTPException: _not_found,
            Exception: _defect,
        },
    )
    made.state.console = console
    return made


async def _asset(request: Request) -> Response:
    file = _FILES.get(request.path_params["name"])
    if file is None:
        raise HTTPException(404)
    return FileResponse(file)


def _refusal(status: int, what: str, next_step: str) -> Response:
    return pages.page("refused.html.j2", status, what=what, next_step=next_step)


def _error(request: Request, error: Exception) -> Response:
    status, title = next((code, words) for kind, code, words in _STATUS if isinstance(error, kind))
    return _failed(request, status, title, str(error))


def _not_found(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    return _failed(request, status, "There is no such page", "Choose another in the menu.")


def _defect(request: Request, error: Exception) -> Response:
    return _failed(request, 500, "Rightstate is at fault", str(defect(error)))


def _failed(request: Request, status: int, title: str, reason: str) -> Response:
    visit = Visit(request, request.app.state.console)
    template = "failed_part.html.j2" if visit.partial else "failed.html.j2"
    return pages.page(template, status, visit=visit, title=title, reason=reason, section="")
