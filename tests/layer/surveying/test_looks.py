"""Looks: what a survey saw, as later readers find it."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import pytest

from rightstate import clock, storage
from rightstate.models.backfill import Begun
from rightstate.storage.tables import LEDGER
from rightstate.surveying import looks
from rightstate.surveying.looks import Counts, Line, Look
from rightstate_cli.embedded.storage import SQLiteStorage

ONE, TWO = "111122223333", "444455556666"
HERE, THERE = "eu-west-1", "us-east-1"
AT = datetime(2026, 11, 26, 8, tzinfo=UTC)
BY = "arn:aws:states:eu-west-1:123456789012:execution:rightstate-backfill/Scopes:x"


@pytest.fixture(autouse=True)
def kept(tmp_path: Path) -> Iterator[SQLiteStorage]:
    kept = SQLiteStorage(tmp_path / "ledger.sqlite")
    with (
        storage.kept_in(kept),
        storage.objects_kept_in(kept.objects),
        patch.dict(os.environ, {"LEDGER_DAYS": "400"}),
    ):
        yield kept


def seen(number: int, status: str = "compliant", **verdicts: str) -> Line:
    name = f"bucket-{number}"
    verdicts = verdicts or {"s3-versioning": status}
    at = "2026-11-26T08:00:00.000Z"
    return Line(resource=name, arn=f"arn:aws:s3:::{name}", at=at, status=status, verdicts=verdicts)


def read() -> list[Line]:
    return list(looks.deployed().read(looks.deployed().parts_of(ONE, HERE)["s3-bucket"]))


def look(*lines: Line, account: str = ONE, region: str = HERE, at: datetime = AT) -> Counts:
    written = Look(account, region, "s3-bucket", "batches/b/aside/")
    for line in lines:
        written.add(line)
    return written.finish(at, BY, "b")


def test_a_look_is_read_as_it_was_written() -> None:
    lines = [seen(1), seen(2, "broken"), seen(3, "unreadable")]
    look(*lines)
    look(seen(4), region=THERE)
    look(seen(5), account=TWO)
    assert list(looks.deployed().latest(ONE)) == [
        *(("s3-bucket", HERE, line) for line in lines),
        ("s3-bucket", THERE, seen(4)),
    ]
    assert read() == lines


def test_the_next_look_takes_the_place_of_the_one_before_however_many_parts_that_had(
    kept: SQLiteStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looks, "LINES", 3)
    for count in (10, 4, 0, 7):
        look(*(seen(number) for number in range(count)))
        assert [line.resource for _, _, line in looks.deployed().latest(ONE)] == [
            f"bucket-{n}" for n in range(count)
        ]
        assert len(list(kept.objects().keys(looks.PREFIX))) == -(-count // 3)
        assert list(kept.objects().keys("batches/")) == []


def test_until_a_look_is_finished_the_one_before_it_is_read() -> None:
    look(seen(1, "broken"))
    later = Look(ONE, HERE, "s3-bucket", "batches/c/aside/")
    later.add(seen(1))
    begun = later.suspend()
    assert [line.status for line in read()] == ["broken"]
    Look(ONE, HERE, "s3-bucket", "batches/c/aside/", begun).finish(AT, BY, "c")
    assert [line.status for line in read()] == ["compliant"]


def test_a_look_that_another_process_goes_on_with_is_the_same_as_one_of_one_process() -> None:
    lines = [seen(number, "broken" if number % 3 else "compliant") for number in range(9)]
    whole = look(*lines)
    begun = Begun()
    for first in range(0, 9, 2):
        part = Look(ONE, HERE, "s3-bucket", "batches/b/aside/", begun)
        for line in lines[first : first + 2]:
            part.add(line)
        # As state data, and tried once more as after a function that was killed.
        begun = Begun.model_validate_json(part.suspend().model_dump_json())
    finished = Look(ONE, HERE, "s3-bucket", "batches/b/aside/", begun).finish(AT, BY, "b")
    assert finished == whole
    assert read() == lines


def test_the_counts_of_looks_are_found_by_account_and_time() -> None:
    look(seen(1), seen(2, "broken", **{"s3-versioning": "broken", "s3-access-logging": "compliant"}))
    look(seen(3, "unreadable"), region=THERE, at=AT + timedelta(days=1))
    look(seen(4), account=TWO)
    [first, second] = looks.deployed().counts(ONE, AT, AT + timedelta(days=1))
    assert first == Counts(
        account=ONE,
        region=HERE,
        resource_type="s3-bucket",
        looked_at="2026-11-26T08:00:00.000Z",
        by=BY,
        in_batch="b",
        resources=2,
        unreadable=0,
        statuses={"compliant": 1, "broken": 1},
        policies={"s3-versioning": {"compliant": 1, "broken": 1}, "s3-access-logging": {"compliant": 1}},
    )
    assert (second.region, second.unreadable) == (THERE, 1)
    assert list(looks.deployed().counts(ONE, AT + timedelta(hours=1), AT + timedelta(hours=2))) == []
    assert list(looks.deployed().counts(ONE, AT, AT)) == [first]


def test_no_index_of_the_ledger_lists_the_counts_and_they_expire(kept: SQLiteStorage) -> None:
    look(seen(1))
    [item] = kept(LEDGER).scan()
    assert not {"account", "day", "execution", "batch"} & item.keys()
    assert item["expires"] == int((AT + timedelta(days=400)).timestamp())


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (seen(1, "broken"), seen(1, "broken"), True),
        (seen(1, "broken"), seen(1, "held"), False),
        (seen(1, "broken", a="broken", b="compliant"), seen(1, "broken", a="broken", b="broken"), False),
        (seen(1, "compliant"), seen(1, "not-applicable"), True),
    ],
)
def test_a_finding_is_the_same_as_long_as_the_same_is_found(one: Line, other: Line, same: bool) -> None:
    assert (one.finding == other.finding) is same


@pytest.mark.parametrize("name", ["bucket-1", 'a "quoted" name', "küche/\x7f\u2028"])
def test_one_resource_is_found_by_its_whole_name(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looks, "LINES", 2)
    wanted = Line(resource=name, arn=None, at="2026-11-26T08:00:00.000Z", status="broken")
    look(seen(11), seen(2), wanted, seen(3))
    kept = looks.deployed()
    assert kept.of(ONE, HERE, "s3-bucket", name) == wanted
    assert kept.of(ONE, HERE, "s3-bucket", "bucket") is None
    assert kept.of(TWO, HERE, "s3-bucket", name) is None


def test_a_look_that_is_discarded_leaves_the_one_before_and_nothing_aside(
    kept: SQLiteStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looks, "LINES", 2)
    look(seen(1))
    later = Look(ONE, HERE, "s3-bucket", "surveys/x/")
    for number in range(5):
        later.add(seen(number))
    later.discard()
    assert read() == [seen(1)]
    assert list(kept.objects().keys("surveys/")) == []


def again(*lines: Line, at: datetime) -> Counts:
    """A look with another time, that knows the one before it."""
    kept = looks.deployed()
    written = Look(ONE, HERE, "s3-bucket", "batches/c/aside/")
    for line in lines:
        written.add(line.model_copy(update={"at": clock.written(at)}))
    return written.finish(at, BY, "c", kept.before(kept.parts_of(ONE, HERE).get("s3-bucket", [])))


LATER = AT + timedelta(days=1)


def test_a_look_that_saw_the_same_leaves_the_lines_and_says_when_it_read() -> None:
    lines = [seen(1), seen(2, "broken")]
    look(*lines)
    counts = again(*reversed(lines), at=LATER)
    assert read() == lines
    assert counts == list(looks.deployed().counts(ONE, AT, LATER))[-1]
    assert {counts.read_at(line.at) for line in read()} == {clock.written(LATER)}
    assert counts.statuses == {"compliant": 1, "broken": 1}


@pytest.mark.parametrize(
    "lines",
    [[seen(1)], [seen(1), seen(2, "broken"), seen(3)], [seen(1), seen(2)], [seen(1), seen(9, "broken")], []],
    ids=["one is gone", "one is new", "one is well now", "another", "all are gone"],
)
def test_a_look_that_saw_something_else_is_written(lines: list[Line]) -> None:
    look(seen(1), seen(2, "broken"))
    counts = again(*lines, at=LATER)
    at = clock.written(LATER)
    found = list(looks.deployed().latest(ONE))
    assert [line for _, _, line in found] == [line.model_copy(update={"at": at}) for line in lines]
    assert counts.read_again_at == ""


@pytest.mark.parametrize(("kept_for", "days", "written"), [(400, 29, False), (400, 31, True), (20, 11, True)])
def test_a_look_is_written_again_before_the_bucket_removes_it(
    kept_for: int, days: int, written: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEDGER_DAYS", str(kept_for))
    look(seen(1))
    again(seen(1), at=AT + timedelta(days=days))
    assert (read() == [seen(1)]) is not written


def test_a_large_look_is_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looks, "_FEW", 2)
    lines = [seen(number) for number in range(3)]
    look(*lines)
    assert again(*lines, at=LATER).read_again_at == ""
    assert read() != lines
