"""Looks in a report: counts of all resources, and for each resource and policy the newest that is known."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.sync_api import expect

from rightstate.catalogue import find_policy, load_all
from rightstate.clock import written
from rightstate.models.settings import Account, Enabled
from rightstate.policy import Mode, Severity
from rightstate.storage.tables import LEDGER
from rightstate.surveying.looks import Line, Look, Looks
from rightstate_cli.embedded.storage import SQLiteStorage
from rightstate_cli.report import looked as reading
from rightstate_cli.report import writer
from rightstate_cli.report.period import Chosen
from rightstate_cli.report.posture import STATES
from tests.cli.report.conftest import Opened
from tests.support import endings, ledgers

ACCOUNT, REGION, TYPE, POLICY = "111122223333", "eu-west-1", "s3-bucket", "s3-versioning"
DAY = datetime(2026, 11, 20, tzinfo=UTC)
BY = "arn:aws:states:eu-west-1:123456789012:execution:rightstate-backfill:nightly"


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Looks]:
    yield looks_in(tmp_path / "ledger.sqlite")


def looks_in(path: Path) -> Looks:
    storage = SQLiteStorage(path)
    return Looks(storage.objects(), storage(LEDGER), 400)


def at(hours: float) -> str:
    return written(DAY + timedelta(hours=hours))


def look(kept: Looks, hours: float, took: float = 0.5, account: str = ACCOUNT, **statuses: str) -> None:
    """A survey that read the buckets so many hours after the day's beginning, with what it saw of each."""
    seen = Look(account, REGION, TYPE, "aside/", kept=kept)
    for name, status in statuses.items():
        verdicts = {} if status == "unreadable" else {POLICY: status}
        seen.add(Line(resource=name, arn=None, at=at(hours), status=status, verdicts=verdicts))
    before = kept.before(kept.parts_of(account, REGION).get(TYPE, []))
    seen.finish(DAY + timedelta(hours=hours + took), BY, "b", before)


def execution(name: str, hours: float, what: str, seconds: float = 1) -> dict[str, Any]:
    """The entry of an execution: `remediated`, `reported` or `compliant`."""
    mode = Mode.REPORT if what == "reported" else Mode.AUTO
    found = endings.ended(
        resource=name,
        name=f"{name}-{hours}",
        started=at(hours),
        seconds=seconds,
        policies={POLICY: mode},
        observed=endings.KEPT if what == "compliant" else endings.BUCKET,
    )
    assert found["outcome"] == what
    return found


def report(
    directory: Path, kept: Looks, entries: list[dict[str, Any]], chosen: Chosen | None = None, **about: Any
) -> writer.Written:
    chosen = chosen or Chosen()
    given = {"accounts": (), **about}
    made = writer.About(
        source="a test",
        chosen=chosen,
        now=ledgers.END,
        requests=(),
        halts=(),
        looked=partial(reading.gather, kept, chosen, [ACCOUNT]),
        **given,
    )
    return writer.write(entries, made, directory)


def pairs(found: writer.Written) -> dict[str, int]:
    return {state: count for state, count in zip(STATES, found.figures["pairs"], strict=True) if count}


def test_every_resource_that_a_look_saw_counts_without_an_execution(kept: Looks, tmp_path: Path) -> None:
    look(kept, 8, a="compliant", b="compliant", c="broken", d="held", e="exempt", f="not-applicable")
    found = report(tmp_path / "out", kept, [])
    assert pairs(found) == {"compliant": 2, "broken": 1, "left": 1, "exempt": 1}
    assert found.figures["resources"] == 6
    assert found.figures["accounts"] == {ACCOUNT: found.figures["pairs"]}
    assert found.figures["policies"] == {POLICY: found.figures["pairs"]}


@pytest.mark.parametrize(
    ("executed", "hours", "seconds", "expected"),
    [
        ("remediated", 7, 1, "broken"),
        ("remediated", 9, 1, "compliant"),
        ("reported", 9, 1, "broken"),
        # It began before the look, waited, and ended after it.
        ("remediated", 7, 7200, "compliant"),
        # It ended after the resource was read, and before the look was complete.
        ("remediated", 8.1, 1, "compliant"),
    ],
)
@pytest.mark.parametrize("looks", [1, 2], ids=["a look", "the second look that saw the same"])
def test_for_a_resource_and_a_policy_the_newest_counts(
    kept: Looks, tmp_path: Path, executed: str, hours: float, seconds: float, expected: str, looks: int
) -> None:
    for earlier in range(1, looks):
        look(kept, 6 - earlier, a="broken", b="compliant")
    look(kept, 8, a="broken", b="compliant")
    found = report(tmp_path / "out", kept, [execution("a", hours, executed, seconds)])
    assert pairs(found) == dict(Counter([expected, "compliant"]))
    assert found.figures["resources"] == 2


def test_what_a_complete_look_does_not_list_is_gone_unless_an_execution_met_it_later(
    kept: Looks, tmp_path: Path
) -> None:
    look(kept, 8, a="compliant")
    entries = [execution("gone", 7, "reported"), execution("new", 9, "reported")]
    found = report(tmp_path / "out", kept, entries)
    assert pairs(found) == {"compliant": 1, "broken": 1}


def test_what_could_not_be_read_is_as_it_was_known_before_and_is_counted(kept: Looks, tmp_path: Path) -> None:
    look(kept, 8, a="unreadable", b="unreadable")
    found = report(tmp_path / "out", kept, [execution("a", 7, "reported")])
    assert (pairs(found), found.figures["unread"]) == ({"broken": 1}, 2)


def test_the_trend_moves_with_each_look(kept: Looks, tmp_path: Path) -> None:
    look(kept, 8, a="broken", b="broken")
    look(kept, 32, a="broken", b="compliant")
    look(kept, 56, a="compliant", b="compliant")
    found = report(tmp_path / "out", kept, [])
    compliant = {day["day"]: day["pairs"][0] for day in found.figures["days"]}
    assert compliant == {"2026-11-20": 0, "2026-11-21": 1, "2026-11-22": 2}
    before = report(tmp_path / "before", kept, [], Chosen(until="2026-11-22T00:00:00.000Z"))
    assert pairs(before) == {"compliant": 1, "broken": 1}


STATUSES = st.sampled_from(["compliant", "broken", "held", "exempt", "unreadable"])
NAMES = st.sampled_from("abc")
EVENTS = st.one_of(
    st.tuples(st.just("look"), st.dictionaries(NAMES, STATUSES, max_size=3)),
    st.tuples(st.just("run"), st.tuples(NAMES, st.sampled_from(["remediated", "reported", "compliant"]))),
)


@given(st.lists(EVENTS, max_size=8))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_posture_is_that_of_a_slow_count_over_all_resources(
    tmp_path_factory: pytest.TempPathFactory, events: list[tuple[str, Any]]
) -> None:
    """Events follow one another by an hour: after each look, its lines are all that is known."""
    folder = tmp_path_factory.mktemp("looked")
    kept = looks_in(folder / "ledger.sqlite")
    known: dict[str, str] = {}
    entries = []
    for number, (kind, what) in enumerate(events):
        if kind == "run":
            name, outcome = what
            entries.append(execution(name, number, outcome))
            known[name] = {"remediated": "compliant", "reported": "broken", "compliant": "compliant"}[outcome]
    last = max((number for number, (kind, _) in enumerate(events) if kind == "look"), default=None)
    for number, (kind, what) in enumerate(events):
        if kind == "look":
            look(kept, number, took=0.1, **what)
    known = {}
    for number, (kind, what) in enumerate(events):
        if kind == "run":
            name, outcome = what
            known[name] = "broken" if outcome == "reported" else "compliant"
        elif number == last:
            was = known
            known = {name: "left" if status == "held" else status for name, status in what.items()}
            for name in [name for name, status in known.items() if status == "unreadable"]:
                del known[name]
                # An earlier look's line is not kept; an execution's finding is.
                if name in was:
                    known[name] = was[name]
    found = report(folder / "out", kept, entries)
    assert pairs(found) == dict(Counter(known.values()))


def test_only_lines_of_what_is_named_or_not_well_are_kept(kept: Looks) -> None:
    many = {f"b{number}": "compliant" for number in range(50)}
    look(kept, 8, **{**many, "x": "broken", "y": "unreadable", "z": "compliant"})
    found = reading.gather(kept, Chosen(), [], {f"{ACCOUNT}/{REGION}/{TYPE}/z"})
    [seen] = found.looks
    assert [key.rpartition("/")[2] for key in seen.seen] == ["z"]
    assert [key.rpartition("/")[2] for key, _ in found.bad] == ["x", "y"]
    assert seen.counts.resources == 53


Open = Callable[..., Opened]


@pytest.fixture
def page_of(kept: Looks, tmp_path: Path) -> Path:
    """A report of two accounts: one with looks and executions, one with a look alone."""
    look(kept, 8, a="broken", b="compliant", c="broken", d="unreadable")
    look(kept, 32, a="broken", b="compliant", c="broken", d="unreadable", e="compliant")
    look(kept, 30, account="444455556666", f="broken")
    entries = [
        execution("a", 7, "reported"),
        execution("a", 33, "remediated"),
        execution("b", 9, "compliant"),
        execution("new", 34, "reported"),
        execution("c", 10, "reported"),
    ]
    accounts = (Account(account=ACCOUNT, name="shop", policies={POLICY: Enabled(mode=Mode.AUTO)}),)
    report(tmp_path / "out", kept, entries, accounts=accounts)
    return tmp_path / "out"


def cards(opened: Opened) -> dict[str, str]:
    page = opened.page
    names = page.locator(".card .name").all_inner_texts()
    return dict(zip(names, page.locator(".card .value").all_inner_texts(), strict=True))


def test_the_page_counts_looks_as_the_report_did_and_narrows_them(opened: Open, page_of: Path) -> None:
    found = opened(page_of)
    assert found.said == []
    page = found.page

    def told() -> list[str]:
        return page.locator("#headline, #posture table, #errors").all_inner_texts()

    before, first = told(), cards(found)
    assert (first["Resources looked at"], first["Compliant"]) == ("7", "50.0 %")
    page.locator("input[name=from]").fill("2026-11-20")
    page.locator("#status", has_text="5 of 5").wait_for()
    assert told() == before
    page.locator("select[name=account]").select_option("444455556666")
    page.locator("#status", has_text="0 of 5").wait_for()
    assert (cards(found)["Resources looked at"], cards(found)["Compliant"]) == ("1", "0 %")


def test_the_page_lists_what_is_broken_and_what_was_assessed_when_by_what(
    opened: Open, page_of: Path
) -> None:
    page = opened(page_of).page
    rows = page.locator("#broken tbody tr")
    expect(rows).to_have_count(4)
    names = [row.splitlines()[0] for row in rows.all_inner_texts()]
    assert sorted(names) == ["c", "d", "f", "new"]
    expect(page.locator("#broken tr", has_text="could not be read")).to_have_count(1)
    assessed = page.locator("#assessed tbody tr")
    expect(assessed.nth(0)).to_contain_text("a sweep or backfill")
    expect(assessed.nth(1)).to_contain_text("an execution, of one resource")
    policies = sum(len(each.policies) for each in load_all())
    expect(page.locator("#enabled tbody tr").filter(has_text="shop")).to_contain_text(
        f"{policies - 1} of {policies}"
    )
    expect(page.locator("#enabled tbody tr").filter(has_text="444455556666")).to_contain_text(
        "not registered"
    )


def test_a_report_of_some_policies_counts_and_lists_only_these_of_the_looks(
    kept: Looks, tmp_path: Path
) -> None:
    look(kept, 8, a="compliant", b="broken")
    own = find_policy(POLICY)[1].severity
    same = report(tmp_path / "same", kept, [], Chosen(severity=own))
    assert pairs(same) == {"compliant": 1, "broken": 1}
    none = report(tmp_path / "none", kept, [], Chosen(severity=Severity.CRITICAL))
    assert own is not Severity.CRITICAL
    assert pairs(none) == {}
    page = (tmp_path / "none" / "index.html").read_text()
    assert '"broken":{"rows":[]' in page
