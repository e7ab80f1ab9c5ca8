"""A request as the pages see it: whose workspace, what was sent, what may be done, and the answer."""

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from rightstate.errors import InvalidInput
from rightstate_cli.console import pages
from rightstate_cli.console.console import Console
from rightstate_cli.console.work import Work
from rightstate_cli.hub.deployment import Hub
from rightstate_cli.operations.permissions import Act
from rightstate_cli.operations.workspace import Workspace

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


_OF_HUB_ALONE = ("accounts admit", "decommission", "organization", "start", "verify")
"""Commands that only a hub has."""


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

    def of_hub(self, *words: str) -> str:
        """A command that does the same, of those that only a hub has. They need no --deployed."""
        return shlex.join(["rightstate", *words, *self._options_of_hub])

    @property
    def _options_of_hub(self) -> list[str]:
        return [word for word in self.console.named.options if word != "--deployed"]

    def here(self, command: str) -> str:
        """A command of an operation's sentence, for this workspace: with the options of this console."""
        if not command.startswith("rightstate "):
            return command
        bare = command.replace(" --deployed", "")
        alone = bare.startswith(tuple(f"rightstate {name}" for name in _OF_HUB_ALONE))
        options = self._options_of_hub if alone else self.console.named.options
        return f"{bare} {shlex.join(options)}".rstrip()

    def needs_hub(self) -> Hub:
        """The hub. Raises InvalidInput where the ledger is on this machine."""
        hub = self.workspace.hub
        if hub is None:
            raise InvalidInput(
                "This needs a hub, and the console shows the ledger of this machine. Nothing was changed. "
                "`rightstate console --deployed` opens the console of a hub."
            )
        return hub

    @property
    def menu(self) -> Sequence[tuple[str, str, bool]]:
        """Each page's name, its title, and whether it stands apart from those before."""
        return MENU

    @property
    def where(self) -> str:
        """Whose workspace it is; empty while it cannot be found."""
        chosen = self.console.found
        return f"{chosen.title[:1].upper()}{chosen.title[1:]}" if chosen else ""

    @property
    def can_change(self) -> bool:
        """Whether the console may change something."""
        return not self.console.read_only

    def refusal(self, act: str, resource_type: str = "") -> str:
        """Why the user's AWS identity may not do that; empty if it may, or if nobody can tell before AWS."""
        return self.console.permissions.refusal(Act(act), resource_type) if self.can_change else ""

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
