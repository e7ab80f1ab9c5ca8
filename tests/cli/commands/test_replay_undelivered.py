"""`rightstate replay --deployed --undelivered`: what EventBridge could not deliver, each event once."""

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from moto.sqs.models import sqs_backends

from rightstate.clock import written
from rightstate.models.settings import Account, Enabled, Exemption
from rightstate.policy import Mode
from rightstate_cli.application import sam_template
from rightstate_cli.batches import dead_letters
from tests.cli.commands.conftest import OTHER, OWN, REGION, Cli, Server
from tests.support.moto_engine import Engine

SHIPPED = json.loads((sam_template.root() / "events" / "sqs-queue" / "SetQueueAttributes.json").read_text())
FRESH = {**SHIPPED, "time": written(datetime.now(UTC))}
POLICY = "sqs-server-side-encryption"


@pytest.fixture(autouse=True)
def _no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dead_letters, "_LONG_POLL_SECONDS", 0)


@pytest.fixture(autouse=True)
def _only_this(engine: Engine, enabled: None, server: Server) -> None:
    # PurgeQueue may be called once a minute.
    queue = sqs_backends[OWN][REGION].queues["rightstate-undelivered-events"]
    queue._messages.clear()
    queue.pending_messages.clear()
    server.calls.clear()


def url(engine: Engine) -> str:
    return engine.resources["UndeliveredEvents"]


def about(queue: str, account: str = OWN, **changed: Any) -> dict[str, Any]:
    text = json.dumps(SHIPPED).replace("111122223333", account).replace("invoices", queue)
    now = written(datetime.now(UTC))
    return {**json.loads(text), "id": str(uuid.uuid4()), "time": now, **changed}


def fail(engine: Engine, body: Any, target: str = "sqs-queue") -> None:
    """What EventBridge puts into the queue (user guide, "Using dead-letter queues")."""
    machine = f"arn:aws:states:{REGION}:{OWN}:stateMachine:rightstate-{target}:live"
    attributes = {"TARGET_ARN": machine, "ERROR_CODE": "NO_PERMISSIONS"}
    engine.client("sqs").send_message(
        QueueUrl=url(engine),
        MessageBody=body if isinstance(body, str) else json.dumps(body),
        MessageAttributes={
            name: {"DataType": "String", "StringValue": text} for name, text in attributes.items()
        },
    )


def waiting(engine: Engine) -> int:
    named = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = engine.client("sqs").get_queue_attributes(QueueUrl=url(engine), AttributeNames=named)
    return sum(int(each) for each in found["Attributes"].values())


def entries(engine: Engine, event: dict[str, Any]) -> list[str]:
    return [entry["outcome"] for entry in engine.ledger() if (entry["event"] or {}).get("id") == event["id"]]


def replay(cli: Cli, *options: str) -> Any:
    return cli("replay", "--deployed", "--undelivered", "--yes", "--format", "json", *options)


def test_every_event_of_the_queue_is_delivered_under_its_own_id_and_removed(
    engine: Engine, server: Server, cli: Cli
) -> None:
    server.make("sqs-queue", "undelivered")
    server.make("sqs-queue", "undelivered-theirs", OTHER)
    own, theirs = about("undelivered"), about("undelivered-theirs", OTHER)
    fail(engine, own)
    fail(engine, theirs)
    ran = replay(cli)
    assert sorted(each["outcome"] for each in ran.json["executions"]) == ["remediated", "remediated"]
    assert entries(engine, own) == entries(engine, theirs) == ["remediated"]
    assert {each["account"] for each in ran.json["executions"]} == {OWN, OTHER}
    assert (waiting(engine), ran.code) == (0, 0)


def test_the_whole_queue_replayed_twice_leads_to_the_same_end(
    engine: Engine, server: Server, cli: Cli
) -> None:
    """T17."""
    server.make("sqs-queue", "twice-undelivered")
    event = about("twice-undelivered")
    for _ in range(2):
        fail(engine, event)
        fail(engine, event)
        assert replay(cli).code == 0
    assert entries(engine, event) == ["remediated"]
    assert server.calls.count("sqs:SetQueueAttributes") == 1
    assert waiting(engine) == 0


def test_an_event_that_was_replayed_and_is_in_no_ledger_yet_starts_nothing_again(
    engine: Engine, server: Server, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Step Functions refuses the name of an execution that has ended; moto, where the input is another."""
    server.make("sqs-queue", "unrecorded")
    event = about("unrecorded")
    monkeypatch.setattr(dead_letters, "handled", lambda event, hub: None)
    executions = []
    for source in ("203.0.113.7", "203.0.113.8"):
        fail(engine, event | {"detail": {**event["detail"], "sourceIPAddress": source}})
        ran = replay(cli)
        assert ran.code == 0
        executions += [each["name"] for each in ran.json["executions"]]
    assert len(set(executions)) == 1
    assert entries(engine, event) == ["remediated"]
    assert server.calls.count("sqs:SetQueueAttributes") == 1
    assert waiting(engine) == 0


def test_an_event_that_was_handled_meanwhile_is_skipped_with_a_word_unless_forced(
    engine: Engine, server: Server, cli: Cli
) -> None:
    server.make("sqs-queue", "handled")
    event = about("handled")
    list(engine.run([match.start for match in engine.matches(event)]))
    fail(engine, event)
    ran = replay(cli)
    [told] = ran.json["events"]
    assert (told["fate"], ran.json["executions"]) == ("handled", [])
    assert "has handled it: remediated" in told["reason"]
    fail(engine, event)
    [execution] = replay(cli, "--force").json["executions"]
    assert execution["outcome"] == "compliant"


def test_an_old_event_stays_in_the_queue_until_it_is_forced(engine: Engine, server: Server, cli: Cli) -> None:
    server.make("sqs-queue", "old")
    fail(engine, about("old", time=written(datetime.now(UTC) - timedelta(hours=25))))
    ran = replay(cli)
    assert [each["fate"] for each in ran.json["events"]] == ["old"]
    assert (waiting(engine), ran.code) == (1, 1)
    assert replay(cli, "--force").code == 0
    assert waiting(engine) == 0


EXEMPTION = Exemption(
    id="ex-1a2b3c4d",
    reason="the producers are old",
    approver="ben",
    created=written(datetime.now(UTC)),
    until=written(datetime.now(UTC) + timedelta(days=30)),
)
AUTO = {POLICY: Enabled(mode=Mode.AUTO)}


@pytest.mark.parametrize(
    ("settings", "outcome"),
    [(Account(account=OWN), "off"), (Account(account=OWN, policies=AUTO, exemptions=(EXEMPTION,)), "exempt")],
    ids=["off", "exempt"],
)
def test_what_is_decided_is_what_the_settings_say_by_then(
    engine: Engine, server: Server, cli: Cli, settings: Account, outcome: str
) -> None:
    fail(engine, about(server.make("sqs-queue", f"by-then-{outcome}")))
    engine.configure(settings)
    try:
        [execution] = replay(cli).json["executions"]
    finally:
        engine.configure(Account(account=OWN, policies=AUTO))
    assert execution["outcome"] == outcome
    assert "sqs:SetQueueAttributes" not in server.calls


@pytest.mark.parametrize(
    "body",
    [
        "not JSON",
        "[]",
        "[" * 50_000,
        json.dumps({"detail-type": "AWS API Call via CloudTrail"}),
        json.dumps({**SHIPPED, "detail": "text"}),
        json.dumps({**FRESH, "id": "../x"}),
        json.dumps({**SHIPPED, "time": "yesterday"}),
        json.dumps(
            {**SHIPPED, "time": written(datetime.now(UTC)), "detail": {"eventName": "SetQueueAttributes"}}
        ),
        json.dumps({**SHIPPED, "source": "aws.nobody", "time": written(datetime.now(UTC))}),
    ],
    ids=lambda body: body[-40:],
)
def test_a_poison_event_stays_is_told_of_and_does_not_stop_the_next_good_one(
    engine: Engine, server: Server, cli: Cli, body: str
) -> None:
    """T16."""
    good = about(server.make("sqs-queue", f"after-{uuid.uuid4().hex[:8]}"))
    fail(engine, body)
    fail(engine, good)
    ran = replay(cli)
    assert [each["outcome"] for each in ran.json["executions"]] == ["remediated"]
    assert sorted(each["fate"] for each in ran.json["events"]) == ["left", "start"]
    assert (waiting(engine), ran.code) == (1, 1)


def test_without_a_yes_everything_stays_and_can_be_seen_at_once(
    engine: Engine, server: Server, cli: Cli
) -> None:
    fail(engine, about("unconfirmed"))
    ran = cli("replay", "--deployed", "--undelivered", stdin="n\n")
    assert "Deliver 1 event of the hub 'rightstate'? [y/N]" in ran.err
    assert (ran.code, waiting(engine)) == (2, 1)
    assert engine.client("sqs").receive_message(QueueUrl=url(engine)).get("Messages")


def test_an_empty_queue_is_said(cli: Cli) -> None:
    ran = cli("replay", "--deployed", "--undelivered", "--yes")
    assert ("No event is undelivered." in ran.err, ran.code, ran.out) == (True, 0, "")
