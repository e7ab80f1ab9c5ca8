"""`rightstate replay`: one event through the real rules and the state machine that they start."""

import json
from pathlib import Path
from typing import Any

import pytest

from rightstate_cli.application import events, sam_template
from tests.cli.commands.conftest import OWN, Cli, Server

EVENTS = sam_template.root() / "events"
SHIPPED = EVENTS / "sqs-queue" / "SetQueueAttributes.json"


@pytest.fixture
def event() -> dict[str, Any]:
    """A shipped event, about a queue in the user's own account."""
    text = SHIPPED.read_text().replace("111122223333", OWN).replace("invoices", "replayed")
    found: dict[str, Any] = json.loads(text)
    return found


def written(event: dict[str, Any], folder: Path) -> str:
    file = folder / "event.json"
    file.write_text(json.dumps(event))
    return str(file)


def test_a_shipped_event_mends_the_simulated_accounts_resource_and_calls_no_aws(
    server: Server, process: Cli
) -> None:
    ran = process("replay", str(SHIPPED), "--simulated", "--mode", "auto")
    for shown in (
        "SetQueueAttributes of aws.sqs: 1 rule matched.",
        "Rule                 rightstate-sqs-queue ",
        "stateMachine:rightstate-sqs-queue",
        "sqs-queue invoices: remediated",
        "Assume role",
        "Notify and record",
        "Calls made: SetQueueAttributes.",
    ):
        assert shown in ran.out
    assert not server.calls
    assert ran.code == 0


def test_an_event_about_a_real_resource_reports_it_and_changes_nothing(
    server: Server, cli: Cli, event: dict[str, Any], tmp_path: Path
) -> None:
    server.make("sqs-queue", "replayed")
    ran = cli("replay", written(event, tmp_path), "--format", "json")
    [match] = ran.json["matches"]
    assert match["rule"] == "rightstate-sqs-queue"
    assert match["target"].endswith(":stateMachine:rightstate-sqs-queue")
    assert match["input"]["account"] == OWN
    [execution] = ran.json["executions"]
    assert (execution["resource"], execution["outcome"]) == ("replayed", "reported")
    assert server.calls and not server.writes
    assert ran.code == 1


def test_match_only_starts_nothing_and_needs_no_aws(server: Server, cli: Cli) -> None:
    ran = cli(
        "replay", str(SHIPPED), "--match-only", "--format", "json", AWS_ENDPOINT_URL="http://127.0.0.1:9"
    )
    assert len(ran.json["matches"]) == 1 and ran.json["executions"] == []
    assert not server.calls
    assert ran.code == 0


def test_an_event_of_a_failed_call_matches_no_rule_and_ends_with_1(
    cli: Cli, event: dict[str, Any], tmp_path: Path
) -> None:
    event["detail"]["errorCode"] = "AccessDenied"
    ran = cli("replay", written(event, tmp_path), "--match-only")
    assert "SetQueueAttributes of aws.sqs: no rule matched." in ran.out
    assert "The call failed (AccessDenied), so it changed nothing" in ran.err
    assert ran.code == 1


def test_of_other_events_that_no_rule_matches_it_says_why_too(event: dict[str, Any]) -> None:
    event["detail"]["requestParameters"] = None
    assert "listen to SetQueueAttributes, but not to this one" in events.why_unmatched(event)
    event["detail"]["eventName"] = "SendMessage"
    assert "No rule listens to SendMessage of aws.sqs." in events.why_unmatched(event)
