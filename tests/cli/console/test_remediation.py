"""Choose what is wrong, see the plan, remediate it and follow it."""

import re
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from rightstate_cli.operations import chosen, plan
from rightstate_cli.planning.accounts import Wanted
from tests.cli.console.conftest import OWN, REGION
from tests.support import console
from tests.support.console import Browsing, text
from tests.support.server import Server

PLACE = f"{OWN}/{REGION}"
QUEUES = {"audit", "exports"}


@pytest.fixture
def broken(server: Server, tmp_path: Path) -> Iterator[Browsing]:
    """The console of a ledger that has seen a broken queue, and nothing else."""
    server.make("sqs-queue", "broken")
    path = tmp_path / "ledger.sqlite"
    wanted = Wanted(types=("sqs-queue",))
    plan.make(wanted, None, None, path, lambda said: None, lambda done, found: None)
    with console.opened(path) as found:
        yield found
    server.session().client("sqs").delete_queue(QueueUrl=f"{server.endpoint}/{OWN}/broken")


def test_what_is_wrong_is_listed_the_most_severe_first_with_its_policies(browsing: Browsing) -> None:
    shown = text(browsing.get("/resources"))
    assert "1 to 3 of 3" in shown
    assert "sqs-server-side-encryption" in shown
    assert "kms-key-rotation" in shown
    assert f"sqs-queue · {OWN} · {REGION}" in shown
    assert "orders" not in shown


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("text=AUDIT", {"audit"}),
        ("text=sqs+encryption+exports", {"exports"}),
        ("type=sqs-queue", QUEUES),
        ("policy=sqs-server-side-encryption", QUEUES),
        (f"account={OWN}&type=sqs-queue&text=aud", {"audit"}),
        ("state=broken&type=sqs-queue", QUEUES),
        ("framework=iso-27001-2022&type=sqs-queue", QUEUES),
        ("framework=nist-csf-2.0", set()),
        *((f"{each}", set()) for each in ("account=999999999999", "region=eu-west-1", "severity=critical")),
        *((f"state={each}", set()) for each in ("waiting", "unread", "halted", "nothing")),
    ],
)
def test_filters_narrow_it_and_are_in_the_address(browsing: Browsing, query: str, found: set[str]) -> None:
    answer = browsing.client.get(f"/resources?{query}&region=", headers={"HX-Request": "true"})
    listed = set(re.findall(r'data-row aria-label="Choose ([^"]*)"', answer.text))
    assert listed == found
    assert answer.headers["hx-replace-url"] == f"/resources?{query}"


def test_pages_are_cut_on_the_server(browsing: Browsing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rightstate_cli.console.resources._PAGE", 2)
    first = browsing.get("/resources")
    assert "1 to 2 of 3" in text(first)
    assert 'href="/resources?from=2"' in first
    assert "3 to 3 of 3" in text(browsing.get("/resources?from=2"))
    assert "3 to 3 of 3" in text(browsing.get("/resources?from=99"))


def test_a_plan_shows_settings_calls_and_risks_and_changes_nothing(
    browsing: Browsing, server: Server
) -> None:
    server.calls.clear()
    shown = text(browsing.worked(browsing.post("/plans", {"resource": f"{PLACE}/sqs-queue/audit"})))
    assert "Encryption none → SSE-SQS" in shown
    assert "sqs:SetQueueAttributes(" in shown
    assert "To change 1 setting of 1 resource" in shown
    assert (
        f"rightstate plan --account {OWN} --region {REGION} --resource arn:aws:sqs:{REGION}:{OWN}:audit"
        in shown
    )
    assert not server.writes


def test_the_plan_of_all_that_the_filter_finds(browsing: Browsing) -> None:
    shown = text(browsing.worked(browsing.post("/plans?type=sqs-queue", {"every": "yes"})))
    assert "Plan of 2 resources" in shown
    assert "To change 2 settings of 2 resources" in shown


def test_what_the_plan_shows_is_remediated_and_the_page_shows_it(broken: Browsing, server: Server) -> None:
    planned = broken.post("/plans", {"resource": f"{PLACE}/sqs-queue/broken"})
    broken.worked(planned)
    done = broken.post(f"{planned.url.path}/remediate", {"reason": "CHG-5521"})
    shown = text(broken.worked(done))
    assert "broken sqs-queue" in shown
    assert "remediated Encryption none → SSE-SQS" in shown
    assert f"rightstate remediate --account {OWN} --region {REGION} --resource" in shown
    assert server.writes == ["sqs:SetQueueAttributes"]
    # What is known is read anew.
    assert "Choose broken" not in broken.get("/resources")
    assert "remediated" in text(broken.get("/executions"))


def test_a_plan_without_changes_is_not_carried_out(broken: Browsing) -> None:
    planned = broken.post("/plans", {"resource": f"{PLACE}/sqs-queue/missing"})
    assert "There is nothing to change" in text(broken.worked(planned))
    answer = broken.post(f"{planned.url.path}/remediate")
    assert (answer.status_code, "Nothing was begun" in answer.text) == (400, True)


@pytest.mark.parametrize("key", ["", "x", f"{PLACE}/nothing/x", f"{PLACE}/sqs-queue/a b<script>"])
def test_what_is_no_resource_is_not_planned(browsing: Browsing, key: str) -> None:
    answer = browsing.post("/plans", {"resource": key})
    shown = browsing.worked(answer) if answer.status_code == 200 else answer.text
    assert "Nothing was" in shown or "is not" in shown
    assert "<script>" not in shown.partition("<main")[2]


def test_a_run_waits_for_the_one_before_and_both_are_followed(
    broken: Browsing, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, end = Event(), Event()

    def slow(self: Any, reason: str, stop: Event, progressed: Any, say: Any) -> chosen.Ended:
        begun.set()
        progressed(1, 2, "broken: remediated")
        end.wait(10)
        return chosen.Ended(())

    planned = broken.post("/plans", {"resource": f"{PLACE}/sqs-queue/broken"})
    broken.worked(planned)
    monkeypatch.setattr(chosen.PlannedHere, "run", slow)
    first = broken.post(f"{planned.url.path}/remediate")
    assert begun.wait(10)
    second = broken.post(f"{planned.url.path}/remediate")
    following = text(broken.get(first.url.path, **{"HX-Request": "true"}))
    assert "1 of 2 · broken: remediated" in following
    assert "Another run is under way" in text(broken.get(second.url.path))
    assert "2" in text(broken.get("/work"))
    broken.post(f"{first.url.path}/stop")
    assert "Stopping" in text(broken.get(first.url.path))
    end.set()
    assert "Nothing was run" in text(broken.worked(second))


def test_work_that_is_not_known_any_more_says_where_to_look(browsing: Browsing) -> None:
    answer = browsing.client.get("/work/0000")
    assert (answer.status_code, "the executions" in answer.text) == (400, True)


def test_one_resource_shows_what_was_done_and_what_decides_now(browsing: Browsing) -> None:
    key = f"{PLACE}/sqs-queue/orders"
    shown = text(browsing.get(f"/resources/{key}"))
    assert "remediated Encryption none → SSE-SQS" in shown
    assert f"rightstate explain {key}" in shown
    now = text(browsing.get(f"/explained/{key}"))
    assert "sqs-server-side-encryption auto compliant" in now
