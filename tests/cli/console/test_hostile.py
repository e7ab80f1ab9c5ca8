"""Names, reasons and principals are somebody else's text, and AWS may say no: the pages stay whole."""

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from threading import Semaphore
from typing import Any
from unittest.mock import patch
from urllib.parse import quote

import pytest
from moto.core.exceptions import JsonRESTError, _RESTError
from moto.core.responses import BaseResponse

from rightstate.accounts.settings import as_item
from rightstate.errors import Denied, RightstateError, SettingsUnreadable, Throttled, Unavailable
from rightstate.models.settings import Account, Exemption
from rightstate.storage.tables import LEDGER, SETTINGS
from rightstate_cli.console.console import Console
from rightstate_cli.embedded.local import Local
from tests.cli.console.conftest import OWN, REGION
from tests.cli.report.test_hostile import NAMES, hostile
from tests.support import console
from tests.support.console import Browsing, text
from tests.support.server import Server

SCRIPTS = ["/assets/theme.js", "/assets/htmx.min.js", "/assets/console.js"]


class Read(HTMLParser):
    """The elements of a page."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@pytest.fixture(scope="module")
def filled(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger and settings into which somebody has written each of the names wherever there is text."""
    path = tmp_path_factory.mktemp("hostile") / "ledger.sqlite"
    local = Local(path)
    for number, name in enumerate(NAMES.values()):
        entry = {
            **hostile(name),
            "at": f"2026-11-2{number % 6}T08:00:0{number % 10}.000Z#n{number}",
            "execution": f"arn:aws:states:eu-west-1:123456789012:execution:rightstate-s3-bucket:n{number}",
            "account": "111122223333",
            "day": f"2026-11-2{number % 6}",
        }
        # An execution's states have times; others are refused where they are read.
        local.storage(LEDGER).put({**entry, "path": []})
        account = Account(
            account=f"{111122220000 + number}",
            name=name[:120],
            exemptions=(
                Exemption(
                    id=f"ex-0000000{number:x}",
                    policies=(name[:200],),
                    resource=name[:2000],
                    reason=name[:1000],
                    approver=name[:200],
                    created="2026-11-01T00:00:00Z",
                    until="2026-12-30T00:00:00Z",
                ),
            ),
        )
        local.storage(SETTINGS).put(as_item(account))
    return path


@pytest.fixture(scope="module")
def pages(filled: Path) -> dict[str, str]:
    """Every page that shows them."""
    with console.opened(filled) as browsing:
        addresses = [
            "/",
            "/resources",
            "/executions",
            "/policies",
            "/exemptions",
            "/halts",
            "/accounts",
            "/exemptions/add",
        ]
        addresses += [f"/executions/n{number}" for number in range(len(NAMES))]
        addresses += [f"/accounts/{111122220000 + number}" for number in range(len(NAMES))]
        found = {each: browsing.client.get(each) for each in addresses}
        assert {each: answer.status_code for each, answer in found.items() if answer.status_code != 200} == {}
        return {each: answer.text for each, answer in found.items()}


def test_no_name_becomes_an_element_or_an_attribute(pages: dict[str, str]) -> None:
    for address, page in pages.items():
        found = Read(page).found
        assert [each["src"] for tag, each in found if tag == "script"] == SCRIPTS, address
        assert [each["src"] for tag, each in found if tag == "img"] == ["/assets/icon.svg"], address
        assert not [name for _, each in found for name in each if name.startswith("on")], address
        assert not [each for _, each in found if "style" in each], address


def test_no_character_steers_or_reorders_a_page(pages: dict[str, str]) -> None:
    for address, page in pages.items():
        assert all(character.isprintable() or character == "\n" for character in page), address
    assert "photo\\u202egpj.exe" in pages["/executions"]
    assert "\\u001b[31mred" in pages["/exemptions"]


def test_what_is_long_is_cut_where_it_stands_beside_others(pages: dict[str, str]) -> None:
    assert "x" * 300 not in text(pages["/executions"]).replace("title=", "")
    assert len(pages["/executions"]) < 400_000


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_what_is_asked_for_is_text_too(browsing: Browsing, name: str) -> None:
    for path in ("/resources", "/executions", "/policies"):
        answer = browsing.client.get(path, params={"text": name, "resource": name[:500]})
        assert answer.status_code in (200, 400)
        found = Read(answer.text).found
        assert [each["src"] for tag, each in found if tag == "script"] == SCRIPTS
        assert not [each for _, each in found for key in each if key.startswith("on")]
    for path in ("/executions/", "/resources/", "/work/", "/policies/", "/accounts/", "/undo/"):
        answer = browsing.client.get(path + quote(name[:300]))
        assert [each["src"] for tag, each in Read(answer.text).found if tag == "script"] == SCRIPTS


# --- AWS says no ---


@pytest.fixture
def answered(server: Server) -> Iterator[dict[str, str]]:
    """With a service in it, every call to that service is answered with that error code."""
    codes: dict[str, str] = {}
    set_up = BaseResponse.setup_class

    def refusing(self: BaseResponse, request: Any, *args: Any, **kwargs: Any) -> None:
        set_up(self, request, *args, **kwargs)
        if code := codes.get(self.service_name):
            if "X-Amz-Target" in request.headers:
                raise JsonRESTError(code, "no")
            raise _RESTError(code, "no", template="wrapped_single_error")

    with patch.object(BaseResponse, "setup_class", refusing):
        yield codes


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("ExpiredToken", "aws sso login"),
        ("InvalidClientTokenId", "cannot be used"),
        ("AccessDenied", "lack a permission"),
    ],
)
def test_credentials_that_end_say_how_to_sign_in_and_the_next_request_does(
    browsing: Browsing, answered: dict[str, str], code: str, said: str
) -> None:
    form = {"resource": f"{OWN}/{REGION}/sqs-queue/audit"}
    browsing.console.forget()
    answered["sts"] = code
    refused = browsing.post("/plans", form)
    assert refused.status_code == 403
    assert said in text(refused.text)
    answered.clear()
    assert "To change 1 setting" in text(browsing.worked(browsing.post("/plans", form)))


def test_a_resource_that_may_not_be_read_is_in_the_plan_with_the_reason(
    browsing: Browsing, answered: dict[str, str]
) -> None:
    answered["sqs"] = "AccessDenied"
    shown = text(browsing.worked(browsing.post("/plans", {"resource": f"{OWN}/{REGION}/sqs-queue/audit"})))
    assert "There is nothing to change" in shown
    assert "AccessDenied" in shown
    assert "unreadable" in shown


@pytest.mark.parametrize(
    ("error", "status", "title"),
    [
        (Denied("The AWS sign-in has expired. Renew it."), 403, "AWS did not allow it"),
        (Throttled("DescribeStacks: Rate exceeded. Wait a minute."), 503, "AWS asked for fewer calls"),
        (Unavailable("AWS does not answer. Look at the network."), 503, "AWS did not answer"),
        (SettingsUnreadable("The settings are not understood."), 500, "That did not work"),
    ],
)
def test_each_error_is_a_page_that_says_what_to_do(
    browsing: Browsing, monkeypatch: pytest.MonkeyPatch, error: RightstateError, status: int, title: str
) -> None:
    def refuse(self: Console) -> None:
        raise error

    monkeypatch.setattr(Console, "workspace", property(refuse))
    for path in ("/", "/executions", "/policies", "/accounts", "/exemptions", "/approvals", "/resources"):
        browsing.console.known.change()
        whole = browsing.client.get(path)
        assert (whole.status_code, title in whole.text) == (status, True), path
        assert str(error) in text(whole.text)
        assert "Skip to the content" in whole.text
    part = browsing.client.get("/executions", headers={"HX-Request": "true"})
    assert str(error) in text(part.text)
    assert "<html" not in part.text


@pytest.mark.parametrize("path", ["/", "/resources"])
def test_an_error_that_comes_after_the_page_is_shown_by_the_page_that_waited(
    ledger: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    turns = Semaphore(0)

    def refuse(*_: Any) -> None:
        turns.acquire(timeout=10)
        raise Unavailable("AWS does not answer. Look at the network.")

    monkeypatch.setattr("rightstate_cli.report.standing.read", refuse)
    with console.opened(ledger, sign_in=False) as browsing:
        browsing.client.get(browsing.access.address, follow_redirects=False)
        assert "Reading the ledger" in browsing.get(path)
        # One reading ends. Another would be as late.
        turns.release()
        with pytest.raises(Unavailable):
            browsing.console.known.standing(patience=10)
        # Asks twice, as two windows do.
        for _ in range(2):
            waited = browsing.client.get("/reading", headers={"HX-Request": "true"})
            assert waited.headers.get("hx-refresh") == "true"
        for _ in range(2):
            shown = browsing.client.get(path)
            assert (shown.status_code, "AWS did not answer" in shown.text) == (503, True)
            assert "Look at the network" in text(shown.text)


def test_an_error_is_forgotten_when_something_was_changed_or_it_is_old(
    browsing: Browsing, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise Unavailable("AWS does not answer.")

    known = browsing.console.known
    for again in (known.change, lambda: monkeypatch.setattr(known, "_due", 0.0)):
        with monkeypatch.context() as patched:
            patched.setattr("rightstate_cli.report.standing.read", refuse)
            known.change()
            with pytest.raises(Unavailable):
                known.standing(patience=10)
        again()
        assert known.standing(patience=10)
