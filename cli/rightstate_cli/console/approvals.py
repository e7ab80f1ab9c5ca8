"""What waits for an approval: who asks, what will change, and the answer."""

from datetime import UTC, datetime, timedelta

from starlette.responses import Response

from rightstate.errors import InvalidInput
from rightstate.models.approval import Choice
from rightstate_cli.console.routing import get, post
from rightstate_cli.console.visit import Visit
from rightstate_cli.operations import requests
from rightstate_cli.operations.requests import Window
from rightstate_cli.operations.workspace import guarding_of
from rightstate_cli.planning.plan_file import on_one_line
from rightstate_cli.text import checked_line


def list_all(visit: Visit) -> Response:
    """The requests that wait, then those that were answered or have expired."""
    found = guarding_of(visit.workspace).requests()
    waiting = [each for each in found if requests.waits(each)]
    return visit.page(
        "approvals.html.j2",
        section="approvals",
        waiting=waiting,
        others=[each for each in found if not requests.waits(each)],
        state_of=requests.status,
        cause=requests.cause,
        local=visit.local,
        command=visit.command("approvals", "list"),
    )


def show(visit: Visit) -> Response:
    """One request, with the boxes to answer it. One that the caller may not approve says why."""
    requested = guarding_of(visit.workspace).request(visit.path("id"))
    waits = requests.waits(requested)
    return visit.page(
        "approval.html.j2",
        section="approvals",
        each=requested,
        waits=waits,
        state=requests.status(requested),
        cause=requests.cause(requested),
        approvers="" if requested.proven else requests.approvers(requested),
        undo=requests.undo_text(requested) if requested.undo else "",
        refusal=requests.refusal(visit.workspace, requested) if waits else "",
        about={name: requests.about(name) for name in requested.policies},
        line_of=on_one_line,
        command=visit.command("approvals", "show", requested.id),
        approve=visit.command("approvals", "approve", requested.id, "--reason", "TEXT"),
        deny=visit.command("approvals", "deny", requested.id, "--reason", "TEXT"),
    )


def approve(visit: Visit) -> Response:
    """Approve it, to be applied at once or within a window."""
    return _answer(visit, Choice.APPROVE, _window(visit))


def deny(visit: Visit) -> Response:
    """Deny it."""
    return _answer(visit, Choice.DENY, Window())


def _answer(visit: Visit, choice: Choice, window: Window) -> Response:
    reason = checked_line("The reason", visit.given("reason"))
    requested = requests.waiting(visit.workspace, visit.path("id"))
    if visit.given("plan") != requested.plan:
        raise InvalidInput("The request is another one than the page showed. Nothing was decided. Reload it.")
    requests.answer(visit.workspace, requested, choice, reason, window)
    visit.console.known.change()
    return visit.go(f"/executions/{requested.execution}")


def _window(visit: Visit) -> Window:
    """The window that the form asks for: a time in UTC and hours."""
    begin, hours = visit.given("begin"), visit.given("hours")
    if not begin:
        return Window()
    try:
        begins = datetime.fromisoformat(begin).replace(tzinfo=UTC)
        lasting = timedelta(hours=float(hours or "0"))
    except (ValueError, OverflowError):
        return requests.window(None, timedelta(), f"{begin}/{hours}h")
    return requests.window(begins, lasting, f"{begin}/{hours}h")


ROUTES = [
    get("/approvals", list_all),
    get("/approvals/{id}", show),
    post("/approvals/{id}/approve", approve),
    post("/approvals/{id}/deny", deny),
]
