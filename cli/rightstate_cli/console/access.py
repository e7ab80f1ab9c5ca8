"""Who may use the console: one user, on the loopback interface of the machine that runs it.

All that rests on this is here. A console behind a company's sign-in replaces this module, and nothing else.

- A ticket in the start address works once. It becomes a cookie that no script reads and no other site sends.
- The Host header must be the console's own, so a name that somebody points at 127.0.0.1 reaches nothing.
- A browser says where a request comes from (Sec-Fetch-Site, Origin). Other sites, and other ports of this
  machine, get no answer but at the start address. A POST without the console's own Origin changes nothing.
- Answers name the only sources of scripts and styles, may not be framed, and are not kept by the browser.
"""

import secrets
from collections.abc import Callable
from hmac import compare_digest
from http.cookies import CookieError, SimpleCookie
from threading import Lock
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

START = "/start"
ASSETS = "/assets/"
HOST = "127.0.0.1"

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # With no-referrer a browser posts the Origin null (Fetch, "append a request Origin header").
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}

_STARTED = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Rightstate</title>'
    '<meta http-equiv="refresh" content="0;url=/"></head><body><p><a href="/">Open the console</a></p></body>'
    "</html>"
)

Refuse = Callable[[int, str, str], Response]
"""Makes the page of a refusal: its status, what happened, and what to do."""


class Access:
    """The ticket and the session of the one user. Threads may share it."""

    def __init__(self, port: int, read_only: bool = False) -> None:
        self.port = port
        self.read_only = read_only
        self.when_used: Callable[[], None] = lambda: None
        """Is called once the ticket was used."""
        self._ticket: str | None = secrets.token_urlsafe(32)
        self._session = secrets.token_urlsafe(32)
        self._lock = Lock()

    @property
    def cookie(self) -> str:
        """The cookie's name. Cookies do not know ports, so two consoles on one machine need two names."""
        return f"rightstate-console-{self.port}"

    @property
    def address(self) -> str:
        """Where to start: the ticket is in it. Empty once it is used."""
        return f"http://{HOST}:{self.port}{START}?ticket={self._ticket}" if self._ticket else ""

    @property
    def hosts(self) -> frozenset[str]:
        """What the Host header may be."""
        return frozenset({f"{HOST}:{self.port}", f"localhost:{self.port}"})

    def admit(self, ticket: str) -> str | None:
        """The session's secret for the ticket, once. None for another ticket, or if it was used."""
        with self._lock:
            if self._ticket is None or not _same(ticket, self._ticket):
                return None
            self._ticket = None
        self.when_used()
        return self._session

    def knows(self, header: str) -> bool:
        """Whether the Cookie header has the session's secret."""
        try:
            found = SimpleCookie(header).get(self.cookie)
        except CookieError:
            return False
        return found is not None and _same(found.value, self._session)


class Guarded:
    """The application behind these checks."""

    def __init__(self, app: ASGIApp, access: Access, refuse: Refuse) -> None:
        self._app = app
        self._access = access
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
            await send(message)

        answer = self._answer(scope)
        await (answer or self._app)(scope, receive, sending)

    def _answer(self, scope: Scope) -> Response | None:
        """A refusal or the sign-in. None lets the request pass."""
        headers, path, access = Headers(scope=scope), scope["path"], self._access
        host = headers.get("host", "")
        if host not in access.hosts or len(headers.getlist("host")) != 1:
            return self._refuse(
                421, "This is not the console's address.", f"It is at http://{HOST}:{access.port}."
            )
        if path == START:
            # The file that opens the browser is another site to it. Nobody else knows the ticket.
            return self._start(scope)
        if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            return self._refuse(
                403,
                "Another site asked for this page.",
                f"Open http://{HOST}:{access.port} yourself: type it, or use your bookmark.",
            )
        if path.startswith(ASSETS):
            return None
        if not access.knows(headers.get("cookie", "")):
            return self._refuse(
                403,
                "This browser is not signed in.",
                "Open the start address that the terminal shows. If it was used already, stop the console "
                "with Ctrl-C and start it again: `rightstate console`.",
            )
        if scope["method"] not in ("GET", "HEAD"):
            return self._changing(headers, host)
        return None

    def _changing(self, headers: Headers, host: str) -> Response | None:
        if headers.get("origin") != f"http://{host}":
            return self._refuse(
                403, "This request does not come from the console. Nothing was changed.", "Reload the page."
            )
        if self._access.read_only:
            return self._refuse(
                403,
                "This console is read-only. Nothing was changed.",
                "Start it without `--read-only` to change something, or use the command that the page shows.",
            )
        return None

    def _start(self, scope: Scope) -> Response:
        given = parse_qs(scope["query_string"].decode("latin-1")).get("ticket", [""])[0]
        session = self._access.admit(given)
        if session is None:
            if self._access.knows(Headers(scope=scope).get("cookie", "")):
                return RedirectResponse("/", 303)
            return self._refuse(
                403,
                "This start address does not work: it works once.",
                "Stop the console with Ctrl-C and start it again: `rightstate console`.",
            )
        # A browser sends no strict cookie after a redirect of a page that another site, or a file, has led to
        # (RFC 6265bis, 5.2). From this page it does.
        response = HTMLResponse(_STARTED)
        response.set_cookie(self._access.cookie, session, path="/", httponly=True, samesite="strict")
        return response


def _same(given: str, secret: str) -> bool:
    return compare_digest(given.encode(), secret.encode())
