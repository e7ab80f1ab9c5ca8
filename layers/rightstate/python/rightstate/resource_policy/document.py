"""The text of a policy document, with the place of each statement in it."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rightstate.errors import CallFailed


class NotUnderstood(CallFailed):
    """A policy's text is not a policy as AWS documents it. Nothing is decided about it."""


@dataclass(frozen=True)
class Statement:
    """A statement, and where it stands in the text.

    number: its place among the statements, from 1.
    """

    number: int
    content: Mapping[str, Any]
    start: int
    end: int

    @property
    def label(self) -> str:
        """The Sid, or `#2` for the second statement where it has none."""
        return str(self.content.get("Sid") or f"#{self.number}")

    def listed(self, key: str) -> list[str]:
        """What the element holds, as a list: AWS takes one text in place of a list of one."""
        found = self.content.get(key, [])
        return [str(each) for each in (found if isinstance(found, list) else [found])]


@dataclass(frozen=True)
class Document:
    """A policy's text, cut at its statements.

    start, end: where the value of `Statement` begins and ends, its brackets included.
    alone: whether that value is one object in place of a list.
    """

    text: str
    statements: tuple[Statement, ...]
    start: int
    end: int
    alone: bool

    def rewritten(self, replacements: Mapping[int, str | None], added: Sequence[str] = ()) -> str:
        """The text with statements replaced (by number), taken out (None) and added at the end."""
        kept = [
            (each, self.text[each.start : each.end] if text is _SAME else str(text))
            for each in self.statements
            if (text := replacements.get(each.number, _SAME)) is not None
        ]
        if self.alone:
            texts = [text for _, text in kept] + list(added)
            inner = texts[0] if len(texts) == 1 and kept else f"[{','.join(texts)}]"
            return self.text[: self.start] + inner + self.text[self.end :]
        first, last = self.start + 1, self.end - 1
        opening, closing = "", self.text[first:last]
        if self.statements:
            opening = self.text[first : self.statements[0].start]
            closing = self.text[self.statements[-1].end : last]
        inner = opening
        for position, (statement, text) in enumerate(kept):
            inner += (self._separator(statement) if position else "") + text
        for position, text in enumerate(added):
            inner += (f",{opening}" if kept or position else "") + text
        return self.text[:first] + inner + closing + self.text[last:]

    def _separator(self, statement: Statement) -> str:
        """What stands between the statement and the one before it."""
        return self.text[self.statements[statement.number - 2].end : statement.start]


class _Same:
    """Stands for a statement that is not touched."""


_SAME: Any = _Same()


def parse(text: str) -> Document:
    """The document. Raises NotUnderstood, also where a key stands twice, of which AWS reads one."""
    try:
        return _parsed(text)
    except (ValueError, TypeError, IndexError, RecursionError):
        raise NotUnderstood("The resource policy is not understood. Nothing was changed.") from None


def checked(text: str | None) -> str | None:
    """The text, or None where a service answers with an empty one or none. Raises NotUnderstood."""
    if text:
        parse(text)
    return text or None


def is_document(value: object) -> bool:
    """Whether a setting's value is the text of a policy."""
    if not (isinstance(value, str) and value.lstrip().startswith("{") and '"Statement"' in value):
        return False
    try:
        parse(value)
    except NotUnderstood:
        return False
    return True


def same(one: str | None, other: str | None) -> bool:
    """Whether two values are the same, or two policies that differ only in spaces and the order of keys."""
    if one == other:
        return True
    return is_document(one) and is_document(other) and json.loads(str(one)) == json.loads(str(other))


def dumped(content: Mapping[str, Any]) -> str:
    """A statement's or a document's text as we write it."""
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=_once)


_SPACES = re.compile(r"[ \t\n\r]*")  # JSON's


def _skip(text: str, at: int) -> int:
    """The next position that holds no space."""
    spaces = _SPACES.match(text, at)
    return spaces.end() if spaces else at


def _parsed(text: str) -> Document:
    whole = _DECODER.decode(text)
    if not isinstance(whole, dict):
        raise ValueError("no object")
    at = _skip(text, 0) + 1
    while True:
        key, at = _DECODER.raw_decode(text, _skip(text, at))
        at = _skip(text, _skip(text, at) + 1)
        value, end = _DECODER.raw_decode(text, at)
        if key == "Statement":
            return _cut(text, value, at, end)
        at = _skip(text, end) + 1


def _is_statement(content: Any) -> bool:
    """Whether it has the elements that are read, each of its kind (IAM User Guide, JSON policy elements)."""
    condition = isinstance(content, dict) and content.get("Condition", {})
    return (
        isinstance(content, dict)
        and content.get("Effect") in ("Allow", "Deny")
        and isinstance(content.get("Principal", ""), str | dict)
        and isinstance(condition, dict)
        and all(isinstance(keys, dict) for keys in condition.values())
    )


def _cut(text: str, value: Any, start: int, end: int) -> Document:
    alone = isinstance(value, dict)
    statements: list[Statement] = []
    at = start if alone else start + 1
    for number, content in enumerate([value] if alone else value, 1):
        if not _is_statement(content):
            raise ValueError("no statement")
        at = _skip(text, at)
        _, stop = _DECODER.raw_decode(text, at)
        statements.append(Statement(number, content, at, stop))
        at = _skip(text, stop) + 1
    return Document(text, tuple(statements), start, end, alone)
