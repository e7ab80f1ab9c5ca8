"""JSON that somebody else may have written: the files that commands are given, and messages of a queue."""

import json
from pathlib import Path
from typing import Any, NoReturn

from rightstate.errors import InvalidInput

DEEPEST = 100
"""Levels of lists and objects in each other; events, findings, plans and entries have far fewer. Python's own
limit is that of its stack: what is read just below it cannot be written again."""


def read_text(path: Path, name: str, so: str) -> str:
    """The file's text. Raises InvalidInput, which calls the file as named and ends with `so`: what was not
    done for it."""
    try:
        # Windows' editors put a byte order mark first.
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InvalidInput(f"{name} cannot be read: {error.strerror}. {so}") from None
    except UnicodeDecodeError:
        raise InvalidInput(f"{name} is not text. {so}") from None


def parse(text: str, name: str, so: str) -> Any:
    """What the text says. Raises InvalidInput, as `read_text` does."""
    try:
        given = json.loads(text, parse_constant=_no_constant)
    except RecursionError:
        raise _too_deep(name, so) from None
    except ValueError:
        raise InvalidInput(f"{name} is cut off, or is not JSON. {so}") from None
    if text.count("[") + text.count("{") > DEEPEST and _is_deep(given):
        raise _too_deep(name, so)
    return given


def _is_deep(given: Any) -> bool:
    level = [given]
    for _ in range(DEEPEST):
        level = [inner for each in level for inner in _inside(each)]
        if not level:
            return False
    return any(isinstance(each, (dict, list)) for each in level)


def _inside(given: Any) -> Any:
    match given:
        case dict():
            return given.values()
        case list():
            return given
        case _:
            return ()


def _too_deep(name: str, so: str) -> InvalidInput:
    return InvalidInput(f"{name} has lists or objects nested more than {DEEPEST} levels deep. {so}")


def _no_constant(name: str) -> NoReturn:
    """NaN and Infinity are no JSON (RFC 8259, section 6), and other programs cannot read them."""
    raise ValueError(name)
