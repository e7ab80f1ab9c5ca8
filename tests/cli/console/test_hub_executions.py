"""The console of a deployed hub whose state machines really run: remediate, undo, batches, who is first."""

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Barrier, Lock, Thread
from typing import Any
from unittest.mock import patch

import pytest
from starlette.testclient import TestClient

from rightstate.models.settings import Account, Enabled
from rightstate.policy import Mode
from rightstate_cli.batches import dead_letters
from rightstate_cli.console.access import Access
from rightstate_cli.console.application import application
from rightstate_cli.console.console import Console, Named
from rightstate_cli.tables.guards_table import Approving
from tests.cli.commands.conftest import (
    OWN,
    REGION,
    Cli,
    Server,
    _as_new,
    _server,
    cli,
    engine,
    ledger,
    server,
)
from tests.cli.commands.test_apply import _POLICIES, Backfill, backfill, encrypted, planned
from tests.cli.commands.test_replay_undelivered import about, entries, fail, waiting
from tests.support.console import HOME, PORT, Browsing, text
from tests.support.halting import halt
from tests.support.moto_engine import Engine
from tests.support.waiting import ended, request_of, started

__all__ = ["_as_new", "_server", "backfill", "cli", "engine", "ledger", "planned", "server"]

SQS = "sqs-server-side-encryption"


@contextmanager
def opened(server: Server, **credentials: str) -> Iterator[Browsing]:
    """The console of the hub, signed in, for the user with these credentials."""
    with patch.dict(os.environ, {**server.environment, **credentials}):
        access, console = Access(PORT), Console(Named(deployed=True))
        # Signed in while these are the credentials.
        assert console.workspace.caller.user_id
        with TestClient(application(access, console), base_url=HOME) as client:
            client.get(access.address)
            yield Browsing(client, access, console)


@pytest.fixture
def browsing(server: Server, engine: Engine) -> Iterator[Browsing]:
    with opened(server) as found:
        yield found


def as_person(server: Server, name: str) -> dict[str, str]:
    """The credentials of somebody who has assumed a role under that name."""
    keys = (
        server.session()
        .client("sts")
        .assume_role(RoleArn=f"arn:aws:iam::{OWN}:role/approver", RoleSessionName=name)["Credentials"]
    )
    return {
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_SESSION_TOKEN": keys["SessionToken"],
    }


def encryption(server: Server, queue: str) -> str:
    sqs = server.session().client("sqs")
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return str(found.get("SqsManagedSseEnabled", "false"))


def test_a_hub_remediates_what_the_plan_shows_and_its_execution_is_undone(
    server: Server, engine: Engine, browsing: Browsing
) -> None:
    engine.configure(Account(account=OWN, policies={SQS: Enabled(mode=Mode.AUTO)}))
    server.make("sqs-queue", "orders")
    planned = browsing.post("/plans", {"resource": f"{OWN}/{REGION}/sqs-queue/orders"})
    shown = text(browsing.worked(planned))
    assert "Encryption none → SSE-SQS" in shown
    assert encryption(server, "orders") == "false"

    page = browsing.worked(browsing.post(f"{planned.url.path}/remediate", {"reason": "CHG-5521"}))
    shown = text(page)
    assert "remediated Encryption none → SSE-SQS" in shown
    assert f"rightstate start arn:aws:sqs:{REGION}:{OWN}:orders" in shown
    assert "--reason CHG-5521" in shown
    assert encryption(server, "orders") == "true"

    [execution] = re.findall(r'href="(/executions/[^"]*)"', page)
    page = browsing.get(execution)
    assert "CHG-5521" in text(page)
    assert "SetQueueAttributes" in text(page)
    [address] = re.findall(r'href="(/undo/[^"]*)"', page)
    assert "Encryption SSE-SQS → none" in text(browsing.get(address))
    page = browsing.worked(browsing.post(address, {"reason": "CHG-5522", "exempt_for": "2h"}))
    assert "undone" in text(page)
    assert encryption(server, "orders") == "false"
    [exemption] = browsing.console.workspace.registry.get(OWN).exemptions
    assert (exemption.reason, exemption.policies) == ("CHG-5522", (SQS,))
    listed = text(browsing.get("/executions"))
    assert "undone" in listed and "remediated" in listed


def test_of_two_who_approve_at_once_one_succeeds_and_the_other_reads_who_did(
    server: Server, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.configure(Account(account=OWN, policies={SQS: Enabled(mode=Mode.APPROVE)}, approvers=("*",)))
    server.make("sqs-queue", "invoices")
    given = {"account": OWN, "region": REGION, "resource": "invoices", "requester": "AROAEXAMPLE:cara"}
    execution = started(engine, "sqs-queue", given)
    requested = request_of(engine, execution)
    both, one = Barrier(2), Lock()

    def decide(self: Approving, *words: Any) -> None:
        # Both have seen that it waits. moto would let a second answer replace the first until that is read.
        both.wait(30)
        with one:
            decided(self, *words)
            ended(engine, execution)

    decided = Approving.decide
    monkeypatch.setattr(Approving, "decide", decide)
    answers: dict[str, Any] = {}

    def approve(name: str, browser: Browsing) -> None:
        answers[name] = browser.client.post(
            f"/approvals/{requested.id}/approve",
            data={"reason": f"CHG of {name}", "plan": requested.plan},
            headers={"Origin": HOME},
            follow_redirects=False,
        )

    with ExitStack() as stack:
        browsers = {
            name: stack.enter_context(opened(server, **as_person(server, name))) for name in ("ana", "ben")
        }
        threads = [Thread(target=approve, args=each) for each in browsers.items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        shown = {name: text(browser.get(f"/approvals/{requested.id}")) for name, browser in browsers.items()}
    [first] = [name for name, answer in answers.items() if answer.status_code == 303]
    [late] = [name for name in browsers if name != first]
    who = f"approved by arn:aws:sts::{OWN}:assumed-role/approver/{first}"
    assert answers[late].status_code == 400
    assert f"{requested.id} does not wait any more: {who}." in text(answers[late].text)
    assert all(who in page for page in shown.values())
    assert encryption(server, "invoices") == "true"
    assert ended(engine, execution)["outcome"] == "remediated"


def test_a_halt_is_shown_and_released_by_policy_as_the_command_releases_it(
    browsing: Browsing, server: Server
) -> None:
    key, bucket = f"{OWN}/{REGION}/sqs-queue/payments", f"{OWN}/{REGION}/s3-bucket/media"
    halt(key, SQS)
    halt(bucket, "s3-versioning", "s3-access-logging")
    # What was known when the console was opened is a minute old at most.
    browsing.console.known.change()
    assert browsing.console.known.standing(patience=60)
    assert re.search(
        r'href="/halts"><span class="name">Halted</span><span class="value">3<', browsing.get("/")
    )
    assert 'href="/halts">3 halts<' in browsing.get("/resources")
    listed = text(browsing.get("/halts"))
    assert all(f"rightstate breaker release {each} --deployed" in listed for each in (key, bucket))
    shown = text(browsing.get(f"/resources/{bucket}"))
    assert "Halted Something undoes" in shown
    assert f"rightstate breaker release {bucket} --deployed" in shown
    done = browsing.post("/halts/release", {"resource": bucket, "policy": "s3-versioning"})
    assert (done.status_code, done.url.path) == (200, f"/resources/{bucket}")
    assert "Released: s3-versioning" in text(done.text)
    left = browsing.console.workspace.guarding
    assert left and [(of, each.policy) for of, each in left.halts()] == [
        (key, SQS),
        (bucket, "s3-access-logging"),
    ]
    again = browsing.post("/halts/release", {"resource": bucket, "policy": "s3-versioning"})
    assert (again.status_code, "Nothing was released" in text(again.text)) == (400, True)
    for resource in (key, bucket):
        browsing.post("/halts/release", {"resource": resource})
    assert "Nothing is halted" in text(browsing.get("/halts"))
    assert "Halted Something" not in text(browsing.get(f"/resources/{key}"))


# --- Batches, and undelivered events ---


def test_a_batch_that_stopped_half_way_is_shown_and_goes_on_from_its_page(
    server: Server, cli: Cli, backfill: Backfill, planned: Callable[..., Path], browsing: Browsing
) -> None:
    file = planned("half-1", "half-2", "half-3")
    backfill.begins = 1
    batch = cli("apply", str(file), "--yes", "--format", "json").json["batch"]
    listed = text(browsing.get("/batches"))
    assert f"{batch} succeeded remediated 1" in listed
    assert 'href="/batches"' in browsing.get("/executions")
    page = browsing.get(f"/batches/{batch}")
    shown = text(page)
    assert "1 of 3 resources as intended" in shown
    assert "2 resources not begun." in shown and "Go on with 2" in shown
    assert f"rightstate batch resume {batch}" in shown
    assert "If you stop it" not in shown
    narrowed = browsing.get(f"/batches/{batch}?outcome=not-run")
    assert narrowed.count('<td class="first">') == 2
    backfill.begins = None
    done = browsing.post(f"/batches/{batch}/resume")
    assert "3 of 3 resources as intended" in text(done.text)
    assert all(encrypted(server, f"half-{number}") for number in (1, 2, 3))
    again = browsing.post(f"/batches/{batch}/resume")
    assert (again.status_code, "There is nothing to go on with" in text(again.text)) == (400, True)


def test_a_run_that_goes_on_is_watched_and_stopped(
    engine: Engine, cli: Cli, backfill: Backfill, planned: Callable[..., Path], browsing: Browsing
) -> None:
    file = planned("watched-1", "watched-2")
    long = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 30_000, "End": True}}}
    engine.client("stepfunctions").update_state_machine(
        stateMachineArn=engine.resources["BackfillMachine"], definition=json.dumps(long)
    )
    backfill.begins = 1
    batch = cli("apply", str(file), "--yes", "--no-wait", "--format", "json").json["batch"]
    page = browsing.get(f"/batches/{batch}")
    assert f'hx-get="/batches/{batch}"' in page
    assert "1 of 2 begun" in text(page)
    assert "If you stop it, no more resources are started." in text(page)
    assert f"rightstate batch stop {batch}" in text(page)
    stopped = browsing.post(f"/batches/{batch}/stop").text
    assert "aborted" in text(stopped)
    assert "Go on with 1" in text(stopped)
    assert "hx-get" not in stopped.partition("<main")[2]


def test_what_failed_is_tried_again_from_the_page(
    server: Server,
    engine: Engine,
    cli: Cli,
    backfill: Backfill,
    planned: Callable[..., Path],
    browsing: Browsing,
) -> None:
    file = planned("failing")
    wrong = "arn:aws:iam::444455556666:role/wrong"
    engine.configure(Account(account=OWN, role_arn=wrong, policies=_POLICIES))
    batch = cli("apply", str(file), "--yes", "--format", "json").json["batch"]
    engine.configure(Account(account=OWN, policies=_POLICIES))
    page = browsing.get(f"/batches/{batch}")
    assert "Try the failed 1 again" in text(page)
    assert f"rightstate batch resume {batch} --failed" in text(page)
    # The failed execution itself leads to a new plan.
    failed = browsing.get("/executions?outcome=failed")
    assert "Plan 1 resource that failed" in text(failed)
    done = text(browsing.post(f"/batches/{batch}/resume", {"failed": "yes"}).text)
    assert "1 of 1 resource as intended" in done
    assert encrypted(server, "failing")


@pytest.mark.parametrize("name", ["plan-unknown", "no%20name"])
def test_a_batch_that_does_not_exist_says_so(browsing: Browsing, name: str) -> None:
    for answer in (browsing.client.get(f"/batches/{name}"), browsing.post(f"/batches/{name}/stop")):
        assert (answer.status_code, "rightstate batch list" in text(answer.text)) == (400, True)


def test_undelivered_events_are_shown_first_and_delivered_only_as_they_were_shown(
    server: Server, engine: Engine, browsing: Browsing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dead_letters, "_LONG_POLL_SECONDS", 0)
    engine.configure(Account(account=OWN, policies={SQS: Enabled(mode=Mode.AUTO)}))
    for name in ("lost", "later"):
        server.make("sqs-queue", name)
    lost, later = about("lost"), about("later")
    fail(engine, lost)
    fail(engine, "no event")
    assert "Look into the queue" in text(browsing.get("/undelivered"))
    looked = browsing.post("/undelivered")
    shown = text(browsing.worked(looked))
    assert "SetQueueAttributes" in shown and "NO_PERMISSIONS start" in shown
    assert "It is not an event that a rule can match." in shown
    assert "Deliver 1 event now" in shown
    assert "rightstate replay --deployed --undelivered" in shown
    assert waiting(engine) == 2
    fail(engine, later)
    done = text(browsing.worked(browsing.post(f"{looked.url.path}/deliver")))
    assert "remediated Encryption none → SSE-SQS" in done
    assert (entries(engine, lost), entries(engine, later)) == (["remediated"], [])
    assert waiting(engine) == 2
