"""How results and talk reach people and scripts: results on stdout, talk on stderr."""

import json
import sys
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any

from rich import box
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table
from rich.text import Text

# A pipe or a file has no width; this one keeps the widest table readable.
_WIDE = 160
results = Console(width=None if sys.stdout.isatty() else _WIDE)
talk = Console(stderr=True)

_COLOURS = {
    "remediated": "green",
    "compliant": "green",
    "broken": "yellow",
    "reported": "yellow",
    "held": "yellow",
    "busy": "yellow",
    "failed": "red",
    "unreadable": "red",
}


class Format(StrEnum):
    """How results are printed."""

    TABLE = "table"
    JSON = "json"


def print_json(value: Any) -> None:
    """Print `value` as JSON on stdout."""
    results.out(json.dumps(value, indent=2, ensure_ascii=False), highlight=False)


def print_table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], whole: Sequence[str] = ()
) -> None:
    """Print a table on stdout. Cells are text, never markup. On a wide terminal the columns `whole` are
    not broken into lines."""
    # Not as the table's own title, which would be broken at the table's width.
    results.print(Text(plain(title), style="bold"))
    table = Table(header_style="bold", box=box.SIMPLE_HEAD)
    for column in columns:
        no_wrap = column in whole and results.width >= _WIDE
        table.add_column(column, overflow="fold", no_wrap=no_wrap)
    for row in rows:
        table.add_row(*(_cell(text) for text in row))
    results.print(table)


def say(text: str) -> None:
    """Print a sentence on stderr."""
    talk.print(Text(plain(text)))


def progress() -> Progress:
    """A progress bar on stderr, silent where stderr is not a terminal."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=talk,
        disable=not talk.is_terminal,
        transient=True,
    )


def plain(text: str) -> str:
    """Foreign text without the characters that could steer a terminal or reorder a line."""
    return "".join(c if c.isprintable() or c == "\n" else f"\\u{ord(c):04x}" for c in text)


def _cell(text: str) -> Text:
    return Text(plain(text), style=_COLOURS.get(text, ""))
