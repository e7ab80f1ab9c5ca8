"""A request as the pages see it: whose workspace, what was sent, what may be done, and the answer."""

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from rightstate.errors import Denied, InvalidInput
from rightstate_cli.console import pages
from rightstate_cli.console.known import Known
from rightstate_cli.console.work import Work, Works
from rightstate_cli.operations import workspace as workspaces
from rightstate_cli.operations.workspace import Workspace

_LONGEST = 1_000_000
"""Bytes of a form."""

MENU = (
    ("overview", "Overview", False),
    ("resources", "Resources", False),
    ("policies", "Policies", False),
    ("approvals", "Approvals", False),
    ("executions", "Executions", False),
    ("exemptions", "Exemptions", False),
    ("accounts", "Accounts", True),
    ("checks", "Checks", False),
    ("work", "Work", False),
)


@dataclass(frozen=True)
class Named:
    """The workspace that the command's options name."""

    deployed: bool = False
    stack: str | None = None
    hub_region: str | None = None
    ledger: Path | None = None

    @property
    def options(self) -> list[str]:
        """The options with which another command uses the same."""
        given = {"--stack": self.stack, "--hub-region": self.hub_region, "--ledger": self.ledger}
        named = [word for name, value in given.items() if value for word in (name, str(value))]
        return [*(["--deployed"] if self.deployed else []), *named]


class Console:
    """One user's console: the workspace, what is known of it, and what was begun."""

    def __init__(self, named: Named, read_only: bool = False) -> None:
        self.named = named
        self.read_only = read_only
        self.known = Known(lambda: self.workspace)
        self.works = Works(self.known.change)
        self.acting = Lock()
        """Held by what runs the embedded engine, of which a process has one."""
        self._chosen: Workspace | None = None
        self._lock = Lock()

    @property
    def workspace(self) -> Workspace:
        """Raises InvalidInput, Denied, Unavailable."""
        with self._lock:
            if self._chosen is None:
                named = self.named
                self._chosen = workspaces.choose(named.deployed, named.stack, named.hub_region, named.ledger)
            return self._chosen

    @property
    def found(self) -> Workspace | None:
        """The workspace, if it is known."""
        return self._chosen

    def forget(self) -> None:
        """Sign in anew with the next request, e.g. because the credentials have expired."""
        with self._lock:
            self._chosen = None


@dataclass(frozen=True)
class Visit:
    """One request. `form` is what was posted."""

    request: Request
    console: Console
    form: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def workspace(self) -> Workspace:
        return self.console.workspace

    @property
    def local(self) -> bool:
        """Whether the ledger is on this machine."""
        return self.workspace.hub is None

    @cached_property
    def asked(self) -> Mapping[str, Sequence[str]]:
        """What the address asks for; empty values are left out."""
        found: dict[str, list[str]] = {}
        for name, value in self.request.query_params.multi_items():
            if value.strip():
                found.setdefault(name, []).append(value.strip())
        return found

    def one(self, name: str) -> str:
        """The value in the address, empty where there is none."""
        return next(iter(self.asked.get(name, ())), "")

    def number(self, name: str, otherwise: int) -> int:
        """A number in the address."""
        text = self.one(name)
        return int(text) if text.isdecimal() and len(text) < 9 else otherwise

    def given(self, name: str) -> str:
        """The value in the form, empty where there is none."""
        return next(iter(self.form.get(name, ())), "").strip()

    def path(self, name: str) -> str:
        """A part of the path."""
        return str(self.request.path_params[name])

    @property
    def partial(self) -> bool:
        """Whether htmx asks, which puts the answer into a page that is there."""
        return "hx-request" in self.request.headers

    def address(self, **changed: object) -> str:
        """This page's address with other values in it; None and an empty text take one out."""
        values: dict[str, object] = {**self.asked, **changed}
        pairs = [
            (name, each)
            for name, value in values.items()
            for each in (value if isinstance(value, (list, tuple)) else [value])
            if each not in (None, "")
        ]
        path = self.request.url.path
        return f"{path}?{urlencode(pairs)}" if pairs else path

    def command(self, *words: str, options: bool = True) -> str:
        """A command that does the same, to copy."""
        return shlex.join(["rightstate", *words, *(self.console.named.options if options else ())])

    @property
    def menu(self) -> Sequence[tuple[str, str, bool]]:
        """Each page's name, its title, and whether it stands apart from those before."""
        return MENU

    @property
    def where(self) -> str:
        """Whose workspace it is; empty while it cannot be found."""
        chosen = self.console.found
        return f"{chosen.title[:1].upper()}{chosen.title[1:]}" if chosen else ""

    def can(self, action: str) -> bool:
        """Whether the console may change something."""
        return not self.console.read_only

    def tally(self, name: str) -> int:
        """How many there are of what a page lists, as far as is known without looking."""
        known = self.console.known.latest
        if known is None:
            return 0
        return {"resources": len(known.wrong), "approvals": len(known.requests)}.get(name, 0)

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        """The page of that template."""
        return pages.page(template, status, visit=self, **values)

    def filtered(self, name: str, **values: Any) -> Response:
        """The page of that name, or the part of it that a filter changes, with the filter in the address."""
        if not self.partial:
            return self.page(f"{name}.html.j2", **values)
        answer = self.page(f"{name}_part.html.j2", **values)
        answer.headers["HX-Replace-Url"] = self.address()
        return answer

    def go(self, address: str) -> Response:
        """Show another page. What was posted is not posted again when that is reloaded."""
        return RedirectResponse(address, 303)

    def begin(
        self, kind: str, title: str, command: str, run: Callable[[Work], Any], about: Any = None
    ) -> Response:
        """Begin long work, and show its page."""
        work = self.console.works.begin(kind, title, command, run, about)
        return self.go(f"/work/{work.id}")


Handler = Callable[[Visit], Response]


def get(path: str, handler: Handler) -> Route:
    """A page."""
    return Route(path, _endpoint(handler), methods=["GET"])


def post(path: str, handler: Handler) -> Route:
    """An action. `access` has seen that it comes from the console, and that it is allowed."""
    return Route(path, _endpoint(handler), methods=["POST"])


def _endpoint(handler: Handler) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        form = await _form(request) if request.method == "POST" else {}
        visit = Visit(request, request.app.state.console, form)
        try:
            return await run_in_threadpool(handler, visit)
        except Denied:
            # Perhaps expired. The user may have signed in anew by the next request.
            visit.console.forget()
            raise

    return endpoint


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
