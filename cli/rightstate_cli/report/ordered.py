"""Entries in the order of their time, sorted on disk, so that memory does not grow with the ledger."""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from rightstate.errors import InvalidInput
from rightstate.identify import shown
from rightstate_cli.report.record import Record, as_record

_LINE = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode
"""An entry as its line, in ASCII: nothing in a name can end it, or steer the terminal that shows it."""


class Ordered:
    """As many passes as are wanted, each an entry at a time: as its line of JSON, and read."""

    def __init__(self, database: sqlite3.Connection, count: int) -> None:
        self._database = database
        self.count = count

    def resources(self) -> set[str]:
        """What the entries are about, by account/region/type/id."""
        return {resource for (resource,) in self._database.execute("SELECT DISTINCT resource FROM entries")}

    def __iter__(self) -> Iterator[tuple[str, Record]]:
        for (line,) in self._database.execute("SELECT entry FROM entries ORDER BY at, resource"):
            yield line, _read(json.loads(line))


@contextmanager
def ordered(entries: Iterable[dict[str, Any]], directory: Path) -> Iterator[Ordered]:
    """Sort the entries in a file of the directory, which is removed afterwards. An entry that comes twice,
    as in files that were put together, counts once. Raises what reading them raises."""
    path = directory / "entries.sqlite"
    try:
        with closing(sqlite3.connect(path)) as database:
            # What a crash leaves is thrown away, so nothing has to survive one.
            database.execute("PRAGMA journal_mode = OFF")
            database.execute("PRAGMA synchronous = OFF")
            database.execute(
                "CREATE TABLE entries (at TEXT, resource TEXT, entry TEXT, PRIMARY KEY (at, resource))"
                " WITHOUT ROWID"
            )
            rows = ((each["at"], each["resource"], _LINE(each)) for each in entries)
            database.executemany("INSERT OR REPLACE INTO entries VALUES (?, ?, ?)", rows)
            [count] = database.execute("SELECT count(*) FROM entries").fetchone()
            yield Ordered(database, count)
    except sqlite3.Error as error:
        raise InvalidInput(
            f"The entries cannot be sorted in {shown(str(directory.parent))}: {error}. Nothing was written."
        ) from None
    finally:
        path.unlink(missing_ok=True)


def _read(entry: dict[str, Any]) -> Record:
    try:
        return as_record(entry)
    except ValidationError as error:
        where = ", ".join(sorted({".".join(map(str, each["loc"])) for each in error.errors()}))
        raise InvalidInput(
            f"The ledger's entry of {shown(entry['resource'])} at {shown(entry['at'])} is not understood, "
            f"at: {where}. Nothing was written."
        ) from None
