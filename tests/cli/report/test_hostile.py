"""Names, reasons and principals are somebody else's text, and are shown as text everywhere."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import expect

from rightstate.models.approval import Requested
from rightstate.models.settings import Account, Exemption
from rightstate_cli.report.ordered import ordered
from rightstate_cli.report.record import as_record
from rightstate_cli.report.spreadsheet import Spreadsheet
from tests.cli.report.conftest import Opened, altered, written
from tests.support import endings
from tests.support.requests import requested

NAMES = {
    "element": "<img src=x onerror=alert(1)>",
    "end of script": "</script><script>alert(1)</script>",
    "end of script that is not closed": "</script <img/src=x ",
    "comment": "<!--<script>",
    "attribute": "\" onmouseover=alert(1) x='",
    "template": "{{ 7*7 }}${7*7}@DATA@",
    "formula": "=cmd|'/C calc'!A0",
    "reordering": "photo\u202egpj.exe",
    "isolate": "a\u2067b\u2069c",
    "terminal": "\x1b[2J\x1b[31mred",
    "lines": "one\r\ntwo\u2028three",
    "unseen": "zero\u200bwidth\x00\ufeff",
    "long": "x" * 10_000,
}


def hostile(name: str) -> dict[str, Any]:
    """An entry into which somebody has written the name wherever the ledger has text."""
    finding = {"setting": name, "before": name, "after": [name, "b"]}
    verdict = {"policy": name, "mode": name, "status": "broken", "reason": name, "rule": name}
    approval = ("id", "plan", "by", "arn", "at", "reason", "not_before", "not_after")
    return altered(
        endings.ended(),
        resource=f"111122223333/eu-west-1/s3-bucket/{name}",
        outcome="failed",
        **dict.fromkeys(
            ("error", "reason", "rule", "why", "requester", "plan", "batch", "undo", "version"), name
        ),
        calls=[name],
        event=dict.fromkeys(("id", "name", "time", "principal", "principal_id", "source"), name),
        verdicts=[{**verdict, "findings": [finding]}],
        changes=[{**finding, "policies": [name]}],
        verified={name: name},
        approval=dict.fromkeys(approval, name),
        path=[{"state": name, "entered": name, "seconds": 1}, {"state": "Resolve"}],
    )


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_it_is_text_in_the_page(opened: Callable[..., Opened], tmp_path: Path, name: str) -> None:
    exemption = Exemption(
        id="ex-00000001",
        policies=(name[:200],),
        resource=name[:2000],
        reason=name[:1000],
        approver=name[:200],
        created="2026-11-01T00:00:00Z",
        until="2026-12-24T00:00:00Z",
    )
    account = Account(account="111122223333", name=name, exemptions=(exemption,))
    change = {
        "setting": name,
        "before": name,
        "after": [name, "b"],
        "want": {"kind": "exactly", "value": name},
    }
    request = Requested.model_validate(
        {
            **requested().model_dump(),
            "resource": f"222233334444/{name.replace('/', '')}/s3-bucket/{name}",
            "policies": [name],
            "changes": [{**change, "policies": [name]}],
            **dict.fromkeys(("id", "plan", "why", "requester", "requester_arn"), name),
        }
    )
    entries = [hostile(name), endings.ended(name="run-2")]
    found = opened(written(tmp_path / "report", entries, [account], requests=[request]))
    page = found.page
    page.locator("#executions .link").first.click()
    page.locator("dialog[open]").wait_for()
    assert (found.said, found.popped, found.requests) == ([], [], [(tmp_path / "report/index.html").as_uri()])
    expect(page.locator("#requests tbody tr")).to_have_count(1)
    # No element came of it: there are none of these, and no handler, in the page itself.
    assert page.locator("img, iframe, object, embed, [onerror], [onmouseover]").count() == 0
    assert page.locator("script").count() == 3
    # It cannot reorder or hide anything; whole in the dialog, and isolated.
    visible = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in name)
    assert page.locator("dialog h2 bdi").text_content() == visible
    seen = page.evaluate("document.body.textContent")
    assert not set(seen) & set("\u202e\u2067\u2069\x1b\u200b\x00\ufeff\u2028")
    assert page.evaluate("document.documentElement.scrollWidth") == 1440


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_it_is_one_harmless_cell_of_the_spreadsheet(tmp_path: Path, name: str) -> None:
    directory = written(tmp_path / "report", [hostile(name)])
    with (directory / "changes.csv").open(newline="", encoding="utf-8") as file:
        heading, *rows = csv.reader(file)
    [row] = rows
    assert len(row) == len(heading)
    for cell in row:
        assert cell == "" or cell.isprintable()
        assert not cell.startswith(("=", "+", "-", "@"))
    assert len((directory / "changes.csv").read_text(encoding="utf-8").splitlines()) == 2


@given(st.text())
def test_no_text_is_a_formula(text: str) -> None:
    lines = io.StringIO(newline="")
    Spreadsheet(lines).add(as_record(hostile(text)))
    _, row = csv.reader(io.StringIO(lines.getvalue(), newline=""))
    assert all(cell.isprintable() and cell[0] not in "=+-@" for cell in row if cell)


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_it_stays_on_its_line_of_json_and_is_whole(tmp_path: Path, name: str) -> None:
    directory = written(tmp_path / "report", [hostile(name)])
    for file in ("records.jsonl", "ocsf.jsonl"):
        text = (directory / file).read_text(encoding="ascii")
        assert text.count("\n") == len(text.splitlines()) == 1
    assert json.loads((directory / "records.jsonl").read_text()) == hostile(name)


def test_a_name_that_is_in_two_entries_is_no_reason_to_lose_one(tmp_path: Path) -> None:
    both = [endings.ended(name=name) for name in ("one", "two", "two")]
    with ordered(both, tmp_path) as found:
        assert [record.name for _, record in found] == ["one", "two"]
