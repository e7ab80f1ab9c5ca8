"""The pictures of docs/console.md, of a real run: `python -m tests.support.console_pictures docs`.

Resources of every type are made in a simulated account. `plan` and `remediate` fill a ledger, and the console
shows it. With --all every page is taken in both themes and two widths, to be looked at.
"""

import argparse
import os
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from playwright.sync_api import Browser, Page, expect

import tests.conftest  # noqa: F401 - the environment of moto
from rightstate.catalogue import names
from rightstate.policy import Mode
from rightstate_cli.console import serving
from rightstate_cli.console.console import Named
from rightstate_cli.console.serving import Served
from rightstate_cli.operations import plan, remediate
from rightstate_cli.planning.accounts import Wanted
from rightstate_cli.simulation import examples
from tests.support import browser as browsers
from tests.support.server import OWN, REGION, Server, started

_FIXED = ("sqs-queue", "kms-key", "dynamodb-table", "rds-instance")
_PAGES = {
    "overview": "/",
    "resources": "/resources",
    "resource": f"/resources/{OWN}/{REGION}/sqs-queue/invoices",
    "policies": "/policies?text=s3",
    "policy": "/policies/s3-versioning",
    "approvals": "/approvals",
    "executions": "/executions",
    "exemptions": "/exemptions",
    "exemption": f"/exemptions/add?account={OWN}",
    "accounts": "/accounts",
    "account": f"/accounts/{OWN}",
    "add-account": "/accounts/add",
    "halts": "/halts",
    "batches": "/batches",
    "undelivered": "/undelivered",
    "checks": "/checks",
    "work": "/work",
}


def _fill(server: Server, ledger: Path) -> None:
    for name in names():
        example = examples.load(name)
        for resource, policy in {example.name: example.policy, **example.others}.items():
            example.create(server.session(), resource, policy)
    for name in ("orders", "invoices", "audit", "exports"):
        server.make("sqs-queue", name)
    _plan(ledger)
    for kind in _FIXED:
        prepared = remediate.prepare(None, None, None, None, [kind], [], [], [], Mode.AUTO, ledger)
        prepared.run(None, 3, threading.Event(), lambda done, total, now: None, print)
    for name in ("returns", "shipments"):
        server.make("sqs-queue", name)
    _plan(ledger)


def _plan(ledger: Path) -> None:
    plan.make(Wanted(), None, None, ledger, print, lambda done, found: None)


@contextmanager
def _served(ledger: Path) -> Iterator[Served]:
    served = serving.prepare(Named(ledger=ledger), 0, False)
    thread = threading.Thread(target=served.run, args=(False,), daemon=True)
    thread.start()
    yield served
    served.stop()
    thread.join()


def _open(browser: Browser, served: Served, theme: str, width: int) -> Page:
    context = browser.new_context(
        viewport={"width": width, "height": 844 if width < 500 else 900},
        color_scheme="dark" if theme == "dark" else "light",
    )
    home = f"http://127.0.0.1:{served.access.port}"
    context.add_cookies([{"name": served.access.cookie, "value": served.access._session, "url": home}])
    page = context.new_page()
    page.goto(home)
    return page


def _go(page: Page, path: str) -> None:
    page.goto(f"{page.url.split('/', 3)[0]}//{page.url.split('/', 3)[2]}{path}")
    expect(page.locator("progress")).to_have_count(0)


def _planned(page: Page) -> None:
    _go(page, "/resources?type=kinesis-stream")
    page.locator("input[data-row]").first.check()
    page.get_by_role("button", name="Plan").last.click()
    expect(page.get_by_role("button", name="now")).to_be_visible()


def _executed(page: Page) -> None:
    _go(page, "/executions?type=kms-key")
    page.locator("tbody td a").first.click()
    expect(page.locator("svg.machine")).to_be_visible()


def take(browser: Browser, served: Served, folder: Path) -> None:
    """The four of the docs."""
    page = _open(browser, served, "light", 1280)
    for name, path in (("overview", "/"), ("policies", "/policies?text=s3")):
        _go(page, path)
        page.screenshot(path=folder / f"console-{name}.png")
    _executed(page)
    page.screenshot(path=folder / "console-execution.png")
    _planned(page)
    page.screenshot(path=folder / "console-plan.png")


def take_all(browser: Browser, served: Served, folder: Path) -> None:
    """Every page, in both themes and two widths."""
    for theme in ("light", "dark"):
        for width in (1440, 390):
            page = _open(browser, served, theme, width)
            for name, path in _PAGES.items():
                _go(page, path)
                page.screenshot(path=folder / f"{name}-{theme}-{width}.png", full_page=width > 500)
            _executed(page)
            page.screenshot(path=folder / f"execution-{theme}-{width}.png", full_page=True)
            _planned(page)
            page.screenshot(path=folder / f"plan-{theme}-{width}.png", full_page=True)


def main(given: Sequence[str] | None = None) -> None:
    """Take them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("docs", type=Path)
    parser.add_argument("--all", type=Path)
    asked = parser.parse_args(given)
    home = {"AWS_EC2_METADATA_DISABLED": "true"}
    with (
        started() as server,
        patch.dict(os.environ, {**server.environment, **home}),
        tempfile.TemporaryDirectory() as folder,
    ):
        ledger = Path(folder) / "ledger.sqlite"
        _fill(server, ledger)
        with _served(ledger) as served, browsers.started() as browser:
            take(browser, served, asked.docs)
            if asked.all:
                asked.all.mkdir(parents=True, exist_ok=True)
                take_all(browser, served, asked.all)


if __name__ == "__main__":
    main()
