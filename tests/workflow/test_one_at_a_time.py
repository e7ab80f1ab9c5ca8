"""Executions about one resource at the same time: never a lost update, and one change (T12 to T14)."""

import re
import sys
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest

from rightstate import catalogue, clock
from rightstate.accounts import settings
from rightstate.errors import AlreadyAsked, Denied, Locked
from rightstate.guarding import guards
from rightstate.models.approval import Asked, Choice
from rightstate.models.decision import Intent, Outcome
from rightstate.models.settings import Account
from rightstate.models.start import Execution, StartInput
from rightstate.models.tasks import StateTask
from rightstate.policy import Mode
from rightstate.resource_type import Change
from rightstate.states import halts
from rightstate.storage.table import Item
from rightstate.storage.tables import GUARDS
from rightstate.wants import Exactly
from rightstate_cli.embedded.engine import Engine
from rightstate_cli.embedded.storage import SQLiteTable
from rightstate_cli.executions.executions import Start
from rightstate_cli.simulation import accounts
from tests.support import told
from tests.support.calls import Calls
from tests.support.halting import halt
from tests.support.member import ACCOUNT, REGION, broken, enable, event_about, session, start_input
from tests.support.refusing import refused
from tests.support.undoing import exempt, undo
from tests.support.waiting import ended, guarding_as, locked_out, request_of, started

POLICY, TYPE = "sqs-server-side-encryption", "sqs-queue"
WRITE = "sqs:SetQueueAttributes"


def test_fifty_events_about_five_resources_at_once_make_five_changes(hub: Engine, calls: Calls) -> None:
    enable(hub, POLICY)
    queues = [broken(POLICY) for _ in range(5)]
    starts = [
        match.start
        for _ in range(10)
        for queue in queues
        for match in hub.matches(event_about(POLICY, queue))
    ]
    assert len(starts) == 50
    executions = list(hub.run(starts, at_once=50))
    outcomes = {
        queue: Counter(each.outcome for each in executions if each.resource == queue) for queue in queues
    }
    assert outcomes == {queue: Counter({Outcome.REMEDIATED: 1, Outcome.COMPLIANT: 9}) for queue in queues}
    assert Counter(calls.writes)[WRITE] == 5
    entries = [entry for entry in hub.ledger() if entry["resource"].rsplit("/", 1)[-1] in queues]
    assert Counter(len(entry["changes"]) for entry in entries) == {1: 5, 0: 45}


@pytest.fixture
def resource() -> str:
    return f"{ACCOUNT}/{REGION}/{TYPE}/{uuid.uuid4()}"


FIRST, SECOND = (f"arn:aws:states:us-east-1:123456789012:execution:m:{name}" for name in ("first", "second"))


def test_the_lock_is_one_executions_until_it_is_given_back(hub: Engine, resource: str) -> None:
    guards.acquire(resource, FIRST)
    with pytest.raises(Locked):
        guards.acquire(resource, SECOND)
    guards.acquire(resource, FIRST)
    guards.release(resource, FIRST, [])
    assert guards.acquire(resource, SECOND).released_by == FIRST


def test_the_lock_of_an_execution_that_died_is_taken_over_and_the_resource_read_again(
    hub: Engine, resource: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as past:
        past.setattr(guards, "_LEASE", -guards._LEASE)
        guards.acquire(resource, FIRST)
    guard = guards.acquire(resource, SECOND)
    assert guard.changed_since("2999-01-01T00:00:00.000Z", SECOND)
    assert guards.release(resource, FIRST, ["any-policy"]) == []
    with pytest.raises(Locked):
        guards.acquire(resource, FIRST)


def test_a_lock_that_is_lost_while_it_is_given_back_stays_the_others(
    hub: Engine, resource: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    guards.acquire(resource, SECOND)
    # What was read before the other one took it over.
    monkeypatch.setattr(guards, "read", lambda resource: guards.Guard(owner=FIRST))
    guards.release(resource, FIRST, [POLICY])
    monkeypatch.undo()
    guard = guards.read(resource)
    assert (guard.owner, guard.released_by, guard.applies) == (SECOND, "", {})


def test_who_has_not_the_lock_notes_nothing(hub: Engine, resource: str) -> None:
    guards.acquire(resource, FIRST, Intent(execution=FIRST, changes=(), calls=()))
    with pytest.raises(Locked):
        guards.intend(resource, Intent(execution=SECOND, changes=(), calls=()))
    assert guards.read(resource).intent_of(SECOND) is None


@pytest.mark.parametrize("still_writing", [True, False])
def test_the_dead_keep_the_lock_while_a_function_of_theirs_may_write(
    hub: Engine, resource: str, still_writing: bool
) -> None:
    guards.acquire(resource, FIRST, Intent(execution=FIRST, changes=(), calls=()))
    guards.count_dead(resource, FIRST, still_writing)
    assert guards.read(resource).owner == (FIRST if still_writing else "")


def test_the_changes_of_the_dead_are_counted_once_however_often_their_end_is_told(
    hub: Engine, resource: str
) -> None:
    change = Change(
        setting="Encryption", before=None, after="SSE-SQS", want=Exactly(value="SSE-SQS"), policies=(POLICY,)
    )
    guards.acquire(resource, FIRST, Intent(execution=FIRST, changes=(change,), calls=()))
    for _ in range(2):
        intent, halted = guards.count_dead(resource, FIRST, still_writing=True)
        assert intent and not halted
    assert len(guards.read(resource).applies[POLICY]) == 1


def test_a_change_of_the_dead_that_is_one_too_many_halts_at_once(
    hub: Engine, resource: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not only when the next execution has changed the resource once more."""
    monkeypatch.setenv("BREAKER_APPLIES", "2")
    change = Change(
        setting="Encryption", before=None, after="SSE-SQS", want=Exactly(value="SSE-SQS"), policies=(POLICY,)
    )
    found = []
    for execution in (FIRST, SECOND):
        guards.acquire(resource, execution, Intent(execution=execution, changes=(change,), calls=()))
        # It may be told of twice.
        found += [guards.count_dead(resource, execution, still_writing=False)[1] for _ in range(2)]
    assert found == [[], [], [POLICY], []]
    assert [(halt.policy, halt.execution) for halt in guards.read(resource).halts] == [(POLICY, SECOND)]
    assert (resource, POLICY) in [(name, halt.policy) for name, halt in guards.halts()]


def test_a_halt_of_an_earlier_version_is_listed_once_it_was_looked_at(hub: Engine, resource: str) -> None:
    halt(resource, POLICY)
    hub.table(GUARDS).update(
        {"id": resource, "what": guards.HALT + POLICY}, remove=("listed", "tries", "look_again")
    )
    assert resource not in [name for name, _ in guards.halts()]
    assert guards.read(resource).due(clock.now()) == {POLICY: 0}
    assert guards.looked(resource, POLICY, tries=0, lasted=False)
    assert resource in [name for name, _ in guards.halts()]


def test_a_halt_that_was_released_during_a_look_is_not_noted_again(hub: Engine, resource: str) -> None:
    halt(resource, POLICY)
    guarding_as(hub, "AROAEXAMPLE:ana", "arn:aws:sts::1:assumed-role/admin/ana").let_go(resource, POLICY)
    assert not guards.looked(resource, POLICY, tries=0, lasted=False)
    assert guards.read(resource).halts == ()


def test_what_is_decided_on_is_never_read_from_an_index_that_may_lag(hub: Engine) -> None:
    """Guards, decisions and, for an undo, the ledger. A table's own key is read consistently."""
    asked: set[tuple[str, str]] = set()
    query = SQLiteTable.query

    def noted(self: SQLiteTable, value: str, index: str = "", **given: Any) -> Iterator[Item]:
        # The tests find an entry by its execution.
        if not sys._getframe(1).f_code.co_filename.endswith("entries.py"):
            asked.add((self._spec.name, index))
        return query(self, value, index, **given)

    enable(hub, POLICY, mode=Mode.APPROVE)
    queue = broken(POLICY)
    with patch.object(SQLiteTable, "query", noted):
        execution = started(hub, TYPE, start_input(queue))
        approver = guarding_as(hub, "AROAEXAMPLE:ben", "arn:aws:sts::1:assumed-role/approver/ben")
        approver.decide(request_of(hub, execution), Choice.APPROVE, "tested")
        assert ended(hub, execution)["outcome"] == Outcome.REMEDIATED
        exempt(hub, TYPE, queue, POLICY)
        assert undo(hub, TYPE, queue, execution).outcome == Outcome.UNDONE
    assert asked == {("guards", ""), ("ledger", "")}


@pytest.fixture
def hasty() -> Iterator[None]:
    """Threads take turns more often, so that there are few rounds in which a race is not lost."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("hasty")
def test_of_twenty_at_once_one_gets_the_lock(hub: Engine, resource: str) -> None:
    def acquired(number: int) -> bool:
        try:
            guards.acquire(resource, f"{FIRST}-{number}")
        except Locked:
            return False
        return True

    with ThreadPoolExecutor(20) as pool:
        assert Counter(pool.map(acquired, range(20))) == {True: 1, False: 19}


@pytest.mark.usefixtures("hasty")
def test_of_twenty_that_would_ask_about_one_plan_at_once_one_asks(hub: Engine, resource: str) -> None:
    """A second one asks where the first is out of date, or about another plan."""

    def asks(execution: str, plan: str = "0" * 64, until: str = "2999-01-01T00:00:00.000Z") -> bool:
        try:
            guards.ask(resource, Asked(id="ap-0123456789", plan=plan, execution=execution, until=until))
        except AlreadyAsked:
            return False
        return True

    with ThreadPoolExecutor(20) as pool:
        assert Counter(pool.map(asks, (f"{FIRST}-{number}" for number in range(20)))) == {True: 1, False: 19}
    assert asks(FIRST, plan="1" * 64)
    # A try of the same execution is no second one.
    assert asks(FIRST, plan="1" * 64, until="2026-01-01T00:00:00.000Z")
    assert asks(SECOND, plan="1" * 64)


def test_who_comes_later_does_not_write_what_is_right_by_then(
    hub: Engine, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another one has had the lock, changed the resource and given the lock back between read and write."""
    enable(hub, POLICY)
    queue = broken(POLICY)
    acquire, others = guards.acquire, iter([FIRST])

    def after_another(resource: str, execution: str, intent: Intent | None = None) -> guards.Guard:
        if other := next(others, None):
            acquire(resource, other)
            sqs = session().client("sqs")
            url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
            sqs.set_queue_attributes(QueueUrl=url, Attributes={"SqsManagedSseEnabled": "true"})
            guards.release(resource, other, [POLICY])
        return acquire(resource, execution, intent)

    monkeypatch.setattr(guards, "acquire", after_another)
    entry = ended(hub, started(hub, TYPE, start_input(queue)))
    assert entry["outcome"] == Outcome.COMPLIANT
    assert FIRST in entry["reason"]
    assert entry["changes"] == []
    assert WRITE not in calls.writes


def test_two_that_change_one_object_for_different_policies_lose_nothing(hub: Engine) -> None:
    """The account's password policy is replaced as a whole by each call."""
    policies = [
        f"iam-password-policy-{name}" for name in ("uppercase", "lowercase", "symbol", "number", "min-length")
    ]
    enable(hub, *policies)
    session().client("iam").delete_account_password_policy() if _has_policy() else None
    starts = [
        Start(
            resource_type="iam-password-policy",
            input=start_input(ACCOUNT, policies=[policy]),
            name=str(uuid.uuid4()),
        )
        for policy in policies
    ]
    executions = list(hub.run(starts, at_once=5))
    assert {each.outcome for each in executions} == {Outcome.REMEDIATED}
    found = session().client("iam").get_account_password_policy()["PasswordPolicy"]
    assert all(found[f"Require{name}Characters"] for name in ("Uppercase", "Lowercase"))
    assert found["RequireSymbols"]
    assert found["RequireNumbers"]
    assert found["MinimumPasswordLength"] >= 14


def _has_policy() -> bool:
    try:
        session().client("iam").get_account_password_policy()
    except Exception as error:
        assert "NoSuchEntity" in str(error)
        return False
    return True


def test_what_another_try_finds_beside_is_recorded_and_verified_too(hub: Engine) -> None:
    """A second setting that somebody breaks while the execution waits for the lock."""
    policies = ("s3-versioning", "s3-block-public-access")
    enable(hub, *policies)
    bucket = broken(policies[0])
    s3 = session().client("s3")
    s3.put_public_access_block(
        Bucket=bucket,
        PublicAccessBlockConfiguration=dict.fromkeys(
            ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
        ),
    )
    resource = f"{ACCOUNT}/{REGION}/s3-bucket/{bucket}"
    guards.acquire(resource, FIRST)
    execution = started(hub, "s3-bucket", start_input(bucket))
    locked_out(hub, execution)
    s3.delete_public_access_block(Bucket=bucket)
    guards.release(resource, FIRST, [])
    entry = ended(hub, execution)
    assert entry["outcome"] == Outcome.REMEDIATED
    assert {policy for change in entry["changes"] for policy in change["policies"]} == set(policies)
    assert set(entry["calls"]) == {"PutBucketVersioning", "PutPublicAccessBlock"}
    assert set(entry["verified"]) == {change["setting"] for change in entry["changes"]}


def test_what_another_execution_has_done_meanwhile_is_not_claimed(hub: Engine) -> None:
    policies = ("s3-versioning", "s3-block-public-access")
    enable(hub, *policies)
    bucket = broken(policies[0])
    s3 = session().client("s3")
    s3.delete_public_access_block(Bucket=bucket)
    resource = f"{ACCOUNT}/{REGION}/s3-bucket/{bucket}"
    guards.acquire(resource, FIRST)
    execution = started(hub, "s3-bucket", start_input(bucket))
    locked_out(hub, execution)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    guards.release(resource, FIRST, [])
    entry = ended(hub, execution)
    assert {policy for change in entry["changes"] for policy in change["policies"]} == {policies[1]}


LATER = clock.written(datetime.now(UTC) + timedelta(days=30))
EXEMPTED = {
    "id": "ex-1a2b3c4d",
    "resource": None,
    "reason": "taken back",
    "approver": "ana",
    "created": clock.now(),
    "until": LATER,
}


@pytest.mark.parametrize(
    ("now", "outcome"),
    [
        ({"exemptions": [EXEMPTED]}, Outcome.EXEMPT),
        ({"policies": {}}, Outcome.OFF),
        ({"policies": {POLICY: {"mode": "report"}}}, Outcome.REPORTED),
        ({"policies": {POLICY: {"mode": "approve"}}}, Outcome.REPORTED),
        ({"regions": ["eu-west-1"]}, Outcome.OFF),
    ],
    ids=["exempt", "off", "report", "approve", "another region"],
)
def test_what_is_not_to_be_changed_any_more_by_the_time_that_an_execution_has_waited_is_left_alone(
    hub: Engine, calls: Calls, now: dict[str, Any], outcome: Outcome
) -> None:
    enable(hub, POLICY)
    queue = broken(POLICY)
    resource = f"{ACCOUNT}/{REGION}/{TYPE}/{queue}"
    guards.acquire(resource, FIRST)
    execution = started(hub, TYPE, start_input(queue))
    locked_out(hub, execution)
    given = {
        "account": ACCOUNT,
        "role_arn": accounts.role_arn(ACCOUNT),
        "external_id": "shared",
        "policies": {POLICY: {"mode": "auto"}},
        **now,
    }
    hub.configure(Account.model_validate(given))
    guards.release(resource, FIRST, [])
    entry = ended(hub, execution)
    assert (entry["outcome"], entry["changes"], entry["calls"]) == (outcome, [], [])
    assert WRITE not in calls.writes


def test_what_is_allowed_while_an_execution_waits_is_left_to_the_next(hub: Engine, calls: Calls) -> None:
    lowered, policy = "s3-block-public-access", "s3-versioning"
    modes = {policy: {"mode": "auto"}, lowered: {"mode": "report"}}
    given = {
        "account": ACCOUNT,
        "role_arn": accounts.role_arn(ACCOUNT),
        "external_id": "shared",
        "policies": modes,
    }
    hub.configure(Account.model_validate(given))
    bucket = broken(policy)
    session().client("s3").delete_public_access_block(Bucket=bucket)
    resource = f"{ACCOUNT}/{REGION}/s3-bucket/{bucket}"
    guards.acquire(resource, FIRST)
    execution = started(hub, "s3-bucket", start_input(bucket))
    locked_out(hub, execution)
    hub.configure(Account.model_validate({**given, "policies": modes | {lowered: {"mode": "auto"}}}))
    guards.release(resource, FIRST, [])
    entry = ended(hub, execution)
    assert (entry["outcome"], entry["calls"]) == (Outcome.REMEDIATED, ["PutBucketVersioning"])
    assert calls.writes == ["s3:PutBucketVersioning"]


def test_what_a_batch_shares_of_the_settings_counts_for_no_change(
    hub: Engine, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "_SHARED_FOR", timedelta(hours=1))
    enable(hub, POLICY)
    queue = broken(POLICY)
    resource = f"{ACCOUNT}/{REGION}/{TYPE}/{queue}"
    guards.acquire(resource, FIRST)
    execution = started(hub, TYPE, start_input(queue, batch=str(uuid.uuid4())))
    locked_out(hub, execution)
    enable(hub)
    guards.release(resource, FIRST, [])
    assert ended(hub, execution)["outcome"] == Outcome.OFF
    assert WRITE not in calls.writes


def test_what_is_halted_while_an_execution_waits_is_left_alone(hub: Engine, calls: Calls) -> None:
    enable(hub, POLICY)
    queue = broken(POLICY)
    resource = f"{ACCOUNT}/{REGION}/{TYPE}/{queue}"
    guards.acquire(resource, FIRST)
    execution = started(hub, TYPE, start_input(queue))
    locked_out(hub, execution)
    halt = guards.Halt(policy=POLICY, since=clock.now(), execution=FIRST, applies=5, look_again=LATER)
    guards._halt(resource, halt)
    guards.release(resource, FIRST, [])
    assert ended(hub, execution)["outcome"] == Outcome.HALTED
    assert WRITE not in calls.writes


def test_what_does_not_apply_any_more_after_a_wait_is_not_waited_for(hub: Engine, calls: Calls) -> None:
    policy = "kms-key-rotation"
    enable(hub, policy)
    key = broken(policy)
    resource = f"{ACCOUNT}/{REGION}/kms-key/{key}"
    guards.acquire(resource, FIRST)
    execution = started(hub, "kms-key", start_input(key))
    locked_out(hub, execution)
    session().client("kms").disable_key(KeyId=key)
    guards.release(resource, FIRST, [])
    entry = ended(hub, execution)
    assert (entry["outcome"], entry["status"]) == (Outcome.NOT_APPLICABLE, "SUCCEEDED")
    assert "kms:EnableKeyRotation" not in calls.writes
    assert guards.read(resource).owner == ""


# --- The breaker (T12) ---


def _set_back(queue: str) -> None:
    sqs = session().client("sqs")
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"SqsManagedSseEnabled": "false"})


def _run(hub: Engine, queue: str) -> Any:
    [execution] = hub.run([Start(resource_type=TYPE, input=start_input(queue), name=str(uuid.uuid4()))])
    return execution


def test_our_own_events_fed_back_fifty_times_change_nothing_and_halt_nothing(
    hub: Engine, calls: Calls
) -> None:
    enable(hub, POLICY)
    queue = broken(POLICY)
    event = event_about(POLICY, queue)
    for _ in range(50):
        list(hub.run(match.start for match in hub.matches({**event, "id": str(uuid.uuid4())})))
    assert calls.writes.count(WRITE) == 1
    assert guards.read(f"{ACCOUNT}/{REGION}/{TYPE}/{queue}").halts == ()


def _halts(hub: Engine, queue: str) -> list[guards.Halt]:
    return list(guards.read(f"{ACCOUNT}/{REGION}/{TYPE}/{queue}").halts)


def _messages_about(hub: Engine, queue: str) -> list[told.Message]:
    return [each for each in told.messages(hub) if queue in each.text]


@pytest.fixture
def fought(hub: Engine, monkeypatch: pytest.MonkeyPatch) -> str:
    """A queue that was set back until it was halted, and that is broken now."""
    monkeypatch.setenv("BREAKER_APPLIES", "3")
    enable(hub, POLICY)
    queue = broken(POLICY)
    for _ in range(3):
        assert _run(hub, queue).outcome == Outcome.REMEDIATED
        _set_back(queue)
    return queue


def test_a_fight_is_halted_told_once_and_goes_on_when_it_is_released(
    hub: Engine, calls: Calls, fought: str
) -> None:
    assert [_run(hub, fought).outcome for _ in range(2)] == [Outcome.HALTED] * 2
    assert calls.writes.count(WRITE) == 3
    resource = f"{ACCOUNT}/{REGION}/{TYPE}/{fought}"
    guarding = guarding_as(hub, "AROAEXAMPLE:ana", "arn:aws:sts::1:assumed-role/admin/ana")
    [halt] = [halt for named, halt in guarding.halts() if named == resource]
    assert (halt.policy, halt.applies) == (POLICY, 3)
    entries = [entry for entry in hub.ledger() if entry["resource"] == resource and entry.get("halted")]
    assert [entry["halted"] for entry in entries] == [[POLICY]]
    guarding.let_go(resource, POLICY)
    assert _run(hub, fought).outcome == Outcome.REMEDIATED


def test_a_halt_is_told_at_once_as_what_is_most_urgent(hub: Engine, fought: str) -> None:
    _run(hub, fought)
    urgent = [each for each in _messages_about(hub, fought) if each.attributes["urgency"] == "high"]
    [message] = urgent
    assert message.subject.startswith(f"URGENT: Rightstate halted {TYPE} {fought}")
    assert message.text.startswith(f"URGENT: Rightstate stops changing {TYPE} {fought}.")
    assert "rightstate breaker release" in message.text


def test_a_halted_resource_is_looked_at_again_and_changed_once_until_a_change_lasts(
    hub: Engine, calls: Calls, fought: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    resource = f"{ACCOUNT}/{REGION}/{TYPE}/{fought}"
    [halt] = _halts(hub, fought)
    assert not halt.due(clock.written(datetime.now(UTC) + timedelta(minutes=59)))
    assert halt.due(clock.written(datetime.now(UTC) + timedelta(minutes=61)))
    # The hour has passed.
    assert guards.looked(resource, POLICY, 0, lasted=False)
    with monkeypatch.context() as later:
        later.setattr(guards, "_FIRST_LOOK", timedelta(0))
        assert guards.looked(resource, POLICY, 1, lasted=False)
    calls.made.clear()
    assert _run(hub, fought).outcome == Outcome.REMEDIATED
    [halt] = _halts(hub, fought)
    assert halt.tries == 3
    _set_back(fought)
    assert _run(hub, fought).outcome == Outcome.HALTED
    assert calls.writes.count(WRITE) == 1
    with monkeypatch.context() as later:
        later.setattr(guards, "_FIRST_LOOK", timedelta(0))
        assert guards.looked(resource, POLICY, 3, lasted=False)
        assert _run(hub, fought).outcome == Outcome.REMEDIATED
        # It is as it should be at the next look.
        assert _run(hub, fought).outcome == Outcome.COMPLIANT
    assert _halts(hub, fought) == []
    last = _messages_about(hub, fought)[-1]
    assert last.subject.startswith(f"Rightstate resumes {TYPE} {fought}")
    assert f"No longer halted: {POLICY}" in last.text
    # Counted anew: one change more is no fight.
    _set_back(fought)
    assert _run(hub, fought).outcome == Outcome.REMEDIATED
    assert _halts(hub, fought) == []


def test_of_two_executions_that_look_at_once_one_may_try(hub: Engine, fought: str) -> None:
    resource = f"{ACCOUNT}/{REGION}/{TYPE}/{fought}"
    assert guards.looked(resource, POLICY, 0, lasted=False)
    assert not guards.looked(resource, POLICY, 0, lasted=False)
    # What the other one has just changed cannot have lasted yet.
    assert not guards.looked(resource, POLICY, 0, lasted=True)
    assert [halt.tries for halt in _halts(hub, fought)] == [1]


def test_what_is_due_is_started_and_what_is_not_is_left(
    hub: Engine, fought: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: dict[str, tuple[str, StartInput]] = {}
    monkeypatch.setattr(
        halts, "start_execution", lambda machine, name, start: made.update({start.resource: (name, start)})
    )
    execution = Execution(id="1", name="look-again", started=clock.now(), state_machine="schedule")
    halts.look_again(StateTask(execution=execution))
    assert fought not in made
    with monkeypatch.context() as later:
        later.setattr(guards, "_FIRST_LOOK", timedelta(0))
        guards.looked(f"{ACCOUNT}/{REGION}/{TYPE}/{fought}", POLICY, 0, lasted=False)
    halts.look_again(StateTask(execution=execution))
    name, start = made[fought]
    halts.look_again(StateTask(execution=execution))
    assert made[fought] == (name, start)
    assert (start.account, start.region, start.policies) == (ACCOUNT, REGION, (POLICY,))
    assert re.fullmatch(r"look-again-[0-9a-f]{32}", name)
    begun = Start(resource_type=TYPE, input=start.model_dump(mode="json", exclude_none=True), name=name)
    assert [each.outcome for each in hub.run([begun])] == [Outcome.REMEDIATED]


@pytest.mark.parametrize(
    ("tries", "hours"), [(0, 1), (1, 2), (2, 4), (3, 8), (4, 16), (5, 24), (6, 24), (10_000, 24)]
)
def test_the_time_to_the_next_look_grows_to_a_day(tries: int, hours: int) -> None:
    before = datetime.now(UTC)
    found = datetime.fromisoformat(guards._next_look(tries)) - timedelta(hours=hours)
    # Written to the millisecond.
    assert before - timedelta(milliseconds=1) <= found <= datetime.now(UTC)


def test_a_fight_of_executions_that_fail_half_way_is_halted_too(
    hub: Engine, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BREAKER_APPLIES", "2")
    first, second = "s3-block-public-access", "s3-versioning"
    enable(hub, first, second)
    bucket = broken(first)
    s3 = session().client("s3")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})

    def denied(clients: Any, resource: Any, call: Any, changes: Any) -> None:
        if call.operation == "PutBucketVersioning":
            raise Denied("AccessDenied.")
        send(clients, resource, call, changes)

    declared = catalogue.load("s3-bucket")
    send = declared.apply
    monkeypatch.setattr("rightstate.states.apply.load", lambda name: replace(declared, apply=denied))
    outcomes = []
    for _ in range(3):
        start = Start(resource_type="s3-bucket", input=start_input(bucket), name=str(uuid.uuid4()))
        outcomes += [execution.outcome for execution in hub.run([start])]
        s3.delete_public_access_block(Bucket=bucket)
    # The second policy has changed nothing, so that it is not halted, and is refused again.
    assert outcomes == [Outcome.FAILED, Outcome.FAILED, Outcome.FAILED]
    halted = {halt.policy for halt in guards.read(f"{ACCOUNT}/{REGION}/s3-bucket/{bucket}").halts}
    assert halted == {first}
    assert calls.writes.count("s3:PutPublicAccessBlock") == 2


def test_a_halt_is_told_of_also_when_recording_has_to_be_tried_again(
    hub: Engine, resource: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BREAKER_APPLIES", "1")
    guards.acquire(resource, FIRST)
    assert guards.release(resource, FIRST, [POLICY]) == [POLICY]
    assert guards.release(resource, FIRST, [POLICY]) == [POLICY]
    assert guards.release(resource, SECOND, [POLICY]) == []


def test_changes_that_are_far_apart_are_no_fight(
    hub: Engine, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BREAKER_APPLIES", "2")
    monkeypatch.setenv("BREAKER_MINUTES", "0")
    enable(hub, POLICY)
    queue = broken(POLICY)
    for _ in range(3):
        assert _run(hub, queue).outcome == Outcome.REMEDIATED
        _set_back(queue)


def test_a_guard_that_cannot_be_read_lets_nothing_be_changed(hub: Engine, calls: Calls) -> None:
    enable(hub, POLICY)
    queue = broken(POLICY)
    with refused(GUARDS):
        assert _run(hub, queue).outcome == Outcome.FAILED
    assert WRITE not in calls.writes
