"""Limits of what one account may cause within an hour (T23)."""

import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import pytest

from rightstate.errors import Denied
from rightstate.executions import metrics
from rightstate.guarding import guards, limits
from rightstate.models.approval import Choice
from rightstate.models.decision import Outcome
from rightstate.policy import Mode
from rightstate_cli.embedded.engine import Engine
from rightstate_cli.executions.executions import Start
from rightstate_cli.simulation import accounts, examples
from tests.support import told
from tests.support.calls import Calls
from tests.support.member import ACCOUNT, REGION, broken, enable, event_about, session, start_input
from tests.support.undoing import arn_of, exempt, undo
from tests.support.waiting import ended, guarding_as, request_of, started

POLICY, TYPE = "sqs-server-side-encryption", "sqs-queue"
WRITE = "sqs:SetQueueAttributes"
OTHER = accounts.SECOND


@pytest.fixture(autouse=True)
def this_hour(hub: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """An hour of its own for each test: what is counted under another name does not count here."""
    count, hour = guards.count, uuid.uuid4().hex[:8]
    monkeypatch.setattr(guards, "count", lambda account, what: count(account, f"{what}-{hour}"))


def starts(hub: Engine, queues: list[str]) -> list[Start]:
    return [match.start for queue in queues for match in hub.matches(event_about(POLICY, queue))]


def about(hub: Engine, queues: list[str]) -> list[told.Message]:
    return [each for each in told.messages(hub) if any(queue in each.text for queue in queues)]


def test_of_a_burst_of_one_account_as_many_are_changed_as_the_limit_says_and_it_is_told_once(
    hub: Engine, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHANGES_PER_HOUR", "7")
    enable(hub, POLICY)
    queues = [broken(POLICY) for _ in range(50)]
    executions = list(hub.run(starts(hub, queues), at_once=25))
    assert Counter(each.outcome for each in executions) == {Outcome.REMEDIATED: 7, Outcome.LIMITED: 43}
    assert {each.status for each in executions} == {"SUCCEEDED"}
    assert calls.writes.count(WRITE) == 7
    # All are recorded, what was left out with the reason.
    entries = [each for each in hub.ledger() if each["resource"].rsplit("/", 1)[-1] in queues]
    left = [each for each in entries if each["outcome"] == Outcome.LIMITED]
    assert (len(entries), len(left)) == (50, 43)
    assert all("which is the limit" in each["reason"] and each["calls"] == [] for each in left)
    for each in left:
        guard = guards.read(each["resource"])
        assert guard.owner == ""
        # Nothing that a record of its death could claim.
        assert guard.intent and guard.intent.changes == guard.intent.calls == ()
    assert [each.attributes["outcome"] for each in about(hub, queues)].count("limited") == 1
    # Another account has its own.
    enable(hub, POLICY, account=OTHER)
    theirs = f"theirs-{uuid.uuid4().hex[:8]}"
    examples.load(TYPE).create(session(OTHER), theirs, POLICY)
    start = Start(resource_type=TYPE, input={"account": OTHER, "region": REGION, "resource": theirs})
    assert [each.outcome for each in hub.run([start])] == [Outcome.REMEDIATED]
    # In the next hour, what comes back to it changes it.
    monkeypatch.setenv("CHANGES_PER_HOUR", "0")
    again = Start(resource_type=TYPE, input={"account": ACCOUNT, "region": REGION, "resource": left_of(left)})
    assert [each.outcome for each in hub.run([again])] == [Outcome.REMEDIATED]


def left_of(entries: list[dict[str, Any]]) -> str:
    return str(entries[0]["resource"].rsplit("/", 1)[-1])


def test_of_many_that_would_be_approved_as_many_are_asked_about_as_the_limit_says(
    hub: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_PER_HOUR", "1")
    enable(hub, POLICY, mode=Mode.APPROVE)
    first, *others = [broken(POLICY) for _ in range(3)]
    given = {"account": ACCOUNT, "region": REGION}
    execution = started(hub, TYPE, {**given, "resource": first})
    request_of(hub, execution)
    begun = [Start(resource_type=TYPE, input={**given, "resource": queue}) for queue in others]
    assert [each.outcome for each in hub.run(begun)] == [Outcome.LIMITED] * 2
    assert [each.attributes["outcome"] for each in about(hub, others)] == ["limited"]
    asked = guarding_as(hub, "AROA:a", "arn:aws:sts::1:assumed-role/a/a").requests()
    assert not [each for each in asked if each.resource.rsplit("/", 1)[-1] in others]


def test_of_more_messages_than_the_limit_the_last_says_so_and_the_rest_are_counted(
    hub: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    emitted: list[str] = []
    add = metrics.add
    monkeypatch.setattr(
        metrics, "add", lambda name, *of, **more: emitted.append(name) or add(name, *of, **more)
    )
    monkeypatch.setenv("MESSAGES_PER_HOUR", "2")
    enable(hub, POLICY, mode=Mode.REPORT)
    queues = [broken(POLICY) for _ in range(6)]
    before = len(told.messages(hub))
    with told.events(hub) as events:
        list(hub.run(starts(hub, queues), at_once=1))
        assert len(events) == 6
    *sent, last = told.messages(hub)[before:]
    assert [each.attributes["outcome"] for each in sent] == ["reported"] * 2
    assert last.subject == f"Rightstate: no more messages about {ACCOUNT} in this hour"
    assert emitted.count("MessagesLeftOut") == 3


def test_a_halt_is_told_whatever_has_been_told_before(hub: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESSAGES_PER_HOUR", "1")
    monkeypatch.setenv("BREAKER_APPLIES", "1")
    enable(hub, POLICY)
    queues = [broken(POLICY) for _ in range(3)]
    list(hub.run(starts(hub, queues), at_once=1))
    assert [each.attributes["urgency"] for each in about(hub, queues)] == ["high"] * 3


def test_a_message_that_cannot_be_counted_is_sent(hub: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(account: str, what: str) -> int:
        raise Denied("UpdateItem was answered with AccessDeniedException.")

    monkeypatch.setattr(guards, "count", refused)
    enable(hub, POLICY, mode=Mode.REPORT)
    queue = broken(POLICY)
    list(hub.run(starts(hub, [queue])))
    assert [each.attributes["outcome"] for each in about(hub, [queue])] == ["reported"]


def test_of_five_hundred_at_once_none_is_counted_twice_or_not_at_all(
    hub: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHANGES_PER_HOUR", "100")
    with ThreadPoolExecutor(20) as pool:
        found = Counter(pool.map(lambda _: limits.over(ACCOUNT, "changes"), range(500)))
    assert found == {0: 100, **dict.fromkeys(range(1, 401), 1)}


def test_what_a_person_has_asked_for_is_changed_whatever_the_limit(
    hub: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHANGES_PER_HOUR", "1")
    enable(hub, POLICY)
    changed, left, planned, approved = (broken(POLICY) for _ in range(4))
    first, over = hub.run(starts(hub, [changed, left]), at_once=1)
    assert (first.outcome, over.outcome) == (Outcome.REMEDIATED, Outcome.LIMITED)
    of_a_batch = Start(resource_type=TYPE, input=start_input(planned, batch=str(uuid.uuid4())))
    assert [each.outcome for each in hub.run([of_a_batch])] == [Outcome.REMEDIATED]
    exempt(hub, TYPE, changed, POLICY)
    assert undo(hub, TYPE, changed, arn_of(hub, first)).outcome == Outcome.UNDONE
    enable(hub, POLICY, mode=Mode.APPROVE, approvers=("AROA:*",))
    execution = started(hub, TYPE, start_input(approved))
    approver = guarding_as(hub, "AROA:a", "arn:aws:sts::1:assumed-role/a/a")
    approver.decide(request_of(hub, execution), Choice.APPROVE, "")
    assert ended(hub, execution)["outcome"] == Outcome.REMEDIATED


def test_each_hour_is_counted_by_itself(hub: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    class Clock(datetime):
        at = datetime(2026, 11, 26, 10, 59, 59, tzinfo=UTC)

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Any:
            return cls.at

    monkeypatch.setattr(guards, "datetime", Clock)
    assert [guards.count(ACCOUNT, "changes") for _ in range(2)] == [1, 2]
    Clock.at += timedelta(seconds=1)
    assert guards.count(ACCOUNT, "changes") == 1


def test_a_limit_of_nothing_is_none_and_counts_nothing(hub: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[str] = []
    monkeypatch.setattr(guards, "count", lambda account, what: counted.append(what))
    monkeypatch.setenv("CHANGES_PER_HOUR", "0")
    assert [limits.over(ACCOUNT, "changes") for _ in range(3)] == [0, 0, 0]
    assert counted == []
