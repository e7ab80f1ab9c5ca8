"""Only the one user's browser reaches the console, and only its own pages change something."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from rightstate_cli.console.access import Access
from tests.support import console
from tests.support.console import HOME, PORT, Browsing, text

POSTS = ("/", "/policies", "/executions", "/nothing")


@pytest.fixture
def stranger(tmp_path: Path) -> Iterator[Browsing]:
    """A browser that is not signed in, at the console of an empty ledger."""
    with console.opened(tmp_path / "ledger.sqlite", sign_in=False) as found:
        yield found


@pytest.fixture
def known(tmp_path: Path) -> Iterator[Browsing]:
    """A browser that is signed in there."""
    with console.opened(tmp_path / "ledger.sqlite") as found:
        yield found


def test_the_start_address_signs_in_and_leads_on_to_the_overview(stranger: Browsing) -> None:
    # As a browser asks that a file has led here.
    first = stranger.client.get(stranger.access.address, headers={"Sec-Fetch-Site": "cross-site"})
    assert (first.status_code, 'content="0;url=/"' in first.text) == (200, True)
    assert "ticket" not in first.text
    cookie = first.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie and "path=/" in cookie
    assert stranger.client.get("/").status_code == 200


def test_the_start_address_works_once(stranger: Browsing, tmp_path: Path) -> None:
    address = stranger.access.address
    stranger.client.get(address)
    assert stranger.access.address == ""
    stranger.client.cookies.clear()
    again = stranger.client.get(address)
    assert again.status_code == 403
    assert "it works once" in text(again.text)


def test_who_is_signed_in_may_open_the_start_address_again(known: Browsing) -> None:
    assert known.client.get("/start?ticket=old").url.path == "/"


@pytest.mark.parametrize(
    "path", ["/", "/executions", "/policies", "/nothing", "/start", "/start?ticket=guess"]
)
@pytest.mark.parametrize("cookie", ["", "guess", '"; broken'])
def test_without_the_sessions_cookie_there_is_nothing_to_see(
    stranger: Browsing, path: str, cookie: str
) -> None:
    answer = stranger.client.get(path, headers={"Cookie": f"{stranger.access.cookie}={cookie}"})
    assert answer.status_code == 403
    assert "ledger" not in answer.text


@pytest.mark.parametrize(
    "host",
    [
        "rebound.example.com",
        f"rebound.example.com:{PORT}",
        "127.0.0.1",
        f"127.0.0.1:{PORT + 1}",
        "",
        f"[::1]:{PORT}",
    ],
)
def test_another_host_reaches_nothing_even_with_the_cookie(known: Browsing, host: str) -> None:
    for path in ("/", "/assets/page.css", known.access.address or "/start?ticket=x"):
        assert known.client.get(path, headers={"Host": host}).status_code == 421


def test_localhost_is_the_same(known: Browsing) -> None:
    assert (
        known.client.get("/", headers={"Host": f"localhost:{PORT}", "Cookie": _cookie(known)}).status_code
        == 200
    )


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_page_of_another_site_or_port_gets_no_answer(known: Browsing, site: str) -> None:
    answer = known.client.get("/", headers={"Sec-Fetch-Site": site})
    assert answer.status_code == 403
    assert "Another site asked" in answer.text


@pytest.mark.parametrize(
    "origin",
    [None, "null", "https://example.com", f"http://127.0.0.1:{PORT + 1}", f"https://127.0.0.1:{PORT}"],
)
@pytest.mark.parametrize("path", POSTS)
def test_what_another_origin_posts_changes_nothing(known: Browsing, origin: str | None, path: str) -> None:
    headers = {"Origin": origin} if origin else {}
    answer = known.client.post(path, headers=headers)
    assert answer.status_code == 403
    assert "Nothing was changed" in answer.text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_a_read_only_console_refuses_whatever_is_not_a_look(tmp_path: Path, method: str) -> None:
    with console.opened(tmp_path / "ledger.sqlite", read_only=True) as found:
        answer = found.client.request(method, "/policies", headers={"Origin": HOME})
        assert answer.status_code == 403
        assert "This console is read-only. Nothing was changed." in text(answer.text)
        assert "Read-only" in text(found.get("/policies"))


@pytest.mark.parametrize("path", ["/", "/nothing", "/assets/console.js", "/start?ticket=x"])
def test_every_answer_forbids_what_is_not_the_consoles_own(known: Browsing, path: str) -> None:
    assert_guarded(known.client.get(path).headers)


def assert_guarded(headers: Mapping[str, str]) -> None:
    """They name the only sources, forbid frames, and keep the browser from keeping the answer."""
    policy = dict(each.strip().split(" ", 1) for each in headers["content-security-policy"].split(";"))
    own = {"script-src", "style-src", "connect-src", "form-action"}
    assert {policy[each] for each in own} == {"'self'"}
    assert {policy[each] for each in ("default-src", "base-uri", "frame-ancestors")} == {"'none'"}
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "same-origin"


def test_two_consoles_on_one_machine_do_not_take_each_others_cookies() -> None:
    one, other = Access(1), Access(2)
    assert one.cookie != other.cookie
    assert not other.knows(f"{other.cookie}={one.admit(one.address.partition('=')[2])}")


@pytest.mark.parametrize("path", ["/", "/reading"])
def test_a_defect_is_a_guarded_page_without_a_traceback(
    known: Browsing, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(known.console.known, "standing", lambda patience=0: 1 / 0)
    # What the application raises, this client raises too.
    answer = known.client.get(path)
    assert answer.status_code == 500
    assert "Rightstate is at fault" in answer.text
    assert "ZeroDivisionError at" in answer.text
    assert "Traceback" not in answer.text
    assert_guarded(answer.headers)


def _cookie(known: Browsing) -> str:
    return f"{known.access.cookie}={known.client.cookies[known.access.cookie]}"
