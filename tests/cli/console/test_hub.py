"""The console of a deployed hub: its executions, requests, accounts and checks."""

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import pytest
from starlette.testclient import TestClient

from rightstate.clock import written
from rightstate.models.approval import Choice, Requested
from rightstate.policy import Mode
from rightstate_cli.checks import ALL, Result, verification
from rightstate_cli.checks.check import Check, Per, failed, passed
from rightstate_cli.console.access import Access
from rightstate_cli.console.account_fixes import OF_CHECKS
from rightstate_cli.console.application import application
from rightstate_cli.console.console import Console, Named
from rightstate_cli.tables.guards_table import Approving
from tests.cli.commands.conftest import OTHER, OWN, REGION, Hub, _as_new, _deployed, _server, hub, server
from tests.support import requests
from tests.support.console import HOME, PORT, Browsing, text

__all__ = ["_as_new", "_deployed", "_server", "hub", "server"]

SQS = "sqs-server-side-encryption"


@pytest.fixture
def browsing(hub: Hub) -> Iterator[Browsing]:
    """The console of that hub, signed in."""
    with patch.dict(os.environ, hub.server.environment):
        access, console = Access(PORT), Console(Named(deployed=True, stack=hub.stack))
        with TestClient(application(access, console), base_url=HOME) as client:
            client.get(access.address)
            yield Browsing(client, access, console)


@pytest.fixture
def waiting(hub: Hub) -> Requested:
    """A request of that hub, which waits for an answer."""
    with hub.functions():
        return requests.ask(
            account=OWN, region=REGION, policy=SQS, resource="orders", asked_at=written(datetime.now(UTC))
        )


@pytest.fixture
def decided(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What was decided; nobody waits for it."""
    found: list[tuple[Any, ...]] = []
    monkeypatch.setattr(Approving, "decide", lambda self, *given: found.append(given))
    monkeypatch.setattr(Approving, "refusal", lambda self, requested: "")
    return found


def test_a_hub_without_accounts_says_how_to_begin(browsing: Browsing, hub: Hub) -> None:
    assert "no account is registered" in text(browsing.get("/"))
    assert "No account is registered" in text(browsing.get("/accounts"))
    assert "There are none" in text(browsing.get("/executions"))
    assert f"rightstate history --deployed --stack {hub.stack}" in text(browsing.get("/executions"))


def test_a_request_is_shown_with_what_it_changes_and_may_break(
    waiting: Requested, browsing: Browsing
) -> None:
    listed = text(browsing.get("/approvals"))
    assert "Waiting 1 request" in listed
    assert "Encryption none → SSE-SQS" in listed
    assert "Waiting for an approval 1" in text(browsing.get("/"))
    shown = text(browsing.get(f"/approvals/{waiting.id}"))
    assert "sqs:SetQueueAttributes(" in shown
    assert f"sha256:{waiting.plan}" in shown
    assert f"rightstate approvals approve {waiting.id} --reason TEXT --deployed" in shown


def test_who_may_not_approve_reads_why_and_has_no_button(browsing: Browsing, waiting: Requested) -> None:
    page = browsing.get(f"/approvals/{waiting.id}")
    assert re.search(r"<button[^>]* disabled[^>]*>Approve</button>", page)
    assert "Nothing was decided" in text(page)
    tried = browsing.post(f"/approvals/{waiting.id}/approve", {"reason": "x", "plan": waiting.plan})
    assert (tried.status_code, "Nothing was decided" in tried.text) == (400, True)


def test_an_answer_is_given_with_its_reason_and_only_if_it_can_be_right(
    browsing: Browsing, waiting: Requested, decided: list[tuple[Any, ...]]
) -> None:
    form = {"reason": "CHG-5521", "plan": waiting.plan}
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M}"
    for change, said in (
        ({"reason": ""}, "takes a text"),
        ({"plan": "another"}, "is another one than the page showed"),
        ({"begin": "soon", "hours": "2"}, "is no window"),
        ({"begin": "2020-01-01T10:00", "hours": "2"}, "has passed"),
        ({"begin": now, "hours": "0"}, "window"),
    ):
        answer = browsing.post(f"/approvals/{waiting.id}/approve", {**form, **change})
        assert (answer.status_code, said in text(answer.text)) == (400, True), text(answer.text)
    assert not decided
    for choice in Choice:
        address = f"/approvals/{waiting.id}/{choice}"
        browsing.client.post(address, data=form, headers={"Origin": HOME}, follow_redirects=False)
    assert [(each[0].id, *each[1:]) for each in decided] == [
        (waiting.id, choice, "CHG-5521", "", "") for choice in Choice
    ]


def test_who_answers_a_moment_too_late_reads_who_was_first_as_soon_as_that_is_written(
    browsing: Browsing, waiting: Requested, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    def close(seconds: float) -> None:
        hub.server.session().client("dynamodb").update_item(
            TableName=hub.outputs["GuardsTable"],
            Key={"id": {"S": "approval"}, "what": {"S": waiting.id}},
            UpdateExpression="SET outcome = :outcome, decided_by = :by, decided_by_arn = :arn",
            ExpressionAttributeValues={
                ":outcome": {"S": "denied"},
                ":by": {"S": "AROAEXAMPLE:ben"},
                ":arn": {"S": f"arn:aws:sts::{OWN}:assumed-role/approver/ben"},
            },
        )

    monkeypatch.setattr(Approving, "refusal", lambda self, requested: "")
    monkeypatch.setattr(Approving, "_wake", lambda self, requested: False)
    for meanwhile, said in (
        (lambda seconds: None, "another person decided it, it has expired, or its execution has ended"),
        (close, f"denied by arn:aws:sts::{OWN}:assumed-role/approver/ben. The first decision counts"),
    ):
        monkeypatch.setattr("rightstate_cli.operations.requests.sleep", meanwhile)
        answer = browsing.post(f"/approvals/{waiting.id}/approve", {"reason": "CHG-1", "plan": waiting.plan})
        assert (answer.status_code, said in text(answer.text)) == (400, True), text(answer.text)


def test_a_request_that_is_not_there_says_so(browsing: Browsing) -> None:
    answer = browsing.client.get("/approvals/ap-0000")
    assert (answer.status_code, "There is no request" in answer.text) == (400, True)


def test_modes_of_several_accounts_are_changed_at_once(browsing: Browsing, hub: Hub) -> None:
    role = f"arn:aws:iam::{OTHER}:role/rightstate-remediation"
    hub.register(account=OWN)
    hub.register(account=OTHER, name="Payments", role_arn=role)
    page = browsing.post(
        "/policies/consequences", {"policy": SQS, "account": [OWN, OTHER], "mode": "approve"}
    ).text
    assert f"In 2 accounts: {OWN} , Payments" in text(page)
    form: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page):
        form.setdefault(name, []).append(value)
    assert "The settings of 2 accounts were written" in text(browsing.post("/policies/change", form).text)
    found = hub.account(OTHER)
    assert found and found.policies[SQS].mode is Mode.APPROVE


def test_an_account_without_a_role_says_why_nothing_can_be_enabled(browsing: Browsing, hub: Hub) -> None:
    hub.register(account=OTHER)
    page = browsing.get("/policies?text=sqs")
    assert re.search(rf'value="{SQS}"[^>]* disabled', page)
    assert "The account's settings name no role" in text(page)
    assert "no role: the hub works here only in its own account" in text(browsing.get("/accounts"))


def test_whose_events_the_hub_accepts_is_asked_before_an_account_is_added(
    browsing: Browsing, hub: Hub
) -> None:
    asked = browsing.post("/accounts/add", {"account": OTHER, "name": "Payments"})
    assert "Let the event bus of" in text(asked.text)
    assert hub.account(OTHER) is None
    done = browsing.post("/accounts/add", {"account": OTHER, "name": "Payments", "agreed": "yes"})
    shown = text(browsing.worked(done))
    assert "aws cloudformation deploy" in shown
    assert "Events accepted" in shown
    found = hub.account(OTHER)
    assert found and found.name == "Payments"


def test_an_account_shows_what_is_done_and_the_page_that_does_what_is_next(
    browsing: Browsing, hub: Hub
) -> None:
    hub.register(account=OTHER, name="Payments", contacts=("team@example.com",))
    steps = browsing.get(f"/accounts/{OTHER}/steps")
    shown = text(steps)
    assert "Registered done In all." in shown
    assert f"Its role works next No role is set for account {OTHER}" in shown
    assert "The hub accepts its events not yet Changes in the account start nothing." in shown
    assert "team@example.com has not confirmed the subscription, or is not subscribed." in shown
    of_this_hub = f"--account {OTHER} --deployed --stack {hub.stack} Copy"
    assert f"rightstate policies enable POLICY --mode report {of_this_hub}" in shown
    assert f"rightstate accounts admit {OTHER} --stack {hub.stack} Copy" in shown
    pages = re.findall(r'<a class="quiet" href="([^"]*)"', steps)
    assert pages == [
        f"/accounts/add?account={OTHER}&amp;install=yes",
        f"/accounts/admitted?account={OTHER}",
        f"/accounts/add?account={OTHER}",
        f"/policies?account={OTHER}",
    ]
    for each in pages:
        browsing.get(each.replace("&amp;", "&"))
    assert re.search('name="install" value="yes" checked', browsing.get(pages[0].replace("&amp;", "&")))


def test_the_form_of_an_account_takes_what_the_command_takes(browsing: Browsing, hub: Hub) -> None:
    form = {
        "account": OTHER, "regions": f"{REGION} eu-west-1", "contacts": "team@example.com",
        "types": "sqs-queue", "boundary": f"arn:aws:iam::{OTHER}:policy/limit",
    }  # fmt: skip
    asked = text(browsing.post("/accounts/add", form).text)
    command = (
        f"rightstate accounts add {OTHER} --region {REGION} --region eu-west-1 --contact team@example.com "
        f"--boundary {form['boundary']} --type sqs-queue --deployed --stack {hub.stack}"
    )
    assert command in asked
    for change, said in (
        ({"types": "nothing"}, "nothing"),
        ({"boundary": "everything"}, "everything"),
        (
            {"install": "yes"},
            "“Install or update the member's stacks” and “In every region” need credentials",
        ),
    ):
        answer = browsing.post("/accounts/add", {**form, **change})
        assert (answer.status_code, said in text(answer.text)) == (400, True), text(answer.text)
    assert hub.account(OTHER) is None


def test_the_list_of_accepted_accounts_is_shown_and_changed(browsing: Browsing, hub: Hub) -> None:
    assert "The list is as it should be." in text(browsing.get("/accounts/admitted"))
    hub.register(account=OTHER, name="Payments")
    page = browsing.get("/accounts/admitted")
    assert f"{OTHER} comes" in text(page)
    assert f"rightstate accounts admit --stack {hub.stack}" in text(page)
    assert "another one than the page showed" in text(browsing.post("/accounts/admitted", {}).text)
    assert not hub.admitted
    done = text(browsing.worked(browsing.post("/accounts/admitted", {"wanted": OTHER})))
    assert f"The hub accepts the events of 1 account by number: {OTHER}." in done
    assert hub.admitted == [OTHER]
    hub.forget(OTHER)
    assert f"{OTHER} goes: it is not registered" in text(browsing.get("/accounts/admitted"))
    browsing.worked(browsing.post("/accounts/admitted", {"wanted": []}))
    assert not hub.admitted
    refused = browsing.client.get(f"/accounts/admitted?account={OTHER}")
    assert (refused.status_code, "is not registered" in refused.text) == (400, True)


def test_every_check_of_an_account_says_which_page_fixes_what_it_finds() -> None:
    of_accounts = {each.id for each in ALL if each.per is not Per.HUB}
    assert set(OF_CHECKS) == of_accounts


def test_the_checks_of_an_account_are_on_its_page_with_what_fixes_them(
    browsing: Browsing, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.register(account=OTHER, name="Payments")
    ran: list[tuple[Any, ...]] = []

    def run(self: Any) -> Iterator[Result]:
        ran.append((list(self.accounts), {each.per for each in self.checks}, self.clients.inspect_role))
        old = Check("V3", "The member has this version", Per.REGION, "x", lambda site: iter(()))
        trail = Check("V7", "A trail", Per.REGION, "x", lambda site: iter(()))
        fix = f"rightstate accounts add {OTHER} --install"
        yield Result(old, OTHER, REGION, failed("It has version 1.", fix))
        yield Result(trail, OTHER, REGION, failed("There is no trail.", "aws cloudtrail create-trail"))

    monkeypatch.setattr(verification.Verification, "run", run)
    begun = browsing.post(f"/accounts/{OTHER}/check", {"inspect_role": "Auditor"})
    assert "FAIL 2" in text(browsing.worked(begun))
    assert ran == [([OTHER], {Per.ACCOUNT, Per.REGION}, "Auditor")]
    page = browsing.get(f"/accounts/{OTHER}")
    assert "It has version 1." in text(page)
    assert f"Fix rightstate accounts add {OTHER} --install Copy Install or update the member …" in text(page)
    assert text(page).count("Install or update the member …") == 1
    assert "It has version 1." not in text(browsing.get("/checks"))


def test_checks_show_what_is_wrong_first_with_its_fix(
    browsing: Browsing, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = Check("V1", "Signed in", Per.HUB, "sign in", lambda site: iter([passed("All well.")]))
    bad = Check(
        "V8", "Rules", Per.HUB, "deploy", lambda site: iter([failed("A rule is gone.", "sam deploy")])
    )

    def ran(self: Any) -> Iterator[Result]:
        for each in (good, bad):
            yield Result(each, OWN, REGION, next(each.look(None)))  # type: ignore[arg-type]

    monkeypatch.setattr(verification.Verification, "run", ran)
    shown = text(browsing.worked(browsing.post("/checks/run", {"checks": "V1 V8"})))
    assert "FAIL 1" in shown
    assert shown.index("A rule is gone.") < shown.index("All well.")
    assert "Fix sam deploy Copy" in shown
    assert "rightstate verify --check V1 --check V8" in shown
    assert "A rule is gone." in text(browsing.get("/checks"))


def test_a_check_that_there_is_not_is_not_run(browsing: Browsing) -> None:
    assert "There is no check" in browsing.post("/checks/run", {"checks": "V999"}).text
