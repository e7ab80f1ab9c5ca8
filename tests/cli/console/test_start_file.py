"""The start address reaches the browser in a file that only the user reads."""

import os
import stat
import subprocess
import sys
import webbrowser
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from queue import Queue
from threading import Thread
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import Browser, expect

from rightstate_cli.console import serving
from rightstate_cli.console.console import Named
from rightstate_cli.console.serving import Served
from tests.support.waiting import eventually


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> "Queue[str]":
    """What the browser is started with."""
    found: Queue[str] = Queue()
    monkeypatch.setattr(webbrowser, "open", found.put)
    return found


@pytest.fixture
def served(ledger: Path, given: "Queue[str]") -> Iterator[Served]:
    """The console, which has opened a browser."""
    served = serving.prepare(Named(ledger=ledger), 0, False)
    thread = Thread(target=served.run, args=(True,), daemon=True)
    thread.start()
    yield served
    served.stop()
    thread.join(10)


def test_the_command_line_of_the_browser_has_no_ticket_and_only_the_user_reads_the_file(
    served: Served, given: "Queue[str]"
) -> None:
    uri = given.get(timeout=10)
    path = Path(unquote(urlsplit(uri).path))
    assert (urlsplit(uri).scheme, "ticket" in uri) == ("file", False)
    assert [stat.S_IMODE(each.stat().st_mode) for each in (path, path.parent)] == [0o600, 0o700]
    assert f'href="{served.access.address}"' in unescape(path.read_text())


def test_a_console_that_is_killed_before_a_visit_leaves_no_file(ledger: Path, tmp_path: Path) -> None:
    browser, asked, folder = tmp_path / "browser", tmp_path / "asked", tmp_path / "folder"
    browser.write_text(f'#!/bin/sh\nprintf %s "$*" > {asked}.new && mv {asked}.new {asked}\n')
    browser.chmod(0o700)
    folder.mkdir()
    environment = {**os.environ, "BROWSER": f"{browser} %s", "TMPDIR": str(folder)}
    command = [sys.executable, "-m", "rightstate_cli", "console", "--ledger", str(ledger), "--port", "0"]
    with subprocess.Popen(  # noqa: S603 - our own command
        command, env=environment, stdout=subprocess.DEVNULL
    ) as process:
        eventually(lambda: asked.exists() or None, "the browser")
        path = Path(unquote(urlsplit(asked.read_text()).path))
        assert (path.exists(), path.parent.parent) == (True, folder)
        process.terminate()
        assert process.wait(30) == 0
    assert not path.parent.exists()


def test_a_browser_comes_from_the_file_to_the_overview_and_the_file_is_gone(
    browser: Browser, served: Served, given: "Queue[str]"
) -> None:
    uri = given.get(timeout=10)
    page = browser.new_page()
    page.goto(uri)
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    assert page.url == f"http://127.0.0.1:{served.access.port}/"
    assert not Path(unquote(urlsplit(uri).path)).parent.exists()
    page.go_back()
    expect(page.locator("body")).not_to_contain_text("does not work")
    page.context.close()
