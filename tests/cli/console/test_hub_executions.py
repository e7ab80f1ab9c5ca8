"""The console of a deployed hub whose state machines really run: remediate, undo, and who answers first."""

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Barrier, Lock, Thread
from typing import Any
from unittest.mock import patch

import pytest
from starlette.testclient import TestClient

from rightstate.models.settings import Account, Enabled
from rightstate.policy import Mode
from rightstate_cli.console.access import Access
from rightstate_cli.console.application import application
from rightstate_cli.console.console import Console, Named
from rightstate_cli.tables.guards_table import Approving
from tests.cli.commands.conftest import OWN, REGION, Server, _as_new, _server, engine, server
from tests.support.console import HOME, PORT, Browsing, text
from tests.support.halting import halt
from tests.support.moto_engine import Engine
from tests.support.waiting import ended, request_of, started

__all__ = ["_as_new", "_server", "engine", "server"]

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
