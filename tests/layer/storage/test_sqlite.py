"""The file of the tables without a hub: who may read it, and what it survives."""

import os
import sqlite3
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from rightstate.errors import InvalidInput, Unavailable
from rightstate.storage.table import absent
from rightstate.storage.tables import GUARDS, LEDGER, SETTINGS
from rightstate_cli.embedded import storage
from rightstate_cli.embedded.storage import SQLiteStorage

KEY = {"id": "resource", "what": "guard"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new" / "ledger.sqlite"


def test_what_was_written_is_there_for_the_next_command(path: Path) -> None:
    SQLiteStorage(path)(SETTINGS).put({"account": "111122223333"})
    assert list(SQLiteStorage(path)(SETTINGS).scan()) == [{"account": "111122223333"}]


def test_the_tables_do_not_see_each_others_items(path: Path) -> None:
    opened = SQLiteStorage(path)
    opened(GUARDS).put(KEY)
    assert list(opened(LEDGER).scan()) == []


def test_only_its_owner_may_read_the_file(path: Path) -> None:
    SQLiteStorage(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_what_has_expired_is_removed_when_the_file_is_opened(path: Path) -> None:
    table = SQLiteStorage(path)(GUARDS)
    now = int(time.time())
    for what, expires in (("old", now - 60), ("new", now + 3600)):
        table.put({"id": "resource", "what": what, "expires": expires})
    table.put({"id": "resource", "what": "for-ever"})
    left = SQLiteStorage(path)(GUARDS).query("resource")
    assert [item["what"] for item in left] == ["for-ever", "new"]


def test_a_file_of_a_newer_version_is_left_alone(path: Path) -> None:
    SQLiteStorage(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    before = path.read_bytes()
    with pytest.raises(InvalidInput, match=r"newer Rightstate \(format 99"):
        SQLiteStorage(path)
    assert path.read_bytes() == before


def test_a_file_of_an_older_version_is_migrated_and_keeps_its_items(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    SQLiteStorage(path)(GUARDS).put(KEY)
    added = ("ALTER TABLE items ADD COLUMN added TEXT",)
    monkeypatch.setattr(storage, "VERSION", storage.VERSION + 1)
    monkeypatch.setattr(storage, "_MIGRATIONS", (*storage._MIGRATIONS, added))
    opened = SQLiteStorage(path)
    columns = [row[1] for row in opened.connection().execute("PRAGMA table_info(items)")]
    assert "added" in columns
    assert opened.connection().execute("PRAGMA user_version").fetchone() == (storage.VERSION,)
    assert opened(GUARDS).get(KEY) == KEY


def test_a_migration_that_fails_leaves_the_file_as_it_was(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    SQLiteStorage(path)(GUARDS).put(KEY)
    broken = ("ALTER TABLE items ADD COLUMN added TEXT", "NO SQL AT ALL")
    with monkeypatch.context() as patched:
        patched.setattr(storage, "VERSION", storage.VERSION + 1)
        patched.setattr(storage, "_MIGRATIONS", (*storage._MIGRATIONS, broken))
        with pytest.raises(Unavailable):
            SQLiteStorage(path)
    assert SQLiteStorage(path)(GUARDS).get(KEY) == KEY


def test_a_file_that_is_no_ledger_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    text, foreign = tmp_path / "notes.txt", tmp_path / "foreign.sqlite"
    text.write_text("Buy milk. " * 100)
    with closing(sqlite3.connect(foreign)) as connection:
        connection.execute("CREATE TABLE items (name TEXT)")
    for path, why in ((text, "no ledger of Rightstate"), (foreign, "a database, but no ledger")):
        before = path.read_bytes()
        with pytest.raises(InvalidInput, match=why):
            SQLiteStorage(path)
        assert path.read_bytes() == before


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match="cannot be opened"):
        SQLiteStorage(tmp_path / "file" / "ledger.sqlite")


_WRITER = """
import sys
from pathlib import Path
from rightstate.storage.table import absent
from rightstate.storage.tables import GUARDS
from rightstate_cli.embedded.storage import SQLiteStorage
table = SQLiteStorage(Path(sys.argv[1]))(GUARDS)
for number in range(int(sys.argv[3])):
    table.update({"id": "resource", "what": "guard"}, add={"count": 1})
    # Two items belong together where one names the other.
    table.put({"id": sys.argv[2], "what": f"{number:06}", "filler": "x" * 2000})
    print(number, flush=True)
"""


def writer(path: Path, name: str, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _WRITER, str(path), name, str(count)]
    return subprocess.Popen(  # noqa: S603 - our own Python
        command,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ},
    )


def test_two_processes_write_at_once_and_neither_loses_anything(path: Path) -> None:
    with writer(path, "one", 200) as one, writer(path, "two", 200) as two:
        assert [each.communicate()[0].split()[-1] for each in (one, two)] == ["199", "199"]
    table = SQLiteStorage(path)(GUARDS)
    counted = table.get(KEY)
    assert counted is not None
    assert counted["count"] == 400
    assert {name: len(list(table.query(name))) for name in ("one", "two")} == {"one": 200, "two": 200}


def test_a_process_that_is_killed_has_lost_nothing_that_it_had_written(path: Path) -> None:
    written = 0
    for _ in range(3):
        with writer(path, "killed", 1_000_000) as killed:
            assert killed.stdout is not None
            said = [killed.stdout.readline() for _ in range(60)]
            killed.kill()
            said += killed.stdout.readlines()
        last = [line for line in said if line.endswith("\n")][-1]
        written += int(last) + 1
        opened = SQLiteStorage(path)
        assert opened.connection().execute("PRAGMA integrity_check").fetchone() == ("ok",)
        counted = opened(GUARDS).get(KEY)
        assert counted is not None
        # What it had not said yet it may have written.
        assert counted["count"] >= written
        assert len(list(opened(GUARDS).query("killed"))) > int(last)
        written = counted["count"]


def test_one_of_two_processes_gets_a_lock(path: Path) -> None:
    first, second = SQLiteStorage(path)(GUARDS), SQLiteStorage(path)(GUARDS)
    assert first.update(KEY, {"owner": "first"}, when=[[absent("owner")]]) == {}
    assert second.update(KEY, {"owner": "second"}, when=[[absent("owner")]]) is None


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("size", [1, 2, 7, 10, 11])
def test_pages_of_any_size_give_each_item_once_and_in_order(
    path: Path, monkeypatch: pytest.MonkeyPatch, size: int, newest_first: bool
) -> None:
    monkeypatch.setattr(storage, "_PAGE", size)
    table = SQLiteStorage(path)(LEDGER)
    # Several of one time, and of one resource.
    for number in range(10):
        table.put(
            {"resource": f"r{number % 3}", "at": f"t{number // 4}{number}", "day": "d", "execution": "e"}
        )
    by_day = [item["at"] for item in table.query("d", "day", newest_first=newest_first)]
    assert by_day == sorted(by_day, reverse=newest_first)
    assert len(set(by_day)) == 10
    assert len(list(table.query("e", "execution", newest_first=newest_first))) == 10
    assert len(list(table.query("r0", newest_first=newest_first))) == 4
    assert len({item["at"] for item in table.scan()}) == 10


def test_what_is_read_may_be_written_meanwhile_by_this_connection_and_by_another(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "_PAGE", 2)
    one, another = SQLiteStorage(path)(GUARDS), SQLiteStorage(path)(GUARDS)
    for number in range(9):
        one.put({"id": "resource", "what": f"{number}"})
    for item in one.query("resource"):
        another.update(item, add={"seen": 1})
        one.update(item, add={"seen": 1})
    assert [item["seen"] for item in one.query("resource")] == [2] * 9


def test_a_query_that_is_given_up_is_forgotten_by_any_thread(path: Path) -> None:
    table = SQLiteStorage(path)(GUARDS)
    table.put(KEY)
    begun = table.query("resource")
    assert next(begun) == KEY
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(begun.close).exception() is None  # type: ignore[attr-defined]


@pytest.mark.parametrize("index", ["batch", "account", "day", "execution"])
def test_a_query_by_an_index_does_not_read_the_whole_table(path: Path, index: str) -> None:
    opened = SQLiteStorage(path)
    seen: list[str] = []
    opened.connection().set_trace_callback(seen.append)
    assert list(opened(LEDGER).query("any", index)) == []
    [statement] = [each for each in seen if each.startswith("SELECT")]
    plans = [row[3] for row in opened.connection().execute(f"EXPLAIN QUERY PLAN {statement}")]
    assert f"USING INDEX ledger_{index}" in plans[0]
    # An execution has one entry. Of the others, those of one time alone are sorted.
    assert index == "execution" or "USE TEMP B-TREE FOR ORDER BY" not in plans
