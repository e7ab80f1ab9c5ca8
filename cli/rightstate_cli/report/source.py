"""Where the entries of a report come from: a hub's ledger, or a file of JSON lines."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from rightstate.errors import InvalidInput
from rightstate.identify import shown
from rightstate.models import Account
from rightstate_cli import foreign_json
from rightstate_cli.aws import answers
from rightstate_cli.hub import Hub
from rightstate_cli.report.period import Chosen

_ACCOUNTS = TypeAdapter(list[Account])


def deployed(hub: Hub, chosen: Chosen) -> Iterator[dict[str, Any]]:
    """The entries of the hub's ledger, page by page, in no order. Raises Denied, Unavailable, InvalidInput.

    The key begins with the resource and not with the time, so all of the table is read whatever is chosen;
    the filter spares what goes over the network.
    """
    with answers("Nothing was written."):
        pages = hub.client("dynamodb").get_paginator("scan")
        for page in pages.paginate(TableName=hub.outputs["LedgerTable"], **_filter(chosen)):
            for item in page["Items"]:
                # A canary's entry has none of the indexes' keys, so that nothing lists it.
                if "execution" in item:
                    yield {name: _plain(value) for name, value in item.items()}


def exported(path: Path, chosen: Chosen) -> Iterator[dict[str, Any]]:
    """The entries in a file of JSON lines, such as the `records.jsonl` of another report. Raises
    InvalidInput where it cannot be read, or a line is no entry."""
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    entry = _entry(path, number, line)
                    if chosen.has(entry["resource"], entry["at"]):
                        yield entry
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


def _is_text(value: Any) -> bool:
    """Half a surrogate pair, which JSON can escape, is none."""
    return isinstance(value, str) and value.encode(errors="replace").decode() == value


def _filter(chosen: Chosen) -> dict[str, Any]:
    terms = []
    names = {"#at": "at"} if chosen.since or chosen.until else {}
    values = {}
    for name, sign, limit in (("since", ">=", chosen.since), ("until", "<", chosen.until)):
        if limit:
            terms.append(f"#at {sign} :{name}")
            values[f":{name}"] = {"S": limit}
    if chosen.accounts:
        names["#resource"] = "resource"
        keys = [f":account{number}" for number in range(len(chosen.accounts))]
        terms.append("(" + " OR ".join(f"begins_with(#resource, {key})" for key in keys) + ")")
        values |= {key: {"S": f"{account}/"} for key, account in zip(keys, chosen.accounts, strict=True)}
    if not terms:
        return {}
    return {
        "FilterExpression": " AND ".join(terms),
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }


def _plain(value: Mapping[str, Any]) -> Any:
    """A value as DynamoDB has it. boto3's TypeDeserializer, with its Decimals, takes seven times as long: a
    quarter of a minute more for a ledger of 100,000 entries."""
    [(kind, held)] = value.items()
    match kind:
        case "M":
            return {name: _plain(each) for name, each in held.items()}
        case "L":
            return [_plain(each) for each in held]
        case "N":
            return float(held) if "." in held or "E" in held.upper() else int(held)
        case "NULL":
            return None
        case "SS":
            return sorted(held)
        case _:
            return held
