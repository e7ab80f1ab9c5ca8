"""Mode approve: a change waits for another person's word, and nothing but that lets it through (T22, T25)."""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest

from rightstate.catalogue import names
from rightstate.clock import written
from rightstate.errors import InvalidInput, Unavailable
from rightstate.executions import metrics
from rightstate.executions.starting import start_execution
from rightstate.guarding import guards
from rightstate.models.approval import ApproversDecision, Choice, Requested
from rightstate.models.decision import Outcome
from rightstate.models.settings import Account, Enabled
from rightstate.models.start import StartInput
from rightstate.models.tasks import AskTask
from rightstate.policy import Mode
from rightstate.states import approvals, death, record
from rightstate.states.approvals import REQUESTS
from rightstate.storage.tables import GUARDS
from rightstate_cli.embedded.engine import Engine
from rightstate_cli.simulation import accounts
from rightstate_cli.tables.guards_table import Guarding
from tests.support import recorded, told
from tests.support.calls import Calls
from tests.support.member import ACCOUNT, broken, enable, event_about, session, start_input
from tests.support.waiting import ended, eventually, guarding_as, locked_out, request_of, started

POLICY, TYPE = "sqs-server-side-encryption", "sqs-queue"
WRITE = "sqs:SetQueueAttributes"
APPROVER = ("AROAEXAMPLEAPPROVER:bruno", "arn:aws:sts::123456789012:assumed-role/approver/bruno")
REQUESTER = "AROAEXAMPLEDEVELOPER:ana"
EVENT = {
    "id": "event-1",
    "name": "SetQueueAttributes",
    "time": "2026-11-23T09:07:49Z",
    "principal": "arn:aws:sts::111122223333:assumed-role/Developer/ana",
    "principal_id": REQUESTER,
}


@pytest.fixture(scope="module", autouse=True)
def _any_number(hub: Engine) -> Iterator[None]:
    """All tests ask for approval in one account, which may ask a hundred times in an hour."""
    with patch.dict(os.environ, REQUESTS_PER_HOUR="0"):
        yield


@pytest.fixture
def approver(hub: Engine) -> Guarding:
    return guarding_as(hub, *APPROVER)


@dataclass
class Waiting:
    """An execution that waits for the approval of its plan."""

    hub: Engine
    queue: str
    execution: str
    request: Requested

    def entry(self) -> dict[str, Any]:
        return ended(self.hub, self.execution)

    def answer(self, output: object) -> None:
        """Send what anybody can who has the token."""
        self.hub.client("stepfunctions").send_task_success(
            taskToken=self.request.token, output=json.dumps(output)
        )

    def write(self, **changed: Any) -> None:
        """Write a decision as the approver, whatever is in it."""
        decision = ApproversDecision(
            by=APPROVER[0],
            request=self.request.id,
            execution=self.execution,
            plan=self.request.plan,
            choice=Choice.APPROVE,
            arn=APPROVER[1],
            at=written(datetime.now(UTC)),
        ).model_copy(update=changed)
        facts = decision.model_dump(exclude={"by"}, mode="json")
        item = {"id": decision.by, "what": self.request.id, **facts}
        self.hub.table(GUARDS).put(item)

    def alter(self, **changed: str) -> None:
        """Change the request as whoever may write all of the table can."""
        self.hub.table(GUARDS).update({"id": REQUESTS, "what": self.request.id}, changed)


@pytest.fixture
def waiting(hub: Engine) -> Callable[..., Waiting]:
    """A new queue without encryption, and the execution that asks whether it may have one."""

    def make(**more: Any) -> Waiting:
        enable(hub, POLICY, mode=Mode.APPROVE)
        queue = broken(POLICY)
        execution = started(hub, TYPE, start_input(queue, **more))
        return Waiting(hub, queue, execution, request_of(hub, execution))

    return make


def test_what_is_approved_is_applied_verified_and_recorded_with_who_approved_it(
    hub: Engine, waiting: Callable[..., Waiting], approver: Guarding, calls: Calls
) -> None:
    case = waiting(event=EVENT)
    assert WRITE not in calls.made
    approver.decide(case.request, Choice.APPROVE, "CHG-5521")
    entry = case.entry()
    assert (entry["outcome"], entry["status"]) == (Outcome.REMEDIATED, "SUCCEEDED")
    assert calls.made.count(WRITE) == 1
    approval = entry["approval"]
    assert (approval["id"], approval["by"], approval["reason"]) == (case.request.id, APPROVER[0], "CHG-5521")
    assert approval["plan"] == case.request.plan
    # As the settings have it, not as the approval lets it act.
    assert [verdict["mode"] for verdict in entry["verdicts"]] == [Mode.APPROVE]
    [message] = [
        each for each in told.messages(hub) if case.queue in each.text and "Rightstate fixed" in each.text
    ]
    assert "Not changed" not in message.text
    [closed] = [each for each in approver.requests() if each.id == case.request.id]
    assert (closed.decided_by, closed.decided_by_arn) == APPROVER


def test_the_request_tells_what_would_be_changed_who_caused_it_and_how_to_answer(
    hub: Engine, waiting: Callable[..., Waiting]
) -> None:
    case = waiting(event=EVENT)
    [message] = [
        each for each in told.messages(hub) if case.queue in each.text and case.request.id in each.text
    ]
    assert "Encryption: none -> SSE-SQS" in message.text
    assert EVENT["principal"] in message.text
    assert f"rightstate approvals approve {case.request.id}" in message.text
    assert case.request.token not in message.text


def test_what_is_denied_is_left_alone_and_not_asked_for_again(
    hub: Engine, waiting: Callable[..., Waiting], approver: Guarding, calls: Calls
) -> None:
    case = waiting()
    approver.decide(case.request, Choice.DENY, "the producers are not ready")
    entry = case.entry()
    assert (entry["outcome"], entry["status"]) == (Outcome.DENIED, "SUCCEEDED")
    assert "the producers are not ready" in entry["reason"]
    again = ended(hub, started(hub, TYPE, start_input(case.queue)))
    assert again["outcome"] == Outcome.DENIED
    assert case.request.id in again["reason"]
    assert WRITE not in calls.made


def test_while_a_plan_waits_another_execution_does_not_ask_for_it_again(
    hub: Engine, waiting: Callable[..., Waiting], approver: Guarding
) -> None:
    case = waiting()
    second = ended(hub, started(hub, TYPE, start_input(case.queue)))
    assert second["outcome"] == Outcome.AWAITING_APPROVAL
    assert case.request.id in second["reason"]
    assert len([each for each in approver.requests() if each.resource == case.request.resource]) == 1


# --- What is no approval (T25) ---

FORGED: dict[str, Any] = {
    "an answer without any decision": {"decided_by": "AROAEXAMPLEOTHER:mallory"},
    "an answer that says that it is approved": {"approved": True, "outcome": "remediated", "proceed": True},
    "an answer that is no object of ours": {"decided_by": {"$ne": ""}},
    "an answer that names the requests themselves": {"decided_by": "approval"},
}


@pytest.mark.parametrize("output", FORGED.values(), ids=list(FORGED))
def test_whoever_has_the_token_cannot_approve_with_it(
    waiting: Callable[..., Waiting], calls: Calls, output: object
) -> None:
    case = waiting()
    case.answer(output)
    entry = case.entry()
    assert entry["outcome"] == Outcome.DENIED
    assert "Nothing was changed" in entry["reason"]
    assert WRITE not in calls.made


WRONG: dict[str, dict[str, Any]] = {
    "of another plan": {"plan": "0" * 64},
    "of another execution": {"execution": "arn:aws:states:us-east-1:1:execution:m:another"},
    "of another request": {"request": "ap-0000000000"},
}


@pytest.mark.parametrize("changed", WRONG.values(), ids=list(WRONG))
def test_a_decision_about_something_else_approves_nothing(
    waiting: Callable[..., Waiting], calls: Calls, changed: dict[str, Any]
) -> None:
    case = waiting()
    case.write(**changed)
    case.answer({"decided_by": APPROVER[0]})
    assert case.entry()["outcome"] == Outcome.DENIED
    assert WRITE not in calls.made


PASSED = "2026-01-01T00:00:00.000Z"
ALTERED: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "to another plan, which is approved": ({"plan": "0" * 64}, {"plan": "0" * 64}),
    "to another execution": ({"execution": "arn:aws:states:us-east-1:1:execution:m:another"}, {}),
    "to have expired, before the execution has noticed": ({"until": PASSED}, {}),
}


@pytest.mark.parametrize(("requested", "decision"), ALTERED.values(), ids=list(ALTERED))
def test_a_request_that_was_altered_or_has_expired_lets_nothing_through(
    waiting: Callable[..., Waiting], calls: Calls, requested: dict[str, str], decision: dict[str, str]
) -> None:
    """The decision itself would be in order."""
    case = waiting()
    case.alter(**requested)
    case.write(**decision)
    case.answer({"decided_by": APPROVER[0]})
    entry = case.entry()
    assert entry["outcome"] in (Outcome.DENIED, Outcome.AWAITING_APPROVAL)
    assert "Nothing was changed" in entry["reason"]
    assert entry["approval"] is None
    assert WRITE not in calls.made


def test_the_token_is_nowhere_but_in_the_state_that_waits_and_in_the_request_until_it_is_answered(
    hub: Engine, waiting: Callable[..., Waiting], approver: Guarding
) -> None:
    case = waiting()
    approver.decide(case.request, Choice.APPROVE, "CHG-5521")
    case.entry()
    history = hub.client("stepfunctions").get_execution_history(executionArn=case.execution)["events"]
    # AWS shows a task's parameters there; ministack shows none.
    assert {each["type"] for each in history if case.request.token in str(each)} <= {"TaskScheduled"}
    table = list(hub.table(GUARDS).scan())
    assert case.request.id in str(table)
    assert case.request.token not in str(table)


def test_what_asks_for_an_approval_answers_without_the_token(
    waiting: Callable[..., Waiting], monkeypatch: pytest.MonkeyPatch
) -> None:
    """AWS shows the answer in the history (Step Functions API reference, TaskSubmittedEventDetails)."""
    tasks: list[AskTask] = []
    tell = approvals._tell
    monkeypatch.setattr(approvals, "_tell", lambda task, asked: tasks.append(task) or tell(task, asked))
    case = waiting()
    [task] = tasks
    answered = approvals.request(task)
    assert (answered.id, task.token) == (case.request.id, case.request.token)
    assert task.token not in answered.model_dump_json()


REQUESTERS = {
    "the same principal": (REQUESTER, "arn:aws:sts::123456789012:assumed-role/approver/somebody"),
    "the same session name in another role": (
        "AROAEXAMPLEAPPROVER:ana",
        "arn:aws:sts::123456789012:assumed-role/approver/ana",
    ),
    "the same user": ("AIDAEXAMPLE", "arn:aws:iam::123456789012:user/ana"),
}


@pytest.mark.parametrize("who", REQUESTERS.values(), ids=list(REQUESTERS))
def test_who_caused_a_change_cannot_approve_it(
    hub: Engine, waiting: Callable[..., Waiting], calls: Calls, who: tuple[str, str]
) -> None:
    case = waiting(event=EVENT)
    with pytest.raises(InvalidInput, match="cannot approve"):
        guarding_as(hub, *who).decide(case.request, Choice.APPROVE, "")
    # Not by another way either, than that of the command line.
    item = {"by": who[0], "arn": who[1]}
    case.write(**item)
    case.answer({"decided_by": who[0]})
    entry = case.entry()
    assert entry["outcome"] == Outcome.DENIED
    assert "caused the change" in entry["reason"]
    assert WRITE not in calls.made


def test_a_decision_is_of_whom_its_key_names_whoever_else_it_says(
    hub: Engine, waiting: Callable[..., Waiting], calls: Calls
) -> None:
    """IAM lets everybody write under their own aws:userid, and whatever they like there."""
    case = waiting(event=EVENT)
    case.write(by=REQUESTER, arn=APPROVER[1])
    hub.table(GUARDS).update({"id": REQUESTER, "what": case.request.id}, {"by": APPROVER[0]})
    case.answer({"decided_by": REQUESTER})
    entry = case.entry()
    assert entry["outcome"] == Outcome.DENIED
    assert f"{REQUESTER} caused the change" in entry["reason"]
    assert WRITE not in calls.made


def test_who_started_it_by_hand_cannot_approve_it(
    hub: Engine, waiting: Callable[..., Waiting], calls: Calls
) -> None:
    case = waiting(requester=APPROVER[0])
    case.write()
    case.answer({"decided_by": APPROVER[0]})
    assert case.entry()["outcome"] == Outcome.DENIED
    assert WRITE not in calls.made


@pytest.mark.parametrize(
    ("approvers", "given", "approved"),
    [
        # Started by whoever approves: what the input says of the requester proves nothing.
        ((), {}, False),
        ((), {"requester": "AROASOMEBODY:else"}, False),
        (("AROAANOTHER:*",), {}, False),
        (("AROAEXAMPLE?PPROVER:*", "AROAEXAMPLEAPPROVER"), {}, False),
        (("AROAANOTHER:*", "AROAEXAMPLEAPPROVER:*"), {}, True),
        # CloudTrail says who made the call.
        ((), {"event": EVENT}, True),
        ((), {"event": {**EVENT, "principal": "", "principal_id": ""}}, False),
    ],
)
def test_what_nobody_is_proven_to_have_caused_only_an_approver_of_the_account_can_approve(
    hub: Engine,
    approver: Guarding,
    calls: Calls,
    approvers: tuple[str, ...],
    given: dict[str, Any],
    approved: bool,
) -> None:
    enable(hub, POLICY, mode=Mode.APPROVE, approvers=approvers)
    queue = broken(POLICY)
    execution = started(hub, TYPE, start_input(queue, **given))
    case = Waiting(hub, queue, execution, request_of(hub, execution))
    if approved:
        approver.decide(case.request, Choice.APPROVE, "CHG-5521")
    else:
        with pytest.raises(InvalidInput, match="is not one of the account's approvers"):
            approver.decide(case.request, Choice.APPROVE, "")
        # Not by another way either, than that of the command line.
        case.write()
        case.answer({"decided_by": APPROVER[0]})
    entry = case.entry()
    assert entry["outcome"] == (Outcome.REMEDIATED if approved else Outcome.DENIED)
    assert calls.made.count(WRITE) == approved
    if not approved:
        assert "not proven" in entry["reason"]
        [asked, _] = [each for each in told.messages(hub) if queue in each.text]
        assert "Who caused it is not proven" in asked.text or "who caused it is not proven" in asked.text


def test_a_decision_about_a_request_that_was_made_again_meanwhile_counts(
    waiting: Callable[..., Waiting], approver: Guarding
) -> None:
    """The function that asks was killed after it had, and the next try has asked under another token."""
    case = waiting()
    shown_before = case.request.model_copy(update={"token": "of-the-try-before"})
    approver.decide(shown_before, Choice.APPROVE, "CHG-1")
    assert case.entry()["outcome"] == Outcome.REMEDIATED


def test_a_token_and_a_decision_are_good_for_once(
    hub: Engine, waiting: Callable[..., Waiting], approver: Guarding, calls: Calls
) -> None:
    case = waiting()
    approver.decide(case.request, Choice.APPROVE, "once")
    assert case.entry()["outcome"] == Outcome.REMEDIATED
    with pytest.raises(InvalidInput, match="A decision is not changed"):
        approver.decide(case.request, Choice.DENY, "and again")
    other = guarding_as(hub, "AROAEXAMPLEAPPROVER:carla", "arn:aws:sts::1:assumed-role/approver/carla")
    with pytest.raises(InvalidInput, match="does not wait any more"):
        other.decide(case.request, Choice.APPROVE, "late")
    # The next execution for the same resource does not live on that decision.
    session().client("sqs").set_queue_attributes(
        QueueUrl=_url(case.queue), Attributes={"SqsManagedSseEnabled": "false"}
    )
    calls.made.clear()
    execution = started(hub, TYPE, start_input(case.queue))
    second = Waiting(hub, case.queue, execution, request_of(hub, execution))
    assert second.request.plan == case.request.plan
    second.answer({"decided_by": APPROVER[0]})
    assert second.entry()["outcome"] == Outcome.DENIED
    assert WRITE not in calls.made


def test_nobodys_answer_denies(hub: Engine, monkeypatch: pytest.MonkeyPatch, calls: Calls) -> None:
    """After ApprovalHours; here within seconds."""
    monkeypatch.setenv("APPROVAL_HOURS", "1")
    monkeypatch.setattr("rightstate.states.decide.SECONDS_PER_HOUR", 3)
    enable(hub, POLICY, mode=Mode.APPROVE)
    execution = started(hub, TYPE, start_input(broken(POLICY)))
    entry = ended(hub, execution)
    assert (entry["outcome"], entry["status"]) == (Outcome.DENIED, "SUCCEEDED")
    assert "Nobody approved" in entry["reason"]
    assert WRITE not in calls.made


# --- What has changed meanwhile (T26) ---


def test_an_approved_change_of_what_is_not_any_more_as_it_was_is_not_made(
    waiting: Callable[..., Waiting], approver: Guarding, calls: Calls
) -> None:
    case = waiting()
    session().client("sqs").set_queue_attributes(
        QueueUrl=_url(case.queue), Attributes={"KmsMasterKeyId": "alias/aws/sqs"}
    )
    calls.made.clear()
    approver.decide(case.request, Choice.APPROVE, "")
    entry = case.entry()
    assert entry["outcome"] == Outcome.CHANGED_SINCE_PLAN
    assert WRITE not in calls.made


ANOTHER = "arn:aws:states:us-east-1:123456789012:execution:m:another"


@pytest.fixture
def late(hub: Engine, approver: Guarding) -> Requested:
    """A change of one of a bucket's settings that is approved, until tomorrow, and waits for the lock."""
    policy = "s3-block-public-access"
    bucket = broken(policy)
    block(bucket, BlockPublicAcls=False)
    request = locked_out_once_approved(hub, approver, policy, bucket)
    assert [change.setting for change in request.changes] == ["BlockPublicAcls"]
    return request


def locked_out_once_approved(hub: Engine, approver: Guarding, policy: str, bucket: str) -> Requested:
    enable(hub, policy, mode=Mode.APPROVE)
    execution = started(hub, "s3-bucket", start_input(bucket))
    request = request_of(hub, execution)
    guards.acquire(request.resource, ANOTHER)
    now = datetime.now(UTC)
    approver.decide(request, Choice.APPROVE, "", written(now), written(now + timedelta(days=1)))
    locked_out(hub, execution)
    return request


def block(bucket: str, **off: bool) -> None:
    names = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    session().client("s3").put_public_access_block(
        Bucket=bucket, PublicAccessBlockConfiguration={**dict.fromkeys(names, True), **off}
    )


def test_an_approved_change_that_comes_late_is_not_made_with_more_than_was_approved(
    hub: Engine, late: Requested, calls: Calls
) -> None:
    block(late.resource.rpartition("/")[2], BlockPublicAcls=False, IgnorePublicAcls=False)
    calls.made.clear()
    guards.release(late.resource, ANOTHER, [])
    entry = ended(hub, late.execution)
    assert entry["outcome"] == Outcome.CHANGED_SINCE_PLAN
    assert "left alone: IgnorePublicAcls" in entry["reason"]
    assert calls.writes == []


def test_an_approved_change_that_comes_late_is_not_made_of_another_value_than_was_shown(
    hub: Engine, approver: Guarding, calls: Calls
) -> None:
    """Who approved has seen that versioning was never set, and not that somebody has suspended it."""
    bucket = broken("s3-versioning")
    late = locked_out_once_approved(hub, approver, "s3-versioning", bucket)
    [shown] = late.changes
    assert (shown.setting, shown.before, shown.after) == ("Versioning", None, "Enabled")
    session().client("s3").put_bucket_versioning(
        Bucket=bucket, VersioningConfiguration={"Status": "Suspended"}
    )
    calls.made.clear()
    guards.release(late.resource, ANOTHER, [])
    entry = ended(hub, late.execution)
    assert entry["outcome"] == Outcome.CHANGED_SINCE_PLAN
    assert "left alone: Versioning" in entry["reason"]
    assert calls.writes == []


def test_an_approved_change_that_comes_after_its_window_is_not_made(
    hub: Engine, late: Requested, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls.made.clear()
    monkeypatch.setattr("rightstate.states.reading.now", lambda: "2999-01-01T00:00:00.000Z")
    guards.release(late.resource, ANOTHER, [])
    entry = ended(hub, late.execution)
    assert entry["outcome"] == Outcome.CHANGED_SINCE_PLAN
    assert "which has passed" in entry["reason"]
    assert calls.writes == []


def test_an_approval_for_a_window_is_applied_in_it(
    waiting: Callable[..., Waiting], approver: Guarding, calls: Calls
) -> None:
    case = waiting()
    # moto knows no fractions of a second.
    begins = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=3)
    approver.decide(case.request, Choice.APPROVE, "", written(begins), written(begins + timedelta(minutes=1)))
    entry = case.entry()
    assert entry["outcome"] == Outcome.REMEDIATED
    # moto waits for whole seconds, of which the last may not be over.
    assert datetime.now(UTC) >= begins - timedelta(seconds=1)
    assert calls.made.count(WRITE) == 1


def test_a_window_that_has_passed_lets_nothing_through(
    waiting: Callable[..., Waiting], approver: Guarding, calls: Calls
) -> None:
    case = waiting()
    passed = datetime.now(UTC) - timedelta(hours=1)
    approver.decide(case.request, Choice.APPROVE, "", written(passed), written(passed + timedelta(minutes=1)))
    assert case.entry()["outcome"] == Outcome.DENIED
    assert WRITE not in calls.made


@pytest.mark.parametrize(
    ("mode", "outcome"), [(Mode.OFF, Outcome.OFF), (Mode.REPORT, Outcome.REPORTED), (Mode.AUTO, "remediated")]
)
def test_what_is_switched_off_while_an_approval_waits_for_its_window_is_not_done(
    hub: Engine,
    waiting: Callable[..., Waiting],
    approver: Guarding,
    calls: Calls,
    mode: Mode,
    outcome: str,
) -> None:
    case = waiting()
    begins = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=4)
    approver.decide(case.request, Choice.APPROVE, "", written(begins), written(begins + timedelta(minutes=1)))
    enable(hub, POLICY, mode=mode)
    assert case.entry()["outcome"] == outcome
    assert (WRITE in calls.made) is (mode is Mode.AUTO)


def test_while_an_approved_change_waits_for_its_window_nobody_is_asked_about_it_again(
    hub: Engine, waiting: Callable[..., Waiting], approver: Guarding
) -> None:
    case = waiting()
    begins = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=6)
    approver.decide(case.request, Choice.APPROVE, "", written(begins), written(begins + timedelta(minutes=1)))
    resource = case.request.resource

    def approved() -> str | None:
        asked = guards.read(resource).asked
        return asked.approved or None if asked else None

    eventually(approved, "the approval")
    second = ended(hub, started(hub, TYPE, start_input(case.queue)))
    assert second["outcome"] == Outcome.AWAITING_APPROVAL
    assert f"{APPROVER[0]} has approved the same change" in second["reason"]
    assert case.entry()["outcome"] == Outcome.REMEDIATED


@pytest.mark.parametrize("length", [timedelta(0), timedelta(days=5)], ids=["at once", "in a window"])
def test_what_is_broken_again_after_an_approved_change_is_asked_about_again(
    hub: Engine, waiting: Callable[..., Waiting], approver: Guarding, length: timedelta
) -> None:
    case = waiting()
    begins = datetime.now(UTC)
    window = (written(begins), written(begins + length)) if length else ()
    approver.decide(case.request, Choice.APPROVE, "", *window)
    assert case.entry()["outcome"] == Outcome.REMEDIATED
    session().client("sqs").set_queue_attributes(
        QueueUrl=_url(case.queue), Attributes={"SqsManagedSseEnabled": "false"}
    )
    execution = started(hub, TYPE, start_input(case.queue))
    assert request_of(hub, execution).plan == case.request.plan


def test_who_has_approved_is_told_that_it_was_not_done(
    hub: Engine, waiting: Callable[..., Waiting], approver: Guarding
) -> None:
    case = waiting()
    begins = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=4)
    approver.decide(case.request, Choice.APPROVE, "", written(begins), written(begins + timedelta(minutes=1)))
    enable(hub)
    entry = case.entry()
    assert entry["outcome"] == Outcome.OFF
    assert entry["approval"]["id"] == case.request.id
    [message] = [
        each for each in told.messages(hub) if each.attributes["outcome"] == "off" and case.queue in each.text
    ]
    assert f"did not change it: {Outcome.OFF}" in message.text


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, float]]:
    """Name and value of each metric, in the order in which they are emitted."""
    found: list[tuple[str, float]] = []
    monkeypatch.setattr(metrics, "add", lambda name, value, *unit, **of: found.append((name, value)))
    return found


def test_how_many_wait_is_counted_when_one_asks_and_when_one_is_answered(
    waiting: Callable[..., Waiting], approver: Guarding, counted: list[tuple[str, float]]
) -> None:
    before = sum(not each.outcome for each in approver.requests())
    case = waiting()
    approver.decide(case.request, Choice.DENY, "")
    case.entry()
    assert [value for name, value in counted if name == "WaitingApprovals"] == [before + 1, before]


def test_of_an_execution_that_has_waited_neither_duration_nor_lag_is_counted(
    waiting: Callable[..., Waiting], approver: Guarding, counted: list[tuple[str, float]]
) -> None:
    case = waiting(event=EVENT)
    approver.decide(case.request, Choice.APPROVE, "")
    assert case.entry()["outcome"] == Outcome.REMEDIATED
    assert {name for name, _ in counted} & {"Executions", "Duration", "EventLag"} == {"Executions"}


def test_an_execution_that_dies_while_it_waits_leaves_no_question_behind(
    hub: Engine, waiting: Callable[..., Waiting], approver: Guarding, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = waiting()
    monkeypatch.setenv("STACK", "rightstate")
    machine = case.execution.replace(":execution:", ":stateMachine:").rpartition(":")[0]
    detail = {
        "executionArn": case.execution,
        "stateMachineArn": machine,
        "status": "ABORTED",
        "startDate": 1795424525123,
        "input": json.dumps(start_input(case.queue)),
    }
    death.record_death({"detail": detail})
    [closed] = [each for each in approver.requests() if each.id == case.request.id]
    assert (closed.outcome, closed.token) == (Outcome.DIED, "")
    execution = started(hub, TYPE, start_input(case.queue))
    assert request_of(hub, execution).plan == case.request.plan


@pytest.mark.parametrize("name", names())
def test_a_request_holds_every_change_that_a_type_can_have_as_it_was_planned(
    hub: Engine, waiting: Callable[..., Waiting], approver: Guarding, name: str
) -> None:
    """DynamoDB's types are not Python's: of numbers it has one kind."""
    request = waiting().request
    for decision in recorded.made(name).decisions:
        planned = request.model_copy(update={"changes": decision.changes, "calls": decision.calls})
        approvals._put(
            {"id": approvals.REQUESTS, "what": planned.id, **planned.model_dump(exclude={"id"}, mode="json")},
            datetime.now(UTC),
        )
        found = approvals._requested(planned.id)
        assert found is not None
        assert found.model_dump(mode="json") == planned.model_dump(mode="json")


def test_a_request_whose_execution_was_refused_an_answer_lets_another_one_ask(
    hub: Engine, waiting: Callable[..., Waiting], calls: Calls
) -> None:
    case = waiting()
    hub.client("stepfunctions").send_task_failure(taskToken=case.request.token, error="Mallory", cause="no")
    assert case.entry()["outcome"] == Outcome.FAILED
    execution = started(hub, TYPE, start_input(case.queue))
    assert request_of(hub, execution).plan == case.request.plan
    assert WRITE not in calls.made


def test_numbers_are_shown_to_the_approver_as_numbers(hub: Engine) -> None:
    """DynamoDB has one kind of number, and 0 and 1 must not become false and true."""
    policy = "rds-mysql-backup-retention"
    enable(hub, policy, mode=Mode.APPROVE)
    database = broken(policy)
    request = request_of(hub, started(hub, "rds-instance", start_input(database)))
    [change] = request.changes
    assert (change.setting, repr(change.before), repr(change.after)) == ("BackupRetentionPeriod", "0", "7")
    [call] = request.calls
    assert call.parameters["BackupRetentionPeriod"] == 7


def test_of_changes_that_lead_to_each_other_each_is_asked_for_in_its_turn(
    hub: Engine, approver: Guarding
) -> None:
    """Without backups SQL Server has no Multi-AZ, which comes to be wanted with them."""
    backups, multi_az = "rds-sqlserver-backup-retention", "rds-sqlserver-multi-az"
    enable(hub, backups, multi_az, mode=Mode.APPROVE)
    database = broken(backups)
    execution = started(hub, "rds-instance", start_input(database))
    request = request_of(hub, execution)
    assert request.policies == (backups,)
    approver.decide(request, Choice.APPROVE, "")
    assert ended(hub, execution)["outcome"] == Outcome.REMEDIATED

    def asked() -> Requested | None:
        found = [each for each in approver.requests() if each.resource == request.resource]
        return next((each for each in found if each.policies == (multi_az,)), None)

    eventually(asked, "the request for what has become possible")


# --- Beside other modes, and in a batch ---


def test_what_needs_no_approval_does_not_wait_for_what_does(hub: Engine, approver: Guarding) -> None:
    auto, risky = "s3-versioning", "s3-block-public-access"
    enable(hub, auto, risky)
    bucket = broken(risky)
    session().client("s3").put_bucket_versioning(
        Bucket=bucket, VersioningConfiguration={"Status": "Suspended"}
    )
    _modes(hub, {auto: Mode.AUTO, risky: Mode.APPROVE})
    first = started(hub, "s3-bucket", start_input(bucket))
    entry = ended(hub, first)
    assert entry["outcome"] == Outcome.REMEDIATED
    assert [change["policies"] for change in entry["changes"]] == [[auto]]

    def asked() -> Requested | None:
        return next((each for each in approver.requests() if each.resource.endswith(f"/{bucket}")), None)

    request = eventually(asked, "the request for the other policy")
    assert request.policies == (risky,)
    assert request.execution != first
    approver.decide(request, Choice.APPROVE, "")
    assert ended(hub, request.execution)["outcome"] == Outcome.REMEDIATED


def test_a_batch_does_not_wait_for_people(hub: Engine, approver: Guarding) -> None:
    enable(hub, POLICY, mode=Mode.APPROVE)
    queue = broken(POLICY)
    given = start_input(queue, batch="backfill-1", requester=REQUESTER)
    execution = started(hub, TYPE, given)
    assert ended(hub, execution)["outcome"] == Outcome.AWAITING_APPROVAL

    def asked() -> Requested | None:
        return next((each for each in approver.requests() if each.resource.endswith(f"/{queue}")), None)

    request = eventually(asked, "the request of another execution")
    assert request.requester == REQUESTER
    approver.decide(request, Choice.DENY, "")
    assert ended(hub, request.execution)["outcome"] == Outcome.DENIED


def test_an_ending_that_is_tried_again_asks_once(hub: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    names: list[str] = []

    def faltering(machine: str, name: str, start: StartInput) -> None:
        names.append(name)
        start_execution(machine, name, start)
        if len(names) == 1:
            raise Unavailable("The answer was lost.")

    monkeypatch.setattr(record, "start_execution", faltering)
    enable(hub, POLICY, mode=Mode.APPROVE)
    execution = started(hub, TYPE, start_input(broken(POLICY), batch="backfill-2"))
    assert ended(hub, execution)["outcome"] == Outcome.AWAITING_APPROVAL
    first, second = names
    assert first == second


def test_an_event_asks_with_its_caller_as_the_requester(hub: Engine) -> None:
    enable(hub, POLICY, mode=Mode.APPROVE)
    queue = broken(POLICY)
    event = event_about(POLICY, queue)
    [match] = hub.matches(event)
    execution = started(hub, TYPE, match.start.input)
    request = request_of(hub, execution)
    assert request.requester == event["detail"]["userIdentity"]["principalId"]
    assert request.requester_arn == event["detail"]["userIdentity"]["arn"]


def _modes(hub: Engine, modes: dict[str, Mode]) -> None:
    hub.configure(
        Account(
            account=ACCOUNT,
            role_arn=accounts.role_arn(ACCOUNT),
            external_id="shared",
            policies={policy: Enabled(mode=mode) for policy, mode in modes.items()},
            approvers=("*",),
        )
    )


def _url(queue: str) -> str:
    return str(session().client("sqs").get_queue_url(QueueName=queue)["QueueUrl"])
