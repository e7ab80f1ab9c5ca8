"""One browser for all that is tested in it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.support import browser as browsers


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Playwright starts no second one in a process that has one (`Sync API inside the asyncio loop`)."""
    with browsers.started() as started:
        yield started
