"""What every implementation of the objects does."""

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from rightstate.storage.objects import Objects, S3Objects
from rightstate.storage.tables import GUARDS
from rightstate_cli.embedded import storage
from rightstate_cli.embedded.storage import SQLiteStorage


@pytest.fixture(params=["S3", "SQLite"])
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Objects]:
    if request.param == "SQLite":
        yield SQLiteStorage(tmp_path / "ledger.sqlite").objects()
        return
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="work")
        yield S3Objects(client, "work")


def test_an_object_is_as_it_was_last_written(objects: Objects) -> None:
    for content in (b"one", b"", bytes(range(256))):
        objects.put("a/b", content)
        assert objects.get("a/b") == content


def test_there_is_nothing_where_nothing_was_written(objects: Objects) -> None:
    assert objects.get("a") is None
    objects.delete("a")
    assert list(objects.keys("")) == []


def test_one_that_is_deleted_is_gone_and_no_other(objects: Objects) -> None:
    for key in ("a", "ab"):
        objects.put(key, b"x")
    objects.delete("a")
    assert (objects.get("a"), objects.get("ab")) == (None, b"x")


def test_keys_are_listed_by_their_prefix_and_in_order(objects: Objects) -> None:
    names = ["looks/b", "looks/a", "look", "looks/ä", "looks_", "looks/%x", "lookz/a", "Looks/a"]
    for name in names:
        objects.put(name, b"x")
    assert list(objects.keys("looks/")) == ["looks/%x", "looks/a", "looks/b", "looks/ä"]
    assert list(objects.keys("")) == sorted(names)
    assert list(objects.keys("looks/%")) == ["looks/%x"]


def test_more_keys_than_one_answer_holds_are_all_listed(objects: Objects) -> None:
    for number in range(1005):
        objects.put(f"k/{number:05}", b"")
    assert list(objects.keys("k/")) == [f"k/{number:05}" for number in range(1005)]


def test_a_file_of_the_first_format_gets_room_for_objects_and_keeps_its_items(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = {"id": "resource", "what": "guard"}
    with monkeypatch.context() as patched:
        patched.setattr(storage, "VERSION", 1)
        patched.setattr(storage, "_MIGRATIONS", storage._MIGRATIONS[:1])
        SQLiteStorage(tmp_path / "l.sqlite")(GUARDS).put(item)
    opened = SQLiteStorage(tmp_path / "l.sqlite")
    opened.objects().put("a", b"x")
    assert (opened.objects().get("a"), opened(GUARDS).get(item)) == (b"x", item)
