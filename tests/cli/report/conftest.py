"""Reports written into a temporary directory, and pages opened from there in a real browser."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from rightstate.guarding.guards import Halt
from rightstate.models.approval import Requested
from rightstate.models.settings import Account
from rightstate_cli.report import writer
from rightstate_cli.report.period import Chosen
from tests.support import ledgers

Write = Callable[..., Path]


def written(
    directory: Path,
    entries: Iterable[dict[str, Any]],
    accounts: list[Account] | None = None,
    chosen: Chosen | None = None,
    requests: list[Requested] | None = None,
    halts: Iterable[tuple[str, Halt]] | None = None,
) -> Path:
    """The directory of a report of those entries."""
    about = writer.About(
        "a test",
        chosen or Chosen(),
        None if accounts is None else tuple(accounts),
        ledgers.END,
        requests=None if requests is None else tuple(requests),
        halts=None if halts is None else tuple(halts),
    )
    writer.write(entries, about, directory)
    return directory


def altered(entry: dict[str, Any], **given: Any) -> dict[str, Any]:
    """An entry that Rightstate has not written so: of a later version, or by somebody's hand."""
    return {**entry, **given}


@dataclass
class Opened:
    """A page, what it said on the console, what it asked for, what of that it was refused, and the dialogs
    that it popped up."""

    page: Page
    said: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    popped: list[str] = field(default_factory=list)


@pytest.fixture
def opened(browser: Browser) -> Iterator[Callable[..., Opened]]:
    """Opens the page of a report's directory, and waits until all of its entries are there."""
    contexts = []

    def open_page(directory: Path, **options: Any) -> Opened:
        context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}, **options})
        contexts.append(context)
        found = Opened(context.new_page())
        found.page.on("console", lambda message: found.said.append(message.text))
        found.page.on("pageerror", lambda error: found.said.append(str(error)))
        found.page.on("request", lambda request: found.requests.append(request.url))
        found.page.on("requestfailed", lambda request: found.refused.append(request.url))

        def popped(dialog: Any) -> None:
            found.popped.append(dialog.message)
            dialog.dismiss()

        found.page.on("dialog", popped)
        found.page.goto((directory / "index.html").as_uri())
        found.page.wait_for_selector("html[data-ready]")
        return found

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def some(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The entries of `report`, in the order of time."""
    return sorted(ledgers.entries(600, seed=3), key=lambda each: str(each["at"]))


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory, some: list[dict[str, Any]]) -> Path:
    """A report of 600 entries and six accounts with exemptions."""
    return written(tmp_path_factory.mktemp("report") / "out", reversed(some), ledgers.accounts())
