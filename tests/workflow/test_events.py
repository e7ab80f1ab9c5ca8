"""What becomes of the inputs that rules make: understood, refused, or the remediation's own call."""

import json
from typing import Any

import pytest

from rightstate.models.settings import Account, Enabled
from rightstate.policy import Mode
from rightstate_cli.embedded.engine import Engine
from rightstate_cli.executions.executions import Execution
from rightstate_cli.simulation import accounts
from tests.support import told
from tests.support.callers import iam_user, role_session
from tests.support.calls import Calls
from tests.support.emitted import emitted
from tests.support.entries import entry_of
from tests.support.member import ACCOUNT, broken, enable, event_about

POLICY = "sqs-server-side-encryption"


def event(queue: str = "a-queue", **detail: Any) -> dict[str, Any]:
    made = event_about(POLICY, queue)
    return {**made, "account": ACCOUNT, "detail": {**made["detail"], **detail}}


def run(hub: Engine, happened: dict[str, Any]) -> Execution:
    [execution] = hub.run([match.start for match in hub.matches(happened)])
    return execution


def test_an_event_has_its_resource_remediated_and_its_caller_recorded(hub: Engine) -> None:
    enable(hub, POLICY)
    caller = iam_user('x","mode":"report","z":"/bruno')
    execution = run(hub, event(broken(POLICY, "hostile-path"), userIdentity=caller))
    entry = entry_of(hub, execution)
    assert (execution.outcome, entry["event"]["principal"]) == ("remediated", caller["arn"])
    assert entry["requester"] == caller["arn"]


@pytest.mark.parametrize("request_of", [None, {}, {"queueUrl": None}, {"queueUrl": {"x": "y"}}], ids=str)
def test_an_event_that_does_not_name_its_resource_is_rejected_counted_and_fails_nothing(
    hub: Engine,
    calls: Calls,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    request_of: Any,
) -> None:
    enable(hub, POLICY)
    monkeypatch.setenv("POWERTOOLS_METRICS_DISABLED", "false")
    happened = event(requestParameters=request_of)
    with told.events(hub) as events:
        execution = run(hub, happened)
    assert (execution.status, execution.outcome) == ("SUCCEEDED", "rejected")
    entry = entry_of(hub, execution)
    assert "requestParameters.queueUrl" in entry["reason"]
    assert (entry["account"], entry["event"]["id"]) == (ACCOUNT, happened["id"])
    counted = emitted(capsys.readouterr().out)
    assert counted["UnexpectedEvents"] == (["service"], 1)
    assert calls.made == events == []


@pytest.mark.parametrize("name", ['x","mode":"report', "x" * 10_240, "../other", "\\", "a\nb"], ids=range(5))
def test_a_name_that_is_none_is_rejected(hub: Engine, calls: Calls, name: str) -> None:
    enable(hub, POLICY)
    execution = run(hub, event(requestParameters={"queueUrl": name}))
    assert (execution.status, execution.outcome) == ("SUCCEEDED", "rejected")
    assert len(entry_of(hub, execution)["reason"]) < 500
    assert calls.made == []


def test_a_call_about_a_resource_of_another_account_is_rejected_and_no_surprise(
    hub: Engine, calls: Calls, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    enable(hub, POLICY)
    monkeypatch.setenv("POWERTOOLS_METRICS_DISABLED", "false")
    url = "https://sqs.us-east-1.amazonaws.com/999999999999/theirs"
    execution = run(hub, event(requestParameters={"queueUrl": url}))
    assert (execution.status, execution.outcome) == ("SUCCEEDED", "rejected")
    assert "UnexpectedEvents" not in emitted(capsys.readouterr().out)
    assert calls.made == []


def test_a_call_of_the_accounts_own_remediation_role_changes_nothing_even_if_a_rule_let_it_through(
    hub: Engine, calls: Calls
) -> None:
    """A11: the hub's rules filter the hub's own role, a member's rules the member's."""
    enable(hub, POLICY)
    queue = broken(POLICY, "own-call")
    role = accounts.role_arn(ACCOUNT).partition(":role/")[2]
    own = run(hub, event(queue, userIdentity=role_session(role, account=ACCOUNT)))
    assert (own.status, own.outcome) == ("SUCCEEDED", "rejected")
    assert "Rightstate's own role" in entry_of(hub, own)["reason"]
    assert calls.made == []
    other = run(hub, event(queue, userIdentity=role_session(role, account="444455556666")))
    assert other.outcome == "remediated"


def test_nothing_of_a_caller_but_the_arn_and_the_id_gets_beyond_the_input(hub: Engine) -> None:
    enable(hub, POLICY, mode=Mode.REPORT)
    caller = {**role_session("Developer"), "accessKeyId": "PLANTED", "userName": "PLANTED"}
    happened = event(broken(POLICY, "planted"), userIdentity=caller)
    happened["detail"]["requestParameters"]["attributes"] = {"Policy": "PLANTED"}
    execution = run(hub, happened)
    assert execution.outcome == "reported"
    assert "PLANTED" not in json.dumps(entry_of(hub, execution), default=str)
    assert "PLANTED" not in "".join(message.text for message in told.messages(hub))
    history = hub.client("stepfunctions").get_execution_history(executionArn=execution.arn)["events"]
    states = [each["stateEnteredEventDetails"] for each in history if "stateEnteredEventDetails" in each]
    assert [each["name"] for each in states if "PLANTED" in each["input"]] == ["Resolve"]


def test_an_account_that_is_not_registered_has_its_hostile_events_rejected_too(hub: Engine) -> None:
    hub.configure(Account(account=ACCOUNT, policies={POLICY: Enabled(mode=Mode.AUTO)}))
    happened = {**event(), "account": "999999999999"}
    happened["detail"]["requestParameters"] = {"queueUrl": "x"}
    assert run(hub, happened).outcome == "rejected"
