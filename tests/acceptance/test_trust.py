"""A deployed hub asks before it changes what is risky, and somebody answers at the command line."""

from pathlib import Path
from typing import Any

import pytest

from rightstate.models.settings import Account, Enabled
from rightstate.policy import Mode
from rightstate_cli.simulation.accounts import roles
from tests.acceptance.console import Commands, commands
from tests.acceptance.emulator import ACCOUNT
from tests.acceptance.hub import Hub, awaited, event_about
from tests.support.server import Server

pytestmark = pytest.mark.acceptance

POLICY, TYPE = "sqs-server-side-encryption", "sqs-queue"


@pytest.fixture
def rightstate(hub: Hub, tmp_path: Path) -> Commands:
    return commands(hub, tmp_path)


def approving(hub: Hub) -> None:
    hub.configure(
        Account(
            account=ACCOUNT,
            **roles(ACCOUNT),
            external_id="shared",
            policies={POLICY: Enabled(mode=Mode.APPROVE)},
            approvers=("*",),
        )
    )


def waiting(rightstate: Commands, queue: str) -> dict[str, Any]:
    """The request about the queue, once it is there."""

    def look() -> dict[str, Any] | None:
        listed = rightstate("approvals", "list", "--format", "json").json
        return next((each for each in listed if each["resource"].endswith(f"/{queue}")), None)

    return awaited(look)


def test_what_an_event_asks_for_is_done_when_somebody_approves_it(
    hub: Hub, member: Server, rightstate: Commands
) -> None:
    queue = member.make(TYPE, "to-approve", ACCOUNT)
    approving(hub)
    [event] = hub.send(event_about(TYPE, POLICY, queue))
    request = waiting(rightstate, queue)
    assert "sqs:SetQueueAttributes" not in member.writes
    assert "token" not in request
    shown = rightstate("approvals", "show", request["id"])
    assert "none -> SSE-SQS" in shown.out
    approved = rightstate("approvals", "approve", request["id"], "--reason", "CHG-5521", "--yes")
    assert approved.code == 0, approved.err
    execution = hub.follow(event, TYPE)
    assert (execution.status, execution.outcome) == ("SUCCEEDED", "remediated"), execution.reason
    entry = hub.entry(execution)
    assert entry["approval"]["id"] == request["id"]
    assert entry["approval"]["reason"] == "CHG-5521"
    assert rightstate("approvals", "approve", request["id"], "--reason", "again", "--yes").code == 2


def test_what_is_denied_is_not_done(hub: Hub, member: Server, rightstate: Commands) -> None:
    queue = member.make(TYPE, "to-deny", ACCOUNT)
    approving(hub)
    [event] = hub.send(event_about(TYPE, POLICY, queue))
    request = waiting(rightstate, queue)
    assert rightstate("approvals", "deny", request["id"], "--reason", "not now", "--yes").code == 0
    execution = hub.follow(event, TYPE)
    assert (execution.status, execution.outcome) == ("SUCCEEDED", "denied")
    assert "sqs:SetQueueAttributes" not in member.writes


def test_what_was_changed_is_taken_back_and_stays_so(
    hub: Hub, member: Server, rightstate: Commands, tmp_path: Path
) -> None:
    queue = member.make(TYPE, "to-undo", ACCOUNT)
    sqs = member.session(ACCOUNT).client("sqs")

    def encryption() -> str | None:
        attributes = sqs.get_queue_attributes(
            QueueUrl=sqs.get_queue_url(QueueName=queue)["QueueUrl"], AttributeNames=["All"]
        )["Attributes"]
        return attributes.get("SqsManagedSseEnabled")

    before = encryption()
    hub.enable(POLICY)
    event = event_about(TYPE, POLICY, queue)
    [first] = hub.send(event)
    mended = hub.follow(first, TYPE)
    assert (mended.outcome, encryption()) == ("remediated", "true")
    undone = rightstate("undo", mended.name, "--reason", "a producer cannot", "--exempt-for", "2h", "--yes")
    assert undone.code == 0, undone.err
    assert encryption() == before != "true"
    [second] = hub.send(event)
    assert hub.follow(second, TYPE).outcome == "exempt"
    assert encryption() == before
    explained = rightstate("explain", f"arn:aws:sqs:us-east-1:{ACCOUNT}:{queue}", "--format", "json")
    # The command line's own reads go to another emulator than those of the functions.
    assert explained.json[0]["last_event"]["outcome"] == "exempt"
    assert rightstate("undo", mended.name, "--reason", "again", "--yes").code == 1
    report = rightstate("report", "-o", str(tmp_path / "report"))
    assert report.code == 0, report.err
