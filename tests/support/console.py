"""A console in this process, on a local ledger, as a browser that is signed in sees it."""

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from rightstate_cli.console.access import Access
from rightstate_cli.console.application import application
from rightstate_cli.console.console import Console, Named

PORT = 8765
HOME = f"http://127.0.0.1:{PORT}"
_TAG = re.compile(r"<[^>]*>")


class Browsing:
    """Asks for pages as a browser does."""

    def __init__(self, client: TestClient, access: Access, console: Console) -> None:
        self.client, self.access, self.console = client, access, console

    def get(self, path: str, **headers: str) -> str:
        """The page, which has to be there."""
        answer = self.client.get(path, headers=headers)
        assert answer.status_code == 200, (answer.status_code, text(answer.text))
        return answer.text

    def post(self, path: str, form: Mapping[str, str | Sequence[str]] | None = None, **headers: str) -> Any:
        """The answer, after the redirect if there is one."""
        return self.client.post(path, data=dict(form or {}), headers={"Origin": HOME, **headers})

    def worked(self, answer: Any) -> str:
        """The page of the work that was begun, when it has ended."""
        assert answer.status_code == 200, text(answer.text)
        path = answer.url.path
        work = self.console.works.find(path.rpartition("/")[2])
        assert work, (path, text(answer.text))
        while work.running:
            time.sleep(0.01)
        return self.get(path)


@contextmanager
def opened(ledger: Path, read_only: bool = False, sign_in: bool = True, **named: Any) -> Iterator[Browsing]:
    """The console of that ledger."""
    access, console = Access(PORT, read_only), Console(Named(ledger=ledger, **named), read_only)
    with TestClient(application(access, console), base_url=HOME) as client:
        if sign_in:
            client.get(access.address)
        yield Browsing(client, access, console)


def text(page: str) -> str:
    """What a reader sees of a page, in one line."""
    return " ".join(unescape(_TAG.sub(" ", page)).split())
