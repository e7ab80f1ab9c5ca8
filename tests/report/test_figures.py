"""The figures are what a slow and simple count of the entries gives."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rightstate_cli.report.figures import Figures
from rightstate_cli.report.posture import STATES
from rightstate_cli.report.record import as_record
from rightstate_cli.report.waiting import Waiting
from tests.report.conftest import entry, requested

POLICIES = ("s3-versioning", "s3-logging", "s3-encryption")
RESOURCES = [f"11112222333{n}/eu-west-1/s3-bucket/{name}" for n in (3, 4) for name in "ab"]
OTHER = "222233334444"
CLEARING = ("gone", "off", "not-applicable")
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


@st.composite
def ledgers(draw: st.DrawFn) -> list[dict[str, Any]]:
    found = []
    for number in range(draw(st.integers(0, 12))):
        outcome = draw(
            st.sampled_from(
                [
                    "compliant",
                    "remediated",
                    "reported",
                    "failed",
                    "died",
                    "awaiting-approval",
                    "undone",
                    *CLEARING,
                ]
            )
        )
        some = draw(st.lists(st.sampled_from(POLICIES), unique=True))
        changed = draw(st.lists(st.sampled_from(some), unique=True)) if some else []
        found.append(
            entry(
                started=f"2026-11-{1 + number // 3:02}T{number:02}:00:00.000Z",
                resource=draw(st.sampled_from(RESOURCES)),
                outcome=outcome,
                # Some outlast those that begin after them.
                seconds=draw(st.sampled_from([None, 1.5, 7200, 86400])),
                error="Denied" if outcome == "failed" else "",
                verdicts=[
                    {
                        "policy": each,
                        "mode": draw(st.sampled_from(["auto", "approve", "report"])),
                        "status": draw(st.sampled_from([*EXPECTED, "broken"])),
                    }
                    for each in some
                ],
                changes=[{"setting": each, "before": 0, "after": 1, "policies": [each]} for each in changed],
            )
        )
    return found


@given(ledgers())
@settings(deadline=None)
def test_the_posture_is_the_latest_that_is_known_of_each_resource_and_policy(
    entries: list[dict[str, Any]],
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

    figures = counted(entries)
    assert figures["pairs"] == row()
    assert figures["policies"] == {each: row(policy=each) for each in sorted({policy for _, policy in known})}
    accounts = sorted({resource.partition("/")[0] for resource, _ in known})
    assert figures["accounts"] == {each: row(account=each) for each in accounts}
    assert figures["waiting"] == len(
        {resource for (resource, _), state in known.items() if state == "waiting"}
    )


def test_what_waited_for_an_approval_knows_more_than_what_began_meanwhile() -> None:
    verdict = {"policy": "s3-versioning", "mode": "approve", "status": "broken"}
    change = {"setting": "Versioning", "before": False, "after": True, "policies": ["s3-versioning"]}
    approved = entry(outcome="remediated", seconds=3600, verdicts=[verdict], changes=[change])
    meanwhile = entry(
        outcome="awaiting-approval", started="2026-11-20T08:00:05.000Z", seconds=1, verdicts=[verdict]
    )
    figures = counted([approved, meanwhile])
    assert (figures["pairs"], figures["waiting"]) == ([1, 0, 0, 0, 0], 0)


@given(
    ledgers(),
    st.lists(
        st.tuples(
            st.sampled_from([*RESOURCES, f"{OTHER}/eu-west-1/s3-bucket/new"]), st.sampled_from(POLICIES)
        )
    ),
    st.booleans(),
)
@settings(deadline=None)
def test_what_somebody_is_asked_about_waits_and_until_now_nothing_else_does(
    entries: list[dict[str, Any]], asked: list[tuple[str, str]], until_now: bool
) -> None:
    requests = tuple(
        requested(number=number, resource=resource, policies=[policy])
        for number, (resource, policy) in enumerate(asked)
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
    expected |= dict.fromkeys(asked, "waiting")
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


@given(ledgers())
@settings(deadline=None)
def test_each_day_has_its_executions_and_the_posture_at_its_end(entries: list[dict[str, Any]]) -> None:
    figures = counted(entries)
    days = sorted({each["at"][:10] for each in entries})
    assert [each["day"] for each in figures["days"]] == days
    for each in figures["days"]:
        until = [one for one in entries if one["at"][:10] <= each["day"]]
        assert each["pairs"] == counted(until)["pairs"]
        assert sum(each["outcomes"].values()) == sum(one["at"][:10] == each["day"] for one in entries)


@given(ledgers())
@settings(deadline=None)
def test_executions_are_counted_by_what_came_of_them(entries: list[dict[str, Any]]) -> None:
    figures = counted(entries)
    made = [each for each in entries if each["outcome"] in ("remediated", "undone") and each["changes"]]
    failed = [each for each in entries if each["outcome"] in ("failed", "died")]
    assert figures["records"] == len(entries)
    assert figures["outcomes"] == dict(sorted(Counter(each["outcome"] for each in entries).items()))
    assert figures["changed"] == {
        "records": len(made),
        "settings": sum(len(each["changes"]) for each in made),
    }
    assert figures["failed"] == sum(each["count"] for each in figures["failures"]) == len(failed)
    assert {each["error"]: each["count"] for each in figures["failures"]} == Counter(
        each["error"] or each["outcome"] for each in failed
    )


@pytest.mark.parametrize(
    ("outcome", "resource", "looked_at"),
    [
        ("compliant", "orders", 1),
        ("failed", "orders", 1),
        ("gone", "orders", 1),
        ("fanned-out", "group", 0),
        ("rejected", "orders", 0),
        ("failed", "*", 0),
    ],
)
def test_a_group_or_a_refused_input_is_no_resource_that_was_looked_at(
    outcome: str, resource: str, looked_at: int
) -> None:
    figures = counted([entry(outcome=outcome, resource=f"111122223333/eu-west-1/s3-bucket/{resource}")])
    assert figures["resources"] == looked_at


def test_what_a_person_has_stopped_has_neither_failed_nor_changed_anything() -> None:
    change = {"setting": "Versioning", "before": False, "after": True, "policies": ["s3-versioning"]}
    figures = counted(
        [
            entry(
                outcome="stopped", reason="Stopped by ana.", changes=[change], calls=["PutBucketVersioning"]
            ),
            entry(outcome="stopped", name="run-2", resource="111122223333/eu-west-1/backfill/*"),
        ]
    )
    assert (figures["outcomes"], figures["failed"], figures["failures"]) == ({"stopped": 2}, 0, [])
    assert (figures["changed"], figures["resources"]) == ({"records": 0, "settings": 0}, 1)
    assert [dict(each["outcomes"]) for each in figures["days"]] == [{"alone": 2}]


def test_an_outcome_and_a_status_of_a_later_version_are_counted() -> None:
    later = {"policy": "s3-versioning", "status": "dreaming"}
    figures = counted([entry(outcome="transcended", verdicts=[later])])
    assert figures["outcomes"] == {"transcended": 1}
    assert figures["pairs"] == [0, 0, 0, 1, 0]
