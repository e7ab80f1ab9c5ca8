"""An undo of what a policy in mode `approve` has changed waits for another person's word (T25, T27)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rightstate.clock import written
from rightstate.models.approval import Choice, Requested
from rightstate.models.decision import Outcome
from rightstate.models.settings import Account, Enabled, Exemption
from rightstate.policy import Mode
from rightstate_cli.embedded.engine import Engine
from rightstate_cli.executions.executions import Start
from rightstate_cli.simulation import accounts
from rightstate_cli.tables.guards_table import Guarding
from tests.support import told
from tests.support.calls import Calls
from tests.support.member import ACCOUNT, REGION, broken, enable, session, start_input
from tests.support.undoing import arn_of
from tests.support.waiting import ended, guarding_as, request_of, started

POLICY, TYPE, WRITE = "sqs-server-side-encryption", "sqs-queue", "sqs:SetQueueAttributes"
APPROVER = ("AROAEXAMPLEAPPROVER:bruno", "arn:aws:sts::123456789012:assumed-role/approver/bruno")
REQUESTER = "AROAEXAMPLEDEVELOPER:ana"


@pytest.fixture
def approver(hub: Engine) -> Guarding:
    return guarding_as(hub, *APPROVER)


def configure(
    hub: Engine, *exemptions: Exemption, approvers: tuple[str, ...] = ("*",), **modes: Mode
) -> None:
    """Settings with those modes; `_` stands for `-` in the names of the policies."""
    hub.configure(
        Account(
            account=ACCOUNT,
            role_arn=accounts.role_arn(ACCOUNT),
            external_id="shared",
            policies={name.replace("_", "-"): Enabled(mode=mode) for name, mode in modes.items()},
            approvers=approvers,
            exemptions=exemptions,
        )
    )


@dataclass
class Remediated:
    """A queue that was put right in mode auto, whose policy is in mode approve since."""

    hub: Engine
    queue: str
    changed: str

    @property
    def given(self) -> dict[str, Any]:
        return start_input(self.queue, undo=self.changed, requester=REQUESTER, reason="CHG-5530")

    def ask(self, **more: Any) -> tuple[str, Requested]:
        """Start its undo, which waits; the execution and its request."""
        execution = started(self.hub, TYPE, {**self.given, **more})
        return execution, request_of(self.hub, execution)

    def undo(self) -> Any:
        """Its undo, to the end."""
        [execution] = self.hub.run([Start(resource_type=TYPE, input=self.given)])
        return execution

    def attributes(self) -> dict[str, str]:
        sqs = session().client("sqs")
        url = sqs.get_queue_url(QueueName=self.queue)["QueueUrl"]
        found: dict[str, str] = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return found

    def encrypted(self) -> bool:
        return self.attributes().get("SqsManagedSseEnabled") == "true"

    def set(self, **attributes: str) -> None:
        sqs = session().client("sqs")
        sqs.set_queue_attributes(
            QueueUrl=sqs.get_queue_url(QueueName=self.queue)["QueueUrl"], Attributes=attributes
        )


@pytest.fixture
def remediated(hub: Engine, calls: Calls) -> Callable[..., Remediated]:
    def make(**settings: Any) -> Remediated:
        enable(hub, POLICY)
        queue = broken(POLICY)
        [changed] = hub.run([Start(resource_type=TYPE, input=start_input(queue))])
        assert changed.outcome == "remediated", changed.reason
        configure(hub, **{POLICY.replace("-", "_"): Mode.APPROVE, **settings})
        calls.made.clear()
        return Remediated(hub, queue, arn_of(hub, changed))

    return make


def test_an_undo_waits_for_an_approval_and_is_then_made_verified_and_recorded(
    hub: Engine, remediated: Callable[..., Remediated], approver: Guarding, calls: Calls
) -> None:
    case = remediated()
    execution, request = case.ask()
    assert WRITE not in calls.made
    assert (request.undo, request.policies, request.requester) == (case.changed, (POLICY,), REQUESTER)
    # An input proves nothing of who wrote it.
    assert not request.proven
    [change] = request.changes
    assert (change.before, change.after) == ("SSE-SQS", "none")
    approver.decide(request, Choice.APPROVE, "CHG-5530")
    entry = ended(hub, execution)
    assert (entry["outcome"], entry["undo"], entry["requester"]) == (Outcome.UNDONE, case.changed, REQUESTER)
    assert (entry["approval"]["id"], entry["approver"]) == (request.id, APPROVER[1])
    assert entry["plan"] == request.plan
    assert entry["verified"] == {"Encryption": "none"}
    assert calls.made.count(WRITE) == 1
    assert not case.encrypted()


def test_the_request_says_that_it_is_an_undo_and_what_it_breaks(
    hub: Engine, remediated: Callable[..., Remediated], approver: Guarding
) -> None:
    case = remediated()
    execution, request = case.ask()
    [message] = [each for each in told.messages(hub) if request.id in each.text]
    assert f"asks for your approval to UNDO its changes to {TYPE} {case.queue}" in message.text
    assert f"makes it less secure: it will break {POLICY} again" in message.text
    assert "Will be set back if approved" in message.text
    assert "put " + case.queue not in message.text
    assert f"Undone:     {case.changed}" in message.text
    approver.decide(request, Choice.DENY, "not before the audit")
    ended(hub, execution)


def test_a_denied_undo_changes_nothing_and_is_not_asked_for_again(
    hub: Engine, remediated: Callable[..., Remediated], approver: Guarding, calls: Calls
) -> None:
    case = remediated()
    execution, request = case.ask()
    approver.decide(request, Choice.DENY, "not before the audit")
    entry = ended(hub, execution)
    assert entry["outcome"] == Outcome.DENIED
    assert "not before the audit" in entry["reason"] and "Nothing was changed" in entry["reason"]
    [message] = [each for each in told.messages(hub) if f"{case.queue} back: denied" in each.text]
    assert "Nothing was undone" in message.text
    again = case.undo()
    assert again.outcome == Outcome.DENIED
    assert "has denied the same change" in again.reason and "exempt add" not in again.reason
    assert WRITE not in calls.made
    assert case.encrypted()


def test_an_undo_that_nobody_approves_in_time_is_denied(
    hub: Engine,
    remediated: Callable[..., Remediated],
    monkeypatch: pytest.MonkeyPatch,
    calls: Calls,
) -> None:
    """After ApprovalHours; here within seconds."""
    monkeypatch.setenv("APPROVAL_HOURS", "1")
    monkeypatch.setattr("rightstate.states.decide.SECONDS_PER_HOUR", 3)
    case = remediated()
    undone = case.undo()
    assert undone.outcome == Outcome.DENIED
    assert "Nobody approved" in undone.reason
    assert WRITE not in calls.made
    assert case.encrypted()


def test_who_started_an_undo_cannot_approve_it(
    hub: Engine, remediated: Callable[..., Remediated], approver: Guarding, calls: Calls
) -> None:
    case = remediated()
    execution, request = case.ask(requester=APPROVER[0])
    approver.decide(request.model_copy(update={"requester": ""}), Choice.APPROVE, "it is mine")
    entry = ended(hub, execution)
    assert entry["outcome"] == Outcome.DENIED
    assert "caused the change, and so cannot approve" in entry["reason"]
    assert WRITE not in calls.made


@pytest.mark.parametrize("event", [None, "of another"])
def test_only_one_of_the_accounts_approvers_can_approve_an_undo(
    hub: Engine, remediated: Callable[..., Remediated], approver: Guarding, calls: Calls, event: str | None
) -> None:
    """An event in the input of an undo proves nothing: no rule has written it."""
    case = remediated(approvers=("AROAEXAMPLEAPPROVER:carla",))
    written_by_hand = {"id": "event-1", "name": "SetQueueAttributes", "time": "2026-11-23T09:07:49Z"}
    written_by_hand |= {"principal_id": "AROAEXAMPLEDEVELOPER:dora"}
    execution, request = case.ask(**({"event": written_by_hand} if event else {}))
    assert not request.proven
    approver.decide(request.model_copy(update={"approvers": ("*",)}), Choice.APPROVE, "I may not")
    entry = ended(hub, execution)
    assert entry["outcome"] == Outcome.DENIED
    assert "is not one of the account's approvers" in entry["reason"]
    assert WRITE not in calls.made


def test_what_something_else_has_changed_while_an_undo_waited_is_left_alone(
    hub: Engine, remediated: Callable[..., Remediated], approver: Guarding, calls: Calls
) -> None:
    case = remediated()
    execution, request = case.ask()
    case.set(KmsMasterKeyId="alias/ours")
    calls.made.clear()
    approver.decide(request, Choice.APPROVE, "CHG-5530")
    entry = ended(hub, execution)
    assert entry["outcome"] == Outcome.CHANGED_SINCE_PLAN
    assert "is now alias/ours" in entry["reason"] and "Nothing was changed" in entry["reason"]
    assert WRITE not in calls.made


def test_an_undo_that_was_approved_on_other_facts_is_not_made(
    hub: Engine, approver: Guarding, calls: Calls
) -> None:
    """The setting still is as it was set, but what is read beside it is not as the approver was shown."""
    policy, resource_type = "iam-password-policy-symbol", "iam-password-policy"
    enable(hub, policy)
    resource = broken(policy)
    [changed] = hub.run([Start(resource_type=resource_type, input=start_input(resource))])
    configure(hub, **{policy.replace("-", "_"): Mode.APPROVE})
    execution = started(hub, resource_type, start_input(resource, undo=arn_of(hub, changed)))
    request = request_of(hub, execution)
    session().client("iam").update_account_password_policy(MinimumPasswordLength=20, RequireSymbols=True)
    calls.made.clear()
    approver.decide(request, Choice.APPROVE, "CHG-5530")
    entry = ended(hub, execution)
    assert entry["outcome"] == Outcome.CHANGED_SINCE_PLAN
    assert "not as it was when the undo was approved. Nothing was changed." in entry["reason"]
    assert calls.writes == []


@pytest.mark.parametrize("mode", [Mode.AUTO, Mode.REPORT, Mode.OFF])
def test_an_undo_of_a_policy_in_another_mode_is_made_at_once(
    hub: Engine, remediated: Callable[..., Remediated], mode: Mode
) -> None:
    case = remediated()
    configure(hub, exempting(case.queue, POLICY), **{POLICY.replace("-", "_"): mode})
    undone = case.undo()
    assert undone.outcome == Outcome.UNDONE, undone.reason


def exempting(queue: str, *policies: str) -> Exemption:
    return Exemption(
        id="ex-0a1b2c3d",
        resource=f"{REGION}/{TYPE}/{queue}",
        policies=policies,
        reason="The batch job needs it",
        approver="ana@example.com",
        created=written(datetime.now(UTC)),
        until=written(datetime.now(UTC) + timedelta(days=30)),
    )


def test_a_policy_that_is_set_to_auto_while_its_undo_waits_would_take_it_back_and_is_not_undone(
    hub: Engine, remediated: Callable[..., Remediated], approver: Guarding, calls: Calls
) -> None:
    case = remediated()
    execution, request = case.ask()
    configure(hub, **{POLICY.replace("-", "_"): Mode.AUTO})
    approver.decide(request, Choice.APPROVE, "CHG-5530")
    entry = ended(hub, execution)
    assert (entry["outcome"], entry["error"]) == (Outcome.FAILED, "InvalidInput")
    assert f"No exemption keeps {POLICY} from making its change again" in entry["reason"]
    assert WRITE not in calls.made


def test_after_an_approved_undo_the_policy_asks_and_changes_nothing_unasked(
    hub: Engine, remediated: Callable[..., Remediated], approver: Guarding, calls: Calls
) -> None:
    """Why such an undo needs no exemption."""
    case = remediated()
    execution, request = case.ask()
    approver.decide(request, Choice.APPROVE, "CHG-5530")
    assert ended(hub, execution)["outcome"] == Outcome.UNDONE
    calls.made.clear()
    later = started(hub, TYPE, start_input(case.queue))
    asked = request_of(hub, later)
    assert (asked.undo, WRITE in calls.made) == ("", False)
    approver.decide(asked, Choice.DENY, "it is to stay undone")
    assert ended(hub, later)["outcome"] == Outcome.DENIED
    assert not case.encrypted()
