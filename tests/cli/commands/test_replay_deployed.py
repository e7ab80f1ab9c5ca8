"""`rightstate replay --deployed`: an event on the bus of a hub, and what it starts there."""

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from moto.events.responses import EventsHandler

from rightstate.clock import written
from rightstate_cli.application import sam_template
from rightstate_cli.batches import event_bus
from tests.cli.commands.conftest import OTHER, OWN, Cli, Server
from tests.support.moto_engine import Engine

SHIPPED = sam_template.root() / "events" / "sqs-queue" / "SetQueueAttributes.json"

pytestmark = pytest.mark.usefixtures("enabled")


def saved(given: dict[str, Any], folder: Path) -> str:
    file = folder / "event.json"
    file.write_text(json.dumps(given))
    return str(file)


@pytest.fixture
def about_a_queue() -> dict[str, Any]:
    """A shipped event, about a queue in the hub's own account."""
    return about("replayed")


def about(queue: str) -> dict[str, Any]:
    text = SHIPPED.read_text().replace("111122223333", OWN).replace("invoices", queue)
    found: dict[str, Any] = json.loads(text)
    return {**found, "id": str(uuid.uuid4()), "time": written(datetime.now(UTC))}


def test_the_event_starts_what_the_hubs_rules_have_for_it_and_is_followed_to_its_end(
    server: Server, engine: Engine, cli: Cli, about_a_queue: dict[str, Any], tmp_path: Path
) -> None:
    server.make("sqs-queue", "replayed")
    ran = cli("replay", saved(about_a_queue, tmp_path), "--deployed", "--yes")
    assert "SetQueueAttributes of aws.sqs, with id" in ran.out
    assert "sqs-queue replayed: remediated" in ran.out
    assert "Calls made: SetQueueAttributes." in ran.out
    assert "events:PutEvents" in server.calls
    assert ran.code == 0
    again = cli("replay", saved(about_a_queue, tmp_path), "--deployed", "--yes", "--format", "json")
    [execution] = again.json["executions"]
    assert execution["outcome"] == "compliant"
    assert execution["name"].startswith(again.json["event"])
    entries = [each for each in engine.ledger() if each["execution"].endswith(execution["name"])]
    assert [each["event"]["id"] for each in entries] == [again.json["event"]]


def test_an_event_about_a_group_is_followed_to_the_end_of_every_execution_that_it_leads_to(
    server: Server, cli: Cli, tmp_path: Path
) -> None:
    buckets = {server.make("s3-bucket", name) for name in ("of-the-group", "of-the-group-too")}
    text = (SHIPPED.parents[1] / "s3-bucket" / "DeleteAccountPublicAccessBlock.json").read_text()
    given = {**json.loads(text.replace("111122223333", OWN)), "time": written(datetime.now(UTC))}
    ran = cli("replay", saved(given, tmp_path), "--deployed", "--yes", "--format", "json")
    outcomes = {each["resource"]: each["outcome"] for each in ran.json["executions"]}
    # The hub's own bucket and the one that gets the logs are the account's too, and so is its block.
    own = {name for name in outcomes if name.startswith(("rightstate-workbucket-", "access-logs-"))}
    own.add(OWN)
    assert outcomes == {"account": "fanned-out", **dict.fromkeys(buckets | own, "remediated")}


def test_an_event_that_no_rule_matches_is_told_with_the_reason_and_ends_with_1(
    cli: Cli,
    about_a_queue: dict[str, Any],
    tmp_path: Path,
    no_wait: None,
) -> None:
    about_a_queue["detail"]["errorCode"] = "AccessDenied"
    ran = cli("replay", saved(about_a_queue, tmp_path), "--deployed", "--yes", "--format", "json")
    assert ran.json["executions"] == []
    assert "The call failed (AccessDenied), so it changed nothing" in ran.err
    assert ran.code == 1


def test_an_event_that_a_rule_matches_and_that_starts_nothing_is_told_with_where_to_look(
    cli: Cli,
    about_a_queue: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    no_wait: None,
) -> None:
    monkeypatch.setattr("moto.events.models.Rule.send_to_targets", lambda *given: None)
    ran = cli("replay", saved(about_a_queue, tmp_path), "--deployed", "--yes")
    assert "The rule rightstate-sqs-queue matches it, so look whether the hub's is enabled" in ran.err
    assert "rightstate-undelivered-events`." in ran.err
    assert ran.code == 1


@pytest.fixture
def no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_bus, "WAIT_SECONDS", 0)


def test_an_event_that_the_bus_does_not_take_is_an_error(
    refused: Callable[..., str],
    about_a_queue: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer = {
        "FailedEntryCount": 1,
        "Entries": [{"ErrorCode": "InternalFailure", "ErrorMessage": "Try again"}],
    }
    monkeypatch.setattr(EventsHandler, "put_events", lambda self: json.dumps(answer))
    told = refused("replay", saved(about_a_queue, tmp_path), "--deployed", "--yes")
    assert "EventBridge did not take the event: InternalFailure, Try again. Nothing was replayed." in told


@pytest.mark.parametrize("key", ["account", "region"])
def test_an_event_of_elsewhere_is_not_replayed_and_start_is_offered(
    refused: Callable[..., str], server: Server, about_a_queue: dict[str, Any], tmp_path: Path, key: str
) -> None:
    about_a_queue[key] = {"account": OTHER, "region": "eu-west-1"}[key]
    told = refused("replay", saved(about_a_queue, tmp_path), "--deployed", "--yes")
    assert f"The event is of account {about_a_queue['account']}, {about_a_queue['region']}." in told
    assert "`rightstate start RESOURCE` starts what the event would have started." in told
    assert "events:PutEvents" not in server.calls


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("n\n", "Nothing was replayed."),
        ("", "Nothing was replayed: nobody confirmed it. In a script, give --yes."),
    ],
)
def test_without_a_yes_nothing_is_replayed(
    server: Server, cli: Cli, about_a_queue: dict[str, Any], tmp_path: Path, answer: str, said: str
) -> None:
    ran = cli("replay", saved(about_a_queue, tmp_path), "--deployed", stdin=answer)
    assert "Replay SetQueueAttributes of aws.sqs on the bus of the hub 'rightstate'? [y/N]" in ran.err
    assert said in ran.err.splitlines()[-1]
    assert (ran.code, ran.out) == (2, "")
    assert "events:PutEvents" not in server.calls


@pytest.mark.parametrize(
    "options",
    [
        ["--match-only"],
        ["--simulated"],
        ["--mode", "report"],
        ["--role", "r"],
        ["--external-id", "x"],
        ["--policy", "kms-key-rotation"],
        ["--set", "a.b=c"],
    ],
)
def test_an_option_that_a_hub_would_not_heed_is_refused(
    refused: Callable[..., str], server: Server, options: list[str]
) -> None:
    told = refused("replay", str(SHIPPED), "--deployed", "--yes", *options)
    assert f"{options[0]} cannot be used with --deployed: there the hub's rules and settings decide." in told
    assert not server.calls


# --- What has been handled, and what is old ---


@pytest.fixture
def event(server: Server) -> dict[str, Any]:
    """About a queue that breaks its policy and has had no event before."""
    return about(server.make("sqs-queue", f"replayed-{uuid.uuid4().hex[:8]}"))


def handled(engine: Engine, event: dict[str, Any], at: datetime, given: dict[str, Any] | None = None) -> None:
    """Run what the rules have for the event, or that input, as of that time."""
    [match] = engine.matches(event)
    list(engine.run([match.start.model_copy(update={"input": given})] if given else [match.start]))
    [entry] = [each for each in engine.ledger() if (each["event"] or {}).get("id") == event["id"]]
    table = engine.resources["LedgerTable"]
    dynamodb = engine.client("dynamodb")
    key = {"resource": {"S": entry["resource"]}, "at": {"S": entry["at"]}}
    item = dynamodb.get_item(TableName=table, Key=key)["Item"]
    dynamodb.delete_item(TableName=table, Key=key)
    moved = {"at": {"S": f"{written(at)}#{entry['at'].partition('#')[2]}"}, "day": {"S": written(at)[:10]}}
    dynamodb.put_item(TableName=table, Item={**item, **moved})


@pytest.mark.parametrize("days", [0, 1, 91, 399])
def test_an_event_that_the_ledger_knows_is_not_replayed_however_long_ago_it_was(
    server: Server,
    engine: Engine,
    cli: Cli,
    event: dict[str, Any],
    tmp_path: Path,
    days: int,
) -> None:
    """T21: Step Functions forgets an execution after 90 days, and lets its name be used again."""
    time = datetime.now(UTC) - timedelta(days=days)
    event = {**event, "time": written(time)}
    handled(engine, event, time + timedelta(seconds=5))
    server.calls.clear()
    ran = cli("replay", saved(event, tmp_path), "--deployed", "--yes")
    assert "Not replayed: " in ran.err
    assert "has handled the event, and ended remediated. --force replays it all the same." in ran.err
    assert "events:PutEvents" not in server.calls
    assert ran.code == 0


def test_an_event_whose_execution_failed_is_replayed(
    server: Server, engine: Engine, cli: Cli, event: dict[str, Any], tmp_path: Path
) -> None:
    # As the rules of earlier versions made it. One of today's would end rejected.
    known = {"id": event["id"], "name": "SetQueueAttributes", "time": event["time"]}
    earlier = {**{key: event[key] for key in ("account", "region")}, "resource": "x y", "event": known}
    handled(engine, event, datetime.now(UTC), earlier)
    # Of the failed execution the bus has been told.
    server.calls.clear()
    ran = cli("replay", saved(event, tmp_path), "--deployed", "--yes")
    assert "events:PutEvents" in server.calls
    assert ran.code == 0


def test_an_old_event_that_nobody_has_handled_wants_force(
    server: Server,
    cli: Cli,
    refused: Callable[..., str],
    event: dict[str, Any],
    tmp_path: Path,
) -> None:
    old = {**event, "time": written(datetime.now(UTC) - timedelta(hours=25))}
    told = refused("replay", saved(old, tmp_path), "--deployed", "--yes")
    assert "more than 24 hours ago" in told
    assert "Nothing was replayed. With --force it is" in told
    assert "events:PutEvents" not in server.calls
    assert cli("replay", saved(old, tmp_path), "--deployed", "--yes", "--force").code == 0


@pytest.mark.parametrize(
    "given",
    [[], ["--undelivered"], ["--undelivered", "--deployed", str(SHIPPED)], [str(SHIPPED), "--force"]],
)
def test_what_to_replay_is_said_once(refused: Callable[..., str], given: list[str]) -> None:
    assert "Give one event, or --undelivered with --deployed" in refused("replay", *given)
