"""Text for people: counts, and foreign text that cannot steer what shows it."""

from collections import Counter
from collections.abc import Iterable

from rightstate.errors import InvalidInput
from rightstate.wants import Value, as_text

# A cell that begins so is a formula to some spreadsheet (OWASP, CSV Injection); the wide ones are to those
# of East Asia.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def plain(text: str) -> str:
    """Foreign text without the characters that could steer a terminal or reorder a line."""
    return "".join(c if c.isprintable() or c == "\n" else f"\\u{ord(c):04x}" for c in text)


def counted(count: int, noun: str) -> str:
    """`1 setting`, `2 settings`, `3 policies`, `4 days`."""
    if count == 1:
        return f"1 {noun}"
    changes = noun.endswith("y") and noun[-2] not in "aeiou"
    return f"{count} {noun[:-1]}ies" if changes else f"{count} {noun}s"


def summary(kinds: Iterable[str]) -> str:
    """`3 compliant, 1 failed`."""
    return ", ".join(f"{count} {kind}" for kind, count in sorted(Counter(kinds).items())) or "none"


def csv_cell(value: Value) -> str | int:
    """The value as a cell that no spreadsheet runs. A number stays one, since it can be no formula."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    text = as_text(value)
    shown = plain(text.replace("\n", "\\n"))
    return f"'{shown}" if text.startswith(_FORMULA) else shown


def checked_line(option: str, given: str, longest: int = 1024) -> str:
    """The option's text, if nothing in it could steer a terminal or pass for another line. Raises
    InvalidInput."""
    if not given.strip() or not given.isprintable():
        raise InvalidInput(f"{option} takes a text on one line. Nothing was changed.")
    if len(given.strip()) > longest:
        raise InvalidInput(f"{option} is too long: it takes {longest} characters. Nothing was changed.")
    return given.strip()
