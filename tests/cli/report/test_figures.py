"""The figures are what a slow and simple count of the entries gives."""

from collections import Counter
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from rightstate.models.decision import Excuse, Outcome
from rightstate.policy import Mode
from rightstate_cli.report.figures import Figures
from rightstate_cli.report.posture import STATES
from rightstate_cli.report.record import as_record
from rightstate_cli.report.waiting import Waiting
from tests.cli.report.conftest import altered
from tests.support import endings
from tests.support.endings import Failed
from tests.support.requests import requested

POLICIES = ("rds-mysql-deletion-protection", "rds-mysql-no-public-access", "rds-mysql-automated-backups")
RESOURCES = [(account, name) for account in ("111122223333", "111122223334") for name in "ab"]
CLEARING = ("gone", "off", "not-applicable")
# Of groups, refused inputs, plans and backfills; what changes no posture.
NEVER = (
    Outcome.FANNED_OUT,
    Outcome.REJECTED,
    Outcome.CHANGED_SINCE_PLAN,
    Outcome.LIMITED,
    Outcome.UNDO_REFUSED,
    Outcome.STOPPED,
)
EXPECTED = {
    "compliant": "compliant",
    "exempt": "exempt",
    "halted": "left",
    "managed": "left",
    "held": "left",
    "not-applicable": None,
}


def counted(entries: list[dict[str, Any]], waiting: Waiting | None = None) -> dict[str, Any]:
    figures = Figures()
    for each in entries:
        figures.add(as_record(each))
    if waiting:
        figures.wait(waiting)
    return figures.as_json()


def stands(entries: list[dict[str, Any]], resource: str, policy: str) -> str | None:
    """How the resource stands with the policy: what the latest to end says that says anything about it."""
    of_it = [each for each in entries if each["resource"] == resource]
    of_it.sort(key=lambda each: as_record(each).ended_at)
    for each in reversed(of_it):
        verdicts = {verdict["policy"]: verdict for verdict in each["verdicts"]}
        changed = {name for change in each["changes"] for name in change["policies"]}
        if each["outcome"] == "undone" and policy in changed:
            return "broken"
        if policy in verdicts:
            verdict = verdicts[policy]
            if verdict["status"] != "broken":
                return EXPECTED[verdict["status"]]
            if each["outcome"] == "awaiting-approval":
                return "waiting"
            if each["outcome"] != "remediated":
                return "broken"
            if policy in changed:
                return "compliant"
            return "waiting" if verdict["mode"] == "approve" else "broken"
        if each["outcome"] in CLEARING and not verdicts:
            return None
    return None


OBSERVED = st.fixed_dictionaries(
    {
        **{setting: st.just(value) for setting, value in endings.INSTANCE.items()},
        "Engine": st.sampled_from(["mysql", "mysql", "mysql", "postgres"]),
        # While it is there, what would be changed is held.
        "PendingModifiedValues": st.sampled_from([[], [], ["MultiAZ"]]),
        # Backups of a read replica are its source's.
        "IsReadReplica": st.booleans(),
        "DeletionProtection": st.booleans(),
        "PubliclyAccessible": st.booleans(),
        "BackupRetentionPeriod": st.sampled_from([0, 35]),
    }
)
EXCUSES = st.sampled_from(
    [
        Excuse(kind="exempt", reason="CHG-1", rule="exemption ex-1a2b3c4d"),
        Excuse(kind="halted", reason="Halted.", rule="breaker"),
        Excuse(kind="managed", reason="CloudFormation made the change.", rule="managed: report"),
    ]
)
FAILED = [Failed(state) for state in ("Assume role", "Describe", "Apply", "Verify")]


@st.composite
def ledgers(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Entries that executions have written: what they have found, and what came of it, is drawn."""
    found: list[dict[str, Any]] = []
    for number in range(draw(st.integers(0, 12))):
        account, resource = draw(st.sampled_from(RESOURCES))
        about: dict[str, Any] = {
            "resource_type": "rds-instance",
            "resource": resource,
            "account": account,
            "name": f"run-{number}",
            "started": f"2026-11-{1 + number // 3:02}T{number:02}:00:00.000Z",
            # Some outlast those that begin after them.
            "seconds": draw(st.sampled_from([0.01, 1.5, 7200, 86400])),
        }
        undone = [each for each in found if each["resource"].startswith(account) and _made(each, resource)]
        ways = ["died", Outcome.OFF, endings.GONE, *FAILED, *["decided"] * 8, *(["undo"] if undone else [])]
        match way := draw(st.sampled_from(ways)):
            case "died":
                found.append(endings.died(**about))
            case "undo":
                entry = draw(st.sampled_from(undone))
                changed = {change["setting"]: change["after"] for change in entry["changes"]}
                as_changed = {**draw(OBSERVED), "Engine": "mysql", "PendingModifiedValues": [], **changed}
                found.append(endings.ended(**about, undo=entry, observed=as_changed))
            case Outcome.OFF:
                found.append(endings.ended(**about, unchosen=Outcome.OFF))
            case _:
                modes = st.sampled_from([Mode.AUTO, Mode.APPROVE, Mode.REPORT])
                entry = endings.ended(
                    **about,
                    policies=draw(st.dictionaries(st.sampled_from(POLICIES), modes, min_size=1)),
                    observed=draw(OBSERVED),
                    excuses=draw(st.dictionaries(st.sampled_from(POLICIES), EXCUSES, max_size=1)),
                    answer=draw(st.sampled_from(["asked", "approved", "denied"])),
                    batch=draw(st.sampled_from([None, "nightly"])),
                    failed=way if isinstance(way, Failed) else None,
                )
                found.append(entry)
    return found


def _made(entry: dict[str, Any], resource: str) -> bool:
    """Whether it has changed that resource, so that it can be undone."""
    remediated: bool = entry["outcome"] == "remediated"
    return remediated and entry["resource"].endswith(f"/{resource}")


@given(ledgers())
@settings(deadline=None)
def test_the_figures_are_those_of_a_slow_count(entries: list[dict[str, Any]]) -> None:
    figures = counted(entries)
    assert_posture_is_the_latest_that_is_known_of_each_resource_and_policy(entries, figures)
    assert_each_day_has_its_executions_and_the_posture_at_its_end(entries, figures)
    assert_executions_are_counted_by_what_came_of_them(entries, figures)


def assert_posture_is_the_latest_that_is_known_of_each_resource_and_policy(
    entries: list[dict[str, Any]], figures: dict[str, Any]
) -> None:
    resources = {each["resource"] for each in entries}
    pairs = {
        (resource, policy): stands(entries, resource, policy) for resource in resources for policy in POLICIES
    }
    known = {pair: state for pair, state in pairs.items() if state}

    def row(**of: str) -> list[int]:
        found = Counter(
            state
            for (resource, policy), state in known.items()
            if of.get("policy", policy) == policy and resource.startswith(of.get("account", ""))
        )
        return [found[state] for state in STATES]

    assert figures["pairs"] == row()
    assert figures["policies"] == {each: row(policy=each) for each in sorted({policy for _, policy in known})}
    accounts = sorted({resource.partition("/")[0] for resource, _ in known})
    assert figures["accounts"] == {each: row(account=each) for each in accounts}
    assert figures["waiting"] == len(
        {resource for (resource, _), state in known.items() if state == "waiting"}
    )


def test_the_ledgers_that_are_drawn_have_every_outcome_and_status() -> None:
    """So that nothing holds for want of an example."""
    outcomes: set[str] = {each for each in Outcome if each not in NEVER}
    statuses: set[str] = {*EXPECTED, "broken"}

    def is_all_found(entries: list[dict[str, Any]]) -> bool:
        for each in entries:
            outcomes.discard(each["outcome"])
            statuses.difference_update(verdict["status"] for verdict in each["verdicts"])
        return not outcomes | statuses

    with suppress(NoSuchExample):
        # Hypothesis would look for the least ledger, which nobody reads.
        first = settings(phases=[Phase.generate], derandomize=True, database=None, max_examples=500)
        find(ledgers(), is_all_found, settings=first)
    assert (outcomes, statuses) == (set(), set())


def test_what_waited_for_an_approval_knows_more_than_what_began_meanwhile() -> None:
    broken: dict[str, Any] = {"observed": endings.BUCKET, "policies": {"s3-versioning": Mode.APPROVE}}
    approved = endings.ended(**broken, answer="approved", seconds=3600)
    meanwhile = endings.ended(
        **broken, answer="asked", name="run-2", started="2026-11-20T08:00:05.000Z", seconds=1
    )
    assert [each["outcome"] for each in (approved, meanwhile)] == ["remediated", "awaiting-approval"]
    figures = counted([approved, meanwhile])
    assert (figures["pairs"], figures["waiting"]) == ([1, 0, 0, 0, 0], 0)


ASKED = [(*place, policy) for place in [*RESOURCES, ("222233334444", "new")] for policy in POLICIES]


@given(ledgers(), st.lists(st.sampled_from(ASKED), unique=True), st.booleans())
@settings(deadline=None)
def test_what_somebody_is_asked_about_waits_and_until_now_nothing_else_does(
    entries: list[dict[str, Any]], asked: list[tuple[str, str, str]], until_now: bool
) -> None:
    requests = tuple(
        requested(ASKED.index(each), account=each[0], resource=each[1], policy=each[2]) for each in asked
    )
    expected = {
        (resource, policy): state
        for resource in {each["resource"] for each in entries}
        for policy in POLICIES
        if (state := stands(entries, resource, policy))
    }
    for pair, state in expected.items():
        if until_now and state == "waiting":
            expected[pair] = "broken"
    expected |= dict.fromkeys(((each.resource, *each.policies) for each in requests), "waiting")
    count = Counter(expected.values())
    figures = counted(entries, Waiting(requests, "2026-12-24", until_now))
    assert figures["pairs"] == [count[state] for state in STATES]
    waiting = {resource for (resource, _), state in expected.items() if state == "waiting"}
    assert figures["waiting"] == len(waiting)
    assert figures["records"] == len(entries)
    by_account = Counter(resource[:12] for resource, _ in expected)
    assert {account: sum(pairs) for account, pairs in figures["accounts"].items()} == by_account
    # The plot ends with what is said beside it.
    assert (figures["days"][-1]["pairs"] if figures["days"] else [0] * 5) == figures["pairs"]


def assert_each_day_has_its_executions_and_the_posture_at_its_end(
    entries: list[dict[str, Any]], figures: dict[str, Any]
) -> None:
    days = sorted({each["at"][:10] for each in entries})
    assert [each["day"] for each in figures["days"]] == days
    for each in figures["days"]:
        until = [one for one in entries if one["at"][:10] <= each["day"]]
        assert each["pairs"] == counted(until)["pairs"]
        assert sum(each["outcomes"].values()) == sum(one["at"][:10] == each["day"] for one in entries)


def assert_executions_are_counted_by_what_came_of_them(
    entries: list[dict[str, Any]], figures: dict[str, Any]
) -> None:
    made = [
        len(each["changes"])
        if each["outcome"] in ("remediated", "undone")
        # One that failed has made what a fresh read shows.
        else sum(change["setting"] in each["verified"] for change in each["changes"])
        for each in entries
        if each["outcome"] in ("remediated", "undone", "failed", "died")
    ]
    failed = [each for each in entries if each["outcome"] in ("failed", "died")]
    assert figures["records"] == len(entries)
    assert figures["outcomes"] == dict(sorted(Counter(each["outcome"] for each in entries).items()))
    assert figures["changed"] == {
        "records": sum(map(bool, made)),
        "settings": sum(made),
    }
    assert figures["failed"] == sum(each["count"] for each in figures["failures"]) == len(failed)
    assert {each["error"]: each["count"] for each in figures["failures"]} == Counter(
        each["error"] or each["outcome"] for each in failed
    )


GROUPS: list[tuple[dict[str, Any], str, int]] = [
    (endings.ended(), "compliant", 1),
    (endings.ended(failed=Failed("Describe")), "failed", 1),
    (endings.ended(failed=endings.GONE), "gone", 1),
    (endings.ended(unchosen=Outcome.FANNED_OUT), "fanned-out", 0),
    (endings.ended(failed=endings.UNREGISTERED, event=endings.EVENT), "rejected", 0),
    (endings.ended(failed=endings.REFUSED), "failed", 0),
]


@pytest.mark.parametrize(("entry", "outcome", "looked_at"), GROUPS)
def test_a_group_or_a_refused_input_is_no_resource_that_was_looked_at(
    entry: dict[str, Any], outcome: str, looked_at: int
) -> None:
    assert entry["outcome"] == outcome
    assert counted([entry])["resources"] == looked_at


def test_what_a_person_has_stopped_has_neither_failed_nor_changed_anything() -> None:
    figures = counted([endings.stopped()])
    assert (figures["outcomes"], figures["failed"], figures["failures"]) == ({"stopped": 1}, 0, [])
    assert (figures["changed"], figures["resources"]) == ({"records": 0, "settings": 0}, 0)
    assert [dict(each["outcomes"]) for each in figures["days"]] == [{"alone": 1}]


def test_an_outcome_and_a_status_of_a_later_version_are_counted() -> None:
    later = {"policy": "s3-versioning", "status": "dreaming"}
    figures = counted([altered(endings.ended(), outcome="transcended", verdicts=[later])])
    assert figures["outcomes"] == {"transcended": 1}
    assert figures["pairs"] == [0, 0, 0, 1, 0]
