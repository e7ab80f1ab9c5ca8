"""Where the entries of a report come from: a ledger, or a file of JSON lines."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from rightstate.errors import InvalidInput
from rightstate.identify import shown
from rightstate.models.settings import Account
from rightstate.storage.table import Clause, above, absent, among, below, equals
from rightstate_cli import foreign_json
from rightstate_cli.report.period import Chosen
from rightstate_cli.tables.ledger_table import Ledger

_ACCOUNTS = TypeAdapter(list[Account])


def kept(ledger: Ledger, chosen: Chosen) -> Iterator[dict[str, Any]]:
    """The entries of the ledger, page by page, in no order. Raises Denied, Unavailable, InvalidInput.

    The key begins with the resource and not with the time, so all of the table is read whatever is chosen;
    the filter spares what goes over the network.
    """
    for item in ledger.everything(list(_clauses(chosen))):
        if chosen.has(item["resource"], item["at"]):
            yield from _narrowed(item, chosen)


def exported(path: Path, chosen: Chosen) -> Iterator[dict[str, Any]]:
    """The entries in a file of JSON lines, such as the `records.jsonl` of another report. Raises
    InvalidInput where it cannot be read, or a line is no entry."""
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    entry = _entry(path, number, line)
                    if chosen.has(entry["resource"], entry["at"]):
                        yield from _narrowed(entry, chosen)
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise InvalidInput(f"{shown(str(path))} cannot be read: {why}. Nothing was written.") from None


def exported_settings(path: Path) -> list[Account]:
    """The accounts in a file, as `rightstate accounts list --format json` prints them. Raises
    InvalidInput."""
    try:
        return _ACCOUNTS.validate_json(path.read_bytes())
    except OSError as error:
        raise InvalidInput(
            f"{shown(str(path))} cannot be read: {error.strerror}. Nothing was written."
        ) from None
    except ValidationError:
        raise InvalidInput(
            f"{shown(str(path))} does not hold accounts as `rightstate accounts list --format json` prints "
            "them. Nothing was written."
        ) from None


def _entry(path: Path, number: int, line: str) -> dict[str, Any]:
    name, so = f"Line {number} of {shown(str(path))}", "Nothing was written."
    entry = foreign_json.parse(line, name, so)
    if not isinstance(entry, dict) or not all(_is_text(entry.get(key)) for key in ("resource", "at")):
        raise InvalidInput(f"{name} is no entry of the ledger. {so}")
    return entry


def _narrowed(entry: dict[str, Any], chosen: Chosen) -> Iterator[dict[str, Any]]:
    found = chosen.narrowed.entry(entry) if chosen.narrowed else entry
    if found is not None:
        yield found


def _is_text(value: Any) -> bool:
    """Half a surrogate pair, which JSON can escape, is none."""
    return isinstance(value, str) and value.encode(errors="replace").decode() == value


def _clauses(chosen: Chosen) -> Iterator[Clause]:
    """What the table can leave out itself. The oldest entries lack their account beside their key."""
    if chosen.since:
        yield [equals("at", chosen.since), above("at", chosen.since)]
    if chosen.until:
        yield [below("at", chosen.until)]
    if chosen.accounts:
        yield [among("account", chosen.accounts), absent("account")]
