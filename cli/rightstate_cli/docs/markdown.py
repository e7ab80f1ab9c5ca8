"""The pieces of a page in Markdown."""

import re
from collections.abc import Iterable, Iterator, Sequence


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The lines of a table."""
    for row in (columns, ["---"] * len(columns), *rows):
        yield f"| {' | '.join(row)} |"


def codes(names: Iterable[str]) -> str:
    """The names as code."""
    return ", ".join(f"`{name}`" for name in names)


def text(given: str) -> str:
    """Text, escaped for Markdown."""
    return re.sub(r"([\\`*_<>|\[\]])", r"\\\1", given)
