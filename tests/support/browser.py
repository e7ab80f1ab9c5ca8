"""The browser that the report's page is tested in; `python -m tests.support.browser` installs one."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_ASKED = "RIGHTSTATE_CHROMIUM"


def find() -> str | None:
    """Chromium as RIGHTSTATE_CHROMIUM names it, as the system has it, or as `playwright install` put it."""
    if asked := os.environ.get(_ASKED):
        return asked
    if found := next(filter(None, map(shutil.which, _NAMES)), None):
        return found
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if Path(own).exists() else None


@contextmanager
def started() -> Iterator[Browser]:
    """A headless Chromium. Raises RuntimeError where there is none."""
    path = find()
    if path is None:
        raise RuntimeError(f"There is no Chromium. `make browser` installs one, or name it with {_ASKED}.")
    with sync_playwright() as playwright:
        # Playwright starts it without its sandbox, which root cannot have; it sees nothing but our pages.
        browser = playwright.chromium.launch(executable_path=path)
        try:
            yield browser
        finally:
            browser.close()


def _install() -> int:
    if find():
        return 0
    apt, sudo = shutil.which("apt-get"), shutil.which("sudo")
    # Its recommendations are a desktop's hundred packages, of which a page needs the fonts alone.
    package = ["install", "-q", "-y", "--no-install-recommends", "chromium", "fonts-liberation"]
    if apt and os.geteuid() == 0:
        commands = [[apt, "update", "-q"], [apt, *package]]
    elif apt and sudo and _run([sudo, "-n", "true"]):
        commands = [[sudo, apt, "update", "-q"], [sudo, apt, *package]]
    else:
        commands = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    print("Installing Chromium:", " ".join(commands[-1]), file=sys.stderr)
    if all(map(_run, commands)) and find():
        return 0
    print(
        "Chromium could not be installed. Install your system's package of it, e.g. `apt-get install "
        f"chromium` as root, or name one with {_ASKED}.",
        file=sys.stderr,
    )
    return 1


def _run(command: list[str]) -> bool:
    """Whether it ends well; what it says goes to stderr."""
    return subprocess.run(command, stdout=sys.stderr, check=False).returncode == 0  # noqa: S603 - no input


if __name__ == "__main__":
    sys.exit(_install())
