"""What people and other systems are told of an execution, and what happens where they cannot be."""

from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pytest

from rightstate.aws.sessions import hub_client
from rightstate.executions import metrics
from rightstate.models.decision import Outcome
from rightstate.notifying.channels import Deployed, told_through
from rightstate.notifying.notification import Notification
from rightstate.policy import Mode
from rightstate.states import record
from rightstate_cli.embedded.engine import Engine
from rightstate_cli.executions.executions import Execution, Start
from tests.support import told
from tests.support.emitted import emitted
from tests.support.entries import entry_of
from tests.support.member import ACCOUNT, REGION, broken, enable, event_about, start_input

POLICY = "sqs-server-side-encryption"
ANA = f"arn:aws:sts::{ACCOUNT}:assumed-role/Developer/ana"


def run(hub: Engine, given: dict[str, Any]) -> Execution:
    [execution] = hub.run([Start(resource_type="sqs-queue", input=given)])
    return execution


def test_an_execution_that_an_event_started_is_told_with_who_called(hub: Engine) -> None:
    enable(hub, POLICY)
    event = event_about(POLICY, broken(POLICY, "told"))
    with told.events(hub) as events:
        [execution] = hub.run([match.start for match in hub.matches(event)])
    assert execution.outcome == "remediated"
    message = told.messages(hub)[-1]
    assert message.subject == f"Rightstate remediated sqs-queue told in {ACCOUNT}"
    assert f"Caused by:  {ANA}\n" in message.text
    assert "  Encryption: none -> SSE-SQS\n" in message.text
    assert message.attributes == {
        "outcome": "remediated",
        "account": ACCOUNT,
        "resource_type": "sqs-queue",
        "urgency": "normal",
    }
    [put] = events
    assert (put["source"], put["detail-type"]) == ("rightstate", "Rightstate Remediation")
    detail = Notification.model_validate(put["detail"])
    assert put["resources"] == [detail.execution, detail.arn]
    assert detail.execution.endswith(f":{execution.name}")
    assert detail.cause is not None
    assert (detail.cause.principal, detail.cause.event_id) == (ANA, event["id"])
    assert [(c.setting, c.before, c.after) for c in detail.changes] == [("Encryption", "none", "SSE-SQS")]
    assert (detail.calls, detail.verified) == (("SetQueueAttributes",), {"Encryption": "SSE-SQS"})
    assert hub.matches(put) == []


def test_the_ledger_knows_who_called_and_the_arn(hub: Engine) -> None:
    enable(hub, POLICY)
    event = event_about(POLICY, broken(POLICY, "kept"))
    [execution] = hub.run([match.start for match in hub.matches(event)])
    entry = entry_of(hub, execution)
    assert entry["event"]["principal"] == ANA
    assert entry["arn"] == f"arn:aws:sqs:{REGION}:{ACCOUNT}:kept"


def test_a_caller_that_is_not_known_fails_nothing(hub: Engine) -> None:
    enable(hub, POLICY)
    event = {"id": "e-1", "name": "CreateQueue", "time": "2026-11-23T09:07:49Z", "principal": ""}
    with told.events(hub) as events:
        execution = run(hub, start_input(broken(POLICY), event=event))
    assert execution.outcome == "remediated"
    assert events[0]["detail"]["cause"]["principal"] is None


def test_a_refused_input_is_told_with_the_event_that_is_in_it(hub: Engine) -> None:
    event = {"id": "e-1", "name": "CreateQueue", "time": "2026-11-23T09:07:49Z", "principal": ANA}
    with told.events(hub) as events:
        run(hub, start_input(f"arn:aws:sqs:{REGION}:999999999999:whose", event=event))
    detail = Notification.model_validate(events[0]["detail"])
    assert (detail.outcome, detail.error) == (Outcome.FAILED, "InvalidInput")
    assert detail.cause is not None
    assert detail.cause.principal == ANA
    named = f"'arn:aws:sqs:{REGION}:999999999999:whose'"
    assert (detail.account, detail.resource, detail.arn) == (ACCOUNT, named, None)


@pytest.mark.parametrize(
    ("mode", "given", "expected"),
    [
        (Mode.AUTO, "broken", ["remediated"]),
        (Mode.REPORT, "broken", ["reported"]),
        (Mode.AUTO, "*", ["failed"]),
        (Mode.OFF, "broken", []),
        (Mode.AUTO, "never-was", []),
    ],
)
def test_topic_and_bus_are_told_of_the_same_outcomes(
    hub: Engine, mode: Mode, given: str, expected: list[str]
) -> None:
    enable(hub, POLICY, mode=mode)
    before = len(told.messages(hub))
    with told.events(hub) as events:
        run(hub, start_input(broken(POLICY) if given == "broken" else given))
    assert [each.attributes["outcome"] for each in told.messages(hub)[before:]] == expected
    assert [each["detail"]["outcome"] for each in events] == expected


# --- Where it cannot be told ---


def no_topic() -> Any:
    return patch.dict("os.environ", TOPIC_ARN=f"arn:aws:sns:{REGION}:123456789012:no-such-topic")


def no_place_on_the_bus() -> Any:
    """PutEvents is answered with 200, and takes no entry."""
    client = hub_client("events")
    refused = {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "ThrottlingException"}]}
    return patch.object(client, "put_events", lambda **given: refused)


def no_text() -> Any:
    """An error that nobody foresaw."""
    return patch.object(record.notification, "notification", side_effect=ZeroDivisionError("planted"))


@pytest.mark.parametrize(
    ("trouble", "reasons"),
    [
        (no_topic, ["NotFound"]),
        (no_place_on_the_bus, ["ThrottlingException"]),
        (no_text, ["ZeroDivisionError", "ZeroDivisionError"]),
    ],
)
def test_what_cannot_be_told_fails_nothing_is_logged_and_is_counted(
    hub: Engine,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    trouble: Callable[[], Any],
    reasons: list[str],
) -> None:
    enable(hub, POLICY)
    queue = broken(POLICY)
    monkeypatch.setenv("POWERTOOLS_METRICS_DISABLED", "false")
    logged = len(hub.logs)
    hub.client("sns").create_topic(Name="rightstate-notifications")
    with told_through(Deployed()), trouble():
        execution = run(hub, start_input(queue))
    assert (execution.status, execution.outcome) == ("SUCCEEDED", "remediated")
    lines = [line for line in hub.logs[logged:] if "could not be sent" in line]
    assert [reason for line, reason in zip(lines, reasons, strict=True) if reason not in line] == []
    assert not any("planted" in line for line in lines)
    assert counted(capsys.readouterr().out) == {
        "Executions": (["Outcome", "ResourceType", "service"], 1),
        "NotificationsFailed": (["service"], len(reasons)),
    }


def test_what_is_told_is_not_counted_as_failed(
    hub: Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    enable(hub, POLICY)
    queue = broken(POLICY)
    monkeypatch.setenv("POWERTOOLS_METRICS_DISABLED", "false")
    run(hub, start_input(queue))
    assert list(counted(capsys.readouterr().out)) == ["Executions"]


@pytest.mark.parametrize(
    ("given", "mode", "counts"),
    [
        ({"sweep": True}, Mode.AUTO, {"MissedByEvents": (["service"], 1)}),
        ({"sweep": True}, Mode.REPORT, {"MissedByEvents": (["service"], 1)}),
        ({}, Mode.AUTO, {}),
    ],
    ids=str,
)
def test_what_a_sweep_finds_is_counted_as_missed_by_events(
    hub: Engine,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    given: dict[str, Any],
    mode: Mode,
    counts: dict[str, Any],
) -> None:
    enable(hub, POLICY, mode=mode)
    queue = broken(POLICY)
    monkeypatch.setenv("POWERTOOLS_METRICS_DISABLED", "false")
    run(hub, start_input(queue, **given))
    assert counted(capsys.readouterr().out) == {
        "Executions": (["Outcome", "ResourceType", "service"], 1),
        **counts,
    }


@pytest.mark.parametrize("trouble", ["", "gone"])
def test_what_a_sweep_finds_compliant_or_gone_is_missed_by_nothing(
    hub: Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], trouble: str
) -> None:
    enable(hub, POLICY)
    queue = broken(POLICY)
    run(hub, start_input(queue))
    monkeypatch.setenv("POWERTOOLS_METRICS_DISABLED", "false")
    run(hub, start_input(queue + trouble, sweep=True))
    assert list(counted(capsys.readouterr().out)) == ["Executions"]


def counted(printed: str) -> dict[str, tuple[list[str], float]]:
    """What is counted; what is measured of every execution is left out."""
    found = emitted(printed)
    assert "Duration" in found
    return {name: found[name] for name in found.keys() - {"Duration", "EventLag"}}


def test_every_execution_is_measured_and_one_of_an_event_how_late_it_came(
    hub: Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    enable(hub, POLICY)
    monkeypatch.setenv("POWERTOOLS_METRICS_DISABLED", "false")
    capsys.readouterr()
    made = {"id": "e-1", "name": "CreateQueue", "time": "2026-01-01T00:00:00Z"}
    run(hub, start_input(broken(POLICY), event=made))
    found = emitted(capsys.readouterr().out)
    assert {name: set(dimensions) for name, (dimensions, _) in found.items()} == {
        name: set(metrics.DIMENSIONS[name]) for name in ("Executions", "Duration", "EventLag")
    }
    assert found["Duration"][1] > 0
    assert found["EventLag"][1] > 86_400_000


@pytest.mark.parametrize("time", ["", "yesterday", "2026-01-01"])
def test_an_event_without_a_time_is_not_measured(
    hub: Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], time: str
) -> None:
    enable(hub, POLICY)
    monkeypatch.setenv("POWERTOOLS_METRICS_DISABLED", "false")
    capsys.readouterr()
    made = {"id": "e-1", "name": "CreateQueue", "time": time}
    assert run(hub, start_input(broken(POLICY), event=made)).outcome == "remediated"
    assert "EventLag" not in emitted(capsys.readouterr().out)
