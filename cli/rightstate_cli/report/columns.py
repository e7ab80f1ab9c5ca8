"""The entries as the page holds them: a column for each attribute, each value once, compressed.

An attribute's values repeat: policies, reasons, principals, verdicts. A column is the list of its values and,
for each entry, the place in it, from 1; 0 is no value. `page.js` reads this.
"""

import gzip
import json
from array import array
from base64 import b64encode
from collections.abc import Iterator
from typing import IO, Any

from rightstate_cli.report.figures import fixed_in
from rightstate_cli.report.in_code import in_code
from rightstate_cli.report.looked import Looked
from rightstate_cli.report.posture import STATES, effect, made
from rightstate_cli.report.record import Record, Verdict, milliseconds

NAMES = (
    "resource",
    "execution",
    "outcome",
    "error",
    "reason",
    "rule",
    "why",
    "requester",
    "event",
    "event_name",
    "event_time",
    "principal",
    "principal_id",
    "source",
    "verdicts",
    "changes",
    "made",
    "effect",
    "calls",
    "verified",
    "plan",
    "approval",
    "undo",
    "version",
    "batch",
    "route",
    "times",
)
_CHUNK = 8192
# One for all: json.dumps makes one for each call.
_encoded = json.JSONEncoder(separators=(",", ":")).encode


class _Column:
    def __init__(self) -> None:
        self.places: dict[str, int] = {}
        self.entries = array("I")

    def add(self, value: Any) -> None:
        if value in (None, "", [], {}):
            self.entries.append(0)
            return
        text = _encoded(value)
        self.entries.append(self.places.setdefault(text, len(self.places) + 1))

    def text(self) -> Iterator[str]:
        yield '{"values":['
        for number, value in enumerate(self.places):
            yield f",{value}" if number else value
        yield '],"entries":'
        # Where each entry has a value of its own their places say nothing.
        yield "null" if len(self.places) == len(self.entries) else json.dumps(self.entries.tolist())
        yield "}"


class Columns:
    """The entries, added in the order of time."""

    def __init__(self, looked: Looked) -> None:
        self._looked = looked
        self._columns = {name: _Column() for name in NAMES}
        self._verdicts = _Column()
        self._gaps = array("q")
        self._seconds = array("q")
        self._fixed = array("q")
        self._last = 0

    def add(self, record: Record) -> None:
        """Add an entry that is no earlier than the one before."""
        started = milliseconds(record.started)
        self._gaps.append(started - self._last)
        self._last = started
        # -1 for not known.
        self._seconds.append(-1 if record.seconds is None else round(record.seconds * 1000))
        took = fixed_in(record)
        self._fixed.append(-1 if took is None else took)
        for name, value in self._values(record, started).items():
            self._columns[name].add(value)

    def write(self, to: IO[bytes]) -> None:
        """Write them as base64 of gzipped JSON."""
        encoder = _Base64(to)
        # Without the time of writing, so that the same entries make the same bytes.
        with gzip.GzipFile(fileobj=encoder, mode="wb", compresslevel=6, mtime=0) as packed:
            waiting: list[str] = []
            for piece in self._text():
                waiting.append(piece)
                if len(waiting) >= _CHUNK:
                    packed.write("".join(waiting).encode("ascii"))
                    waiting.clear()
            packed.write("".join(waiting).encode("ascii"))
        encoder.end()

    def _text(self) -> Iterator[str]:
        yield f'{{"started":{json.dumps(self._gaps.tolist())},"took":{json.dumps(self._seconds.tolist())}'
        yield f',"fixed":{json.dumps(self._fixed.tolist())}'
        looked = self._looked.as_json()
        yield f',"looks":{_encoded(looked["looks"])},"seen":{_encoded(looked["seen"])}'
        yield ',"verdict":'
        yield from self._verdicts.text()
        for name, column in self._columns.items():
            yield f',"{name}":'
            yield from column.text()
        yield "}"

    def _values(self, record: Record, started: int) -> dict[str, Any]:
        event = record.event
        found = effect(record)
        return {
            "resource": record.resource,
            "execution": record.execution,
            "outcome": record.outcome,
            "error": record.error,
            "reason": record.reason,
            "rule": record.rule,
            "why": record.why,
            "requester": record.requester,
            "event": event and event.id,
            "event_name": event and event.name,
            "event_time": event and event.time,
            "principal": event and event.principal,
            "principal_id": event and event.principal_id,
            "source": event and event.source,
            "verdicts": [self._verdict(each, record.place[2]) for each in record.verdicts],
            "changes": [each.model_dump() for each in record.changes],
            "made": made(record),
            "effect": [
                int(found.clear),
                [[policy, STATES.index(state) if state else -1] for policy, state in found.states],
            ],
            "calls": record.calls,
            "verified": dict(record.verified),
            "plan": record.plan,
            "approval": record.approval and record.approval.model_dump(exclude_defaults=True),
            "undo": record.undo,
            "version": record.version,
            "batch": record.batch,
            "route": [each.state for each in record.path],
            "times": [_visit(each.entered, each.seconds, started) for each in record.path],
        }

    def _verdict(self, verdict: Verdict, resource_type: str) -> int:
        code = in_code(verdict, resource_type)
        self._verdicts.add(verdict.model_dump() | ({"code": code} if code else {}))
        return self._verdicts.entries[-1]


class _Base64:
    """A file that passes on what it is given as base64, three bytes at a time."""

    def __init__(self, to: IO[bytes]) -> None:
        self._to = to
        self._left = b""

    def write(self, given: bytes) -> int:
        data = self._left + given
        whole = len(data) - len(data) % 3
        self._to.write(b64encode(data[:whole]))
        self._left = data[whole:]
        return len(given)

    def flush(self) -> None:
        """Nothing: what is left waits for more."""

    def end(self) -> None:
        """Write what is left."""
        self._to.write(b64encode(self._left))


def _visit(entered: str, seconds: float | None, started: int) -> list[int | None]:
    """Milliseconds from the start to the entering, and of the stay."""
    try:
        after = milliseconds(entered) - started
    except ValueError:
        after = None
    return [after, None if seconds is None else round(seconds * 1000)]
