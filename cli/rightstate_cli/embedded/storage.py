"""The tables without a hub: one SQLite file, which lasts from command to command.

Any number of threads and processes may use it at once, and one that is killed leaves it whole: SQLite's
write-ahead log holds a transaction wholly or not at all (sqlite.org, "Write-Ahead Logging").
"""

import json
import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rightstate.errors import InvalidInput, Unavailable
from rightstate.identify import shown
from rightstate.storage.table import Clause, Comparison, Item, Key
from rightstate.storage.tables import TABLES, TableSpec

VERSION = 2
"""The file's format. A step of `_MIGRATIONS` leads from each version to the next one."""
_APPLICATION = 0x52535431  # "RST1", by which file(1) and we know our files
_BUSY_SECONDS = 60.0
_PAGE = 500
# Of all that is stored, what is looked up by: the key, and each index's partition and sort key.
_ATTRIBUTE = "json_extract(item, '$.{}')"


class _Connection(sqlite3.Connection):
    """A connection that ends with its thread. From Python 3.13 on, one that nobody closes is warned of."""

    def __del__(self) -> None:
        # The last who knew it may be another thread, which may not close it. It is closed then all the same.
        with suppress(sqlite3.ProgrammingError):
            self.close()


class SQLiteStorage:
    """The file at `path`, made with its folder where there is none. Call it with a table's specification.

    Raises InvalidInput where the file is none of ours or of a newer version, Unavailable where it cannot be
    opened or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._threads = threading.local()
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not path.exists():
                self._create()
        except OSError as error:
            raise Unavailable(f"The ledger {shown(str(path))} cannot be opened: {error.strerror}.") from None
        self._check()
        with self.transaction() as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            for statement in chain.from_iterable(_MIGRATIONS[version:]):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {_APPLICATION}")
            connection.execute(f"PRAGMA user_version = {VERSION}")
            connection.execute("DELETE FROM items WHERE expires < unixepoch()")

    def __call__(self, spec: TableSpec) -> "SQLiteTable":
        return SQLiteTable(self, spec)

    def objects(self) -> "SQLiteObjects":
        """What is kept beside the tables."""
        return SQLiteObjects(self)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A write that is seen wholly or not at all."""
        with self.errors():
            connection = self.connection()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def connection(self) -> sqlite3.Connection:
        """This thread's connection: SQLite's may not be shared between threads, nor between processes."""
        mine: tuple[int, sqlite3.Connection] | None = getattr(self._threads, "mine", None)
        if mine is None or mine[0] != os.getpid():
            connection = sqlite3.connect(
                self.path, timeout=_BUSY_SECONDS, isolation_level=None, factory=_Connection
            )
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            mine = self._threads.mine = (os.getpid(), connection)
        return mine[1]

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Raise SQLite's errors as ours."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            name = shown(str(self.path))
            if isinstance(error, sqlite3.OperationalError):
                raise Unavailable(
                    f"The ledger {name} cannot be read or written: {error}. Look at the disk and at the "
                    "file's owner."
                ) from None
            raise InvalidInput(
                f"{name} is no ledger of Rightstate, or is damaged: {error}. Nothing was changed in it. Name "
                "another file."
            ) from None

    def _create(self) -> None:
        """Make a file in WAL mode that only its owner may read, and name it when it is complete: of two
        processes that turn on WAL at once, SQLite refuses one."""
        with TemporaryDirectory(dir=self.path.parent, prefix=f".{self.path.name}-") as folder:
            fresh = Path(folder) / self.path.name
            fresh.touch(mode=0o600)
            with closing(sqlite3.connect(fresh)) as connection:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute(f"PRAGMA application_id = {_APPLICATION}")
            with suppress(FileExistsError):
                os.link(fresh, self.path)

    def _check(self) -> None:
        """Refuse what is not ours before anything is written: WAL mode alone changes the file."""
        with self.errors(), closing(sqlite3.connect(self.path, timeout=_BUSY_SECONDS)) as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            (application,) = connection.execute("PRAGMA application_id").fetchone()
            (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        name, unchanged = shown(str(self.path)), "Nothing was changed in it."
        if tables and application != _APPLICATION:
            raise InvalidInput(
                f"{name} is a database, but no ledger of Rightstate. {unchanged} Name another file."
            )
        if version > VERSION:
            raise InvalidInput(
                f"The ledger {name} was written by a newer Rightstate (format {version}, this one knows "
                f"{VERSION}). {unchanged} Upgrade Rightstate, or name another file."
            )


def _first_format() -> Iterator[str]:
    yield (
        'CREATE TABLE items ("table" TEXT NOT NULL, partition TEXT NOT NULL, sort TEXT NOT NULL, '
        'item TEXT NOT NULL, expires INTEGER, PRIMARY KEY ("table", partition, sort)) WITHOUT ROWID'
    )
    yield "CREATE INDEX items_expire ON items (expires) WHERE expires IS NOT NULL"
    for spec in TABLES:
        for index in spec.indexes:
            columns = [_ATTRIBUTE.format(name) for name in (index.partition, index.sort) if name]
            yield (
                f"CREATE INDEX {spec.name}_{index.name} ON items ({', '.join(columns)}) "
                f"WHERE \"table\" = '{spec.name}'"
            )


_MIGRATIONS: tuple[tuple[str, ...], ...] = (
    tuple(_first_format()),
    ("CREATE TABLE objects (key TEXT NOT NULL PRIMARY KEY, content BLOB NOT NULL)",),
)


@dataclass(frozen=True)
class SQLiteTable:
    """One table of the file."""

    _storage: SQLiteStorage
    _spec: TableSpec

    def get(self, key: Key) -> Item | None:
        with self._storage.errors():
            return self._get(self._storage.connection(), key)

    def put(self, item: Mapping[str, Any], when: Sequence[Clause] = ()) -> bool:
        with self._storage.transaction() as connection:
            if when and not _hold(self._get(connection, item) or {}, when):
                return False
            self._write(connection, item)
        return True

    def update(
        self,
        key: Key,
        values: Mapping[str, Any] = {},
        *,
        add: Mapping[str, int] = {},
        remove: Sequence[str] = (),
        when: Sequence[Clause] = (),
    ) -> Item | None:
        with self._storage.transaction() as connection:
            before = self._get(connection, key) or {}
            if not _hold(before, when):
                return None
            after = json.loads(_as_text(before)) | dict(key)
            for path, value in values.items():
                within, name = _parent(after, path)
                within[name] = value
            for path, number in add.items():
                within, name = _parent(after, path)
                within[name] = within.get(name, 0) + number
            for path in remove:
                within, name = _parent(after, path)
                within.pop(name, None)
            self._write(connection, after)
        return before

    def delete(self, key: Key, when: Sequence[Clause] = ()) -> bool:
        with self._storage.transaction() as connection:
            if when and not _hold(self._get(connection, key) or {}, when):
                return False
            connection.execute(
                'DELETE FROM items WHERE "table" = ? AND partition = ? AND sort = ?', self._where(key)
            )
        return True

    def query(
        self,
        value: str,
        index: str = "",
        *,
        between: tuple[str, str] | None = None,
        newest_first: bool = False,
        where: Sequence[Clause] = (),
    ) -> Iterator[Item]:
        named = self._spec.index(index)
        partition = _ATTRIBUTE.format(named.partition) if index else "partition"
        test, given, order = f"{partition} = ?", [value], ["sort"]
        if index:
            order = [*([_ATTRIBUTE.format(named.sort)] if named.sort else []), "partition", "sort"]
        if between:
            test += f" AND {order[0]} BETWEEN ? AND ?"
            given += between
        yield from self._items(test, given, order, where, newest_first)

    def scan(self, where: Sequence[Clause] = ()) -> Iterator[Item]:
        yield from self._items("TRUE", [], ["partition", "sort"], where)

    def made(self) -> datetime:
        with self._storage.errors():
            statement = "SELECT min(json_extract(item, '$.day')) FROM items WHERE \"table\" = ?"
            (day,) = self._storage.connection().execute(statement, [self._spec.name]).fetchone()
        return datetime.fromisoformat(day).replace(tzinfo=UTC) if day else datetime.now(UTC)

    def _items(
        self,
        test: str,
        given: Sequence[str],
        order: Sequence[str],
        where: Sequence[Clause],
        newest_first: bool = False,
    ) -> Iterator[Item]:
        """Page by page, each from behind the last item of the one before. A statement that stays open while
        its items are looked at would keep the connection from writing (sqlite.org, "Isolation In SQLite": a
        reader that is not the latest is refused), and could be closed by another thread."""
        # The table's name as a text of the statement, as the indexes' own condition has it: SQLite uses a
        # partial index only where it sees that its condition holds.
        select = (
            f"SELECT item, {', '.join(order)} FROM items WHERE \"table\" = '{self._spec.name}' AND {test}"  # noqa: S608
        )
        behind = f" AND ({', '.join(order)}) {'<' if newest_first else '>'} ({', '.join('?' * len(order))})"
        ordered = ", ".join(f"{each} {'DESC' if newest_first else 'ASC'}" for each in order)
        last: Sequence[str] = ()
        while True:
            statement = f"{select}{behind if last else ''} ORDER BY {ordered} LIMIT {_PAGE}"
            with self._storage.errors():
                rows = self._storage.connection().execute(statement, [*given, *last]).fetchall()
            for text, *_ in rows:
                item: Item = json.loads(text)
                if _hold(item, where):
                    yield item
            if len(rows) < _PAGE:
                return
            last = rows[-1][1:]

    def _where(self, key: Mapping[str, Any]) -> tuple[str, str, str]:
        return self._spec.name, key[self._spec.partition], key[self._spec.sort] if self._spec.sort else ""

    def _get(self, connection: sqlite3.Connection, key: Mapping[str, Any]) -> Item | None:
        row = connection.execute(
            'SELECT item FROM items WHERE "table" = ? AND partition = ? AND sort = ?', self._where(key)
        ).fetchone()
        return json.loads(row[0]) if row else None

    def _write(self, connection: sqlite3.Connection, item: Mapping[str, Any]) -> None:
        connection.execute(
            "INSERT OR REPLACE INTO items VALUES (?, ?, ?, ?, ?)",
            (*self._where(item), _as_text(item), item.get("expires")),
        )


class SQLiteObjects:
    """The objects of the file."""

    def __init__(self, storage: SQLiteStorage) -> None:
        self._storage = storage

    def put(self, key: str, content: bytes) -> None:
        with self._storage.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO objects VALUES (?, ?)", (key, content))

    def get(self, key: str) -> bytes | None:
        with self._storage.errors():
            statement = "SELECT content FROM objects WHERE key = ?"
            row = self._storage.connection().execute(statement, (key,)).fetchone()
        return bytes(row[0]) if row else None

    def keys(self, prefix: str) -> Iterator[str]:
        with self._storage.errors():
            # Compared by bytes, as S3 does; what follows the prefix is less than U+10FFFF.
            statement = "SELECT key FROM objects WHERE key >= ? AND key < ? ORDER BY key"
            rows = self._storage.connection().execute(statement, (prefix, f"{prefix}\U0010ffff")).fetchall()
        yield from (key for (key,) in rows)

    def delete(self, key: str) -> None:
        with self._storage.transaction() as connection:
            connection.execute("DELETE FROM objects WHERE key = ?", (key,))


def _as_text(item: Mapping[str, Any]) -> str:
    return json.dumps(item, separators=(",", ":"), default=_as_json)


def _as_json(value: Any) -> Any:
    match value:
        case Decimal():
            return int(value) if value == int(value) else float(value)
        case Mapping():
            return dict(value)
        case set() | frozenset():
            return sorted(value)
        case _:
            raise TypeError(f"a {type(value).__name__} cannot be stored")


def _parent(item: Item, path: str) -> tuple[Item, str]:
    """The dict in which the path's last part stands. Raises InvalidInput where there is none, as DynamoDB
    refuses a path into what is not there."""
    *parents, name = path.split(".")
    for each in parents:
        item = item.get(each)  # type: ignore[assignment]
        if not isinstance(item, dict):
            raise InvalidInput(f"There is no {each} to write {path} into.")
    return item, name


_ABSENT = object()


def _hold(item: Item, clauses: Sequence[Clause]) -> bool:
    return all(any(_holds(item, test) for test in clause) for clause in clauses)


def _holds(item: Item, test: Comparison) -> bool:
    found: Any = item
    for part in test.path.split("."):
        found = found.get(part, _ABSENT) if isinstance(found, dict) else _ABSENT
    if found is _ABSENT:
        return test.kind in ("absent", "differs")
    match test.kind:
        case "absent":
            return False
        case "present":
            return True
        case "equals":
            return _same(found, test.value)
        case "differs":
            return not _same(found, test.value)
        case "among":
            return any(_same(found, each) for each in test.value)
        case "contains":
            return isinstance(found, list) and any(_same(each, test.value) for each in found)
    # DynamoDB compares values of one type alone.
    if isinstance(found, str) != isinstance(test.value, str) or found is None:
        return False
    return bool(found < test.value if test.kind == "below" else found > test.value)


def _same(found: Any, value: Any) -> bool:
    """Equal and of one type: in Python True is 1."""
    return isinstance(found, bool) == isinstance(value, bool) and found == value
