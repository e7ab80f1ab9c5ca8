"""What the pages show is what the commands and the report show."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from rightstate.catalogue import find_policy, load_all
from rightstate_cli.executions.executions import Wanted
from rightstate_cli.report import standing
from tests.cli.console.conftest import OWN
from tests.support import console
from tests.support.console import Browsing, text
from tests.support.server import Server

POLICIES = sum(len(of.policies) for of in load_all())


def test_the_overview_has_the_figures_of_the_report(browsing: Browsing) -> None:
    shown = text(browsing.get("/"))
    found = standing.read(browsing.console.workspace, datetime.now(UTC))
    assert f"Resources with something wrong {len(found.wrong)}" in shown
    assert "Remediated this week 2 settings of 2 resources, each verified" in shown
    assert "Failed 0 of 2 executions" in shown
    assert found.severities
    assert all(severity.value in shown for severity in found.severities)
    assert f"By account Account Share Compliant Of {OWN}" in shown


def test_an_empty_ledger_has_an_overview_too(tmp_path: Path, server: Server) -> None:
    with console.opened(tmp_path / "ledger.sqlite") as found:
        shown = text(found.get("/"))
        assert "Nothing was looked at yet" in shown
        assert "Nothing has run" in shown
        assert "There are none" in text(found.get("/executions"))


def test_executions_are_listed_the_newest_first_with_what_they_changed(browsing: Browsing) -> None:
    shown = text(browsing.get("/executions"))
    assert "2 executions, all that there are" in shown
    assert shown.count("Encryption none → SSE-SQS") == 2
    assert "rightstate history --ledger" in shown


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("outcome=remediated", 2), ("outcome=failed", 0), ("type=sqs-queue", 2), ("type=kms-key", 0),
        (f"account={OWN}", 2), ("account=999999999999", 0), ("resource=orders", 1),
        ("policy=sqs-server-side-encryption", 2), ("since=2999-01-01", 0), ("until=2999-01-01", 2),
    ],
)  # fmt: skip
def test_filters_are_in_the_address_and_in_the_command(browsing: Browsing, query: str, count: int) -> None:
    page = browsing.get(f"/executions?{query}", **{"HX-Request": "true"})
    assert page.count('<span class="badge changed">') == count
    name, _, value = query.partition("=")
    assert f"--{name} {value}" in text(page)


def test_a_page_begins_behind_the_last_one_of_the_page_before(
    browsing: Browsing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rightstate_cli.console.executions._PAGE", 1)
    first = browsing.client.get("/executions")
    older = first.text.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    second = browsing.get(older)
    names = {name for name in ("orders", "invoices") for page in (first.text, second) if f">{name}<" in page}
    assert names == {"orders", "invoices"}
    assert 'rel="next"' not in second


@pytest.mark.parametrize("query", ["account=12", "type=nothing", "before=yesterday", "since=soon"])
def test_an_address_that_asks_for_nothing_known_says_what_is_wrong(browsing: Browsing, query: str) -> None:
    answer = browsing.client.get(f"/executions?{query}")
    assert answer.status_code == 400
    assert "That did not work" in answer.text


def test_one_execution_shows_its_changes_its_verdicts_and_its_path(browsing: Browsing) -> None:
    [past] = [
        each
        for each in browsing.console.workspace.history(Wanted()).latest(9)[0]
        if each.execution.resource == "orders"
    ]
    page = browsing.get(f"/executions/{past.execution.name}")
    shown = text(page)
    assert "Encryption none → SSE-SQS" in shown
    assert "Calls made SetQueueAttributes" in shown
    assert "Verified by a fresh read Encryption : SSE-SQS" in shown
    assert f"rightstate history {past.execution.name}" in shown
    taken = page.count('class="way taken')
    assert taken == len(past.execution.steps or past.entry.path) - 1 > 5
    assert page.count('<g class="state') > page.count(" entered") > 5


def test_an_execution_that_does_not_exist_says_so(browsing: Browsing) -> None:
    answer = browsing.client.get("/executions/nothing-like-it")
    assert (answer.status_code, "No execution is named" in answer.text) == (400, True)


def test_the_matrix_has_every_policy_and_filters_narrow_it(browsing: Browsing) -> None:
    assert f"{POLICIES} policies" in text(browsing.get("/policies"))
    some = text(browsing.get("/policies?text=sqs+encryption", **{"HX-Request": "true"}))
    assert "sqs-server-side-encryption" in some
    assert "s3-versioning" not in some
    assert "No policy matches" in text(browsing.get("/policies?text=nothing-like-it"))


def test_a_policy_says_what_it_wants_may_break_and_can_be_undone(browsing: Browsing) -> None:
    policy = find_policy("sqs-server-side-encryption")[1]
    shown = text(browsing.get(f"/policies/{policy.id}"))
    for said in (policy.title, policy.side_effects, policy.undo_note):
        assert " ".join(said.split()) in shown


def test_a_read_only_console_shows_no_button_that_changes_something(ledger: Path) -> None:
    paths = ("/resources", "/policies", "/policies/kms-key-rotation", "/exemptions", "/accounts")
    for read_only in (False, True):
        with console.opened(ledger, read_only=read_only) as found:
            assert {path: 'class="primary' in found.get(path) for path in paths} == dict.fromkeys(
                paths, not read_only
            )
