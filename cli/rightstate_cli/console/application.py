"""The application: every page, its assets, and what answers an error."""

from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from rightstate.errors import RightstateError
from rightstate_cli.console import (
    account_changes,
    account_checks,
    accounts,
    admitted,
    approvals,
    batches,
    checks,
    executions,
    exemptions,
    failures,
    halts,
    organization,
    overview,
    pages,
    policies,
    policy_changes,
    remediation,
    resources,
    undelivered,
    undo,
    work_pages,
)
from rightstate_cli.console.access import ASSETS, Access, Guarded
from rightstate_cli.console.console import Console
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
    batches,
    undelivered,
    executions,
    undo,
    halts,
    exemptions,
    organization,
    admitted,
    account_changes,
    account_checks,
    accounts,
    checks,
)
"""Each has its ROUTES. The order is that in which an address is looked up."""


def application(access: Access, console: Console) -> Starlette:
    """The console's application, behind its checks."""
    made = Starlette(
        routes=[
            *(route for page in _PAGES for route in page.ROUTES),
            Route(f"{ASSETS}{{name}}", _asset, methods=["GET"]),
        ],
        middleware=[Middleware(Guarded, access=access, refuse=_refusal)],
        exception_handlers={
            RightstateError: failures.show_error,
            HTTPException: failures.show_not_found,
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
