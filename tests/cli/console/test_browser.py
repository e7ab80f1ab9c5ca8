"""The main ways in a real browser: with the keyboard, in both themes, from a phone's width to a wall's."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from rightstate_cli.console import serving
from rightstate_cli.console.console import Named
from rightstate_cli.console.serving import Served
from tests.cli.console.conftest import OWN, REGION
from tests.cli.console.test_hostile import filled

__all__ = ["filled"]

KEY = f"{OWN}/{REGION}/sqs-queue/orders"
PAGES = (
    "/", "/resources", f"/resources/{KEY}", "/policies?text=sqs", "/policies/s3-versioning", "/approvals",
    "/executions", "/exemptions", "/exemptions/add", "/accounts", "/accounts/add", f"/accounts/{OWN}",
    "/checks", "/halts", "/work", "/nothing",
)  # fmt: skip


@dataclass
class Seen:
    """A page, and what it said and asked for that it should not."""

    page: Page
    home: str
    said: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        self.page.goto(self.home + path)
        # Parts that are read after the page.
        expect(self.page.locator("progress")).to_have_count(0)


Open = Callable[..., Seen]


def serve(ledger: Path) -> Iterator[Served]:
    """The console of that ledger, served as the command serves it."""
    yield from serve_named(Named(ledger=ledger))


def serve_named(named: Named) -> Iterator[Served]:
    """The console of that workspace, served as the command serves it."""
    served = serving.prepare(named, 0, False)
    thread = threading.Thread(target=served.run, args=(False,), daemon=True)
    thread.start()
    yield served
    served.stop()
    thread.join(10)


@pytest.fixture(scope="module")
def served(ledger: Path) -> Iterator[Served]:
    yield from serve(ledger)


@pytest.fixture
def opened(browser: Browser, served: Served) -> Iterator[Open]:
    yield from opening(browser, served)


def opening(browser: Browser, served: Served) -> Iterator[Open]:
    contexts = []
    cookie = {"name": served.access.cookie, "value": served.access._session}
    home = f"http://127.0.0.1:{served.access.port}"

    def open_page(**options: Any) -> Seen:
        context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}, **options})
        context.add_cookies([{**cookie, "url": home}])  # type: ignore[list-item]
        contexts.append(context)
        found = Seen(context.new_page(), home)
        found.page.on("console", lambda message: found.said.append(message.text))
        found.page.on("pageerror", lambda error: found.said.append(str(error)))
        found.page.on(
            "request", lambda asked: None if asked.url.startswith(home) else found.elsewhere.append(asked.url)
        )
        found.page.on("dialog", lambda dialog: (found.said.append(dialog.message), dialog.dismiss()))
        return found

    yield open_page
    for context in contexts:
        context.close()


def test_from_the_start_address_to_a_remediated_resource(browser: Browser, served: Served) -> None:
    page = browser.new_page()
    page.goto(served.access.address)
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    assert "ticket" not in page.url
    page.get_by_role("link", name="Resources", exact=False).first.click()
    # Typed quickly: the last answer counts.
    page.get_by_placeholder("Name, policy or reason").press_sequentially("sqs exports")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page).to_have_url(f"http://127.0.0.1:{served.access.port}/resources?text=sqs+exports")
    expect(page.get_by_role("button", name="Plan")).to_be_disabled()
    page.get_by_label("Choose exports").check()
    page.get_by_role("button", name="Plan 1").click()
    expect(page.get_by_text("sqs:SetQueueAttributes(")).to_be_visible()
    page.reload()
    page.get_by_label("Reason, for the ledger").fill("CHG-5521")
    page.get_by_role("button", name="Remediate 1 resource now").click()
    expect(page.get_by_role("cell", name="remediated")).to_be_visible()
    page.get_by_role("link", name="exports").click()
    expect(page.locator("svg.machine")).to_be_visible()
    page.context.close()


def violations(seen: Seen, paths: Sequence[str]) -> dict[str, list[str]]:
    """What axe finds on the pages, without those on which it finds nothing."""
    axe, found = Axe(), {}
    for path in paths:
        seen.go(path)
        answer = axe.run(seen.page, options={"resultTypes": ["violations"]})
        found[path] = [
            f"{each['id']}: {each['nodes'][0]['html'][:160]}" for each in answer.response["violations"]
        ]
    return {path: each for path, each in found.items() if each}


def too_wide(seen: Seen, paths: Sequence[str]) -> dict[tuple[str, int], int]:
    """The pages that are wider than their window, with its width and theirs."""
    wide = {}
    for path in paths:
        seen.go(path)
        for width in (390, 1024, 3840):
            seen.page.set_viewport_size({"width": width, "height": 844})
            if (found := seen.page.evaluate("document.documentElement.scrollWidth")) > width:
                wide[path, width] = found
    return wide


def test_every_page_passes_axe_and_asks_for_nothing_elsewhere(opened: Open) -> None:
    seen = opened()
    assert violations(seen, PAGES) == {}
    assert seen.elsewhere == []
    assert [each for each in seen.said if "404" not in each] == []


def test_the_dark_theme_passes_axe_is_remembered_and_has_a_button(opened: Open) -> None:
    seen = opened(color_scheme="dark")
    axe = Axe()
    for path in ("/", "/resources", "/policies?text=sqs", "/executions"):
        seen.go(path)
        answer = axe.run(seen.page, options={"resultTypes": ["violations"]})
        assert [each["id"] for each in answer.response["violations"]] == [], path
    assert seen.page.locator("html").get_attribute("data-theme") == "dark"
    seen.page.get_by_role("button", name="Change to light").click()
    seen.go("/policies")
    assert seen.page.locator("html").get_attribute("data-theme") == "light"


def test_no_page_is_wider_than_its_window_from_a_phone_to_a_wall(opened: Open) -> None:
    assert too_wide(opened(), PAGES) == {}


def test_the_keyboard_reaches_the_content_and_the_focus_is_seen(opened: Open) -> None:
    seen = opened()
    seen.go("/executions")
    seen.page.keyboard.press("Tab")
    skip = seen.page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    seen.page.keyboard.press("Enter")
    seen.page.keyboard.press("Tab")
    expect(seen.page.get_by_role("searchbox", name="Resource")).to_be_focused()


def test_a_hostile_name_runs_nothing_and_steers_nothing(browser: Browser, filled: Path) -> None:
    for served in serve(filled):
        for open_page in opening(browser, served):
            seen = open_page(viewport={"width": 390, "height": 844})
            for path in ("/", "/executions", "/exemptions", "/accounts", "/executions/n0", "/executions/n12"):
                seen.go(path)
                assert seen.page.evaluate("document.documentElement.scrollWidth") <= 390, path
            assert seen.said == []
            assert seen.elsewhere == []
