"""How results and talk reach people and scripts: results on stdout, talk on stderr.

A command whose result is a table takes `TableFormatOption` (terminal/options.py), which allows `csv` beside
`table` and `json`. It makes one `Table` and hands it over with the value for JSON:

    print_result(Table(("Batch", "Status"), rows, title="3 runs"), as_json, format)

A command that shows the same facts to people in another shape than a table (blocks, a tree) prints that shape
itself for `Format.TABLE`, and calls `print_result` for the other formats. A command without any table takes
`FormatOption`, which refuses `csv`.
"""

import csv
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from io import StringIO
from typing import Any

from pydantic_core import to_json
from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table as RichTable
from rich.text import Text

from rightstate.errors import InvalidInput
from rightstate.wants import Value, as_text
from rightstate_cli.text import csv_cell, plain

# A pipe or a file has no width of its own; COLUMNS may say one.
_WIDE = 160
_piped = not (sys.stdout.isatty() or "COLUMNS" in os.environ)
results = Console(width=_WIDE if _piped else None)
talk = Console(stderr=True)

_COLOURS = {
    "remediated": "green",
    "compliant": "green",
    "undone": "green",
    "broken": "yellow",
    "reported": "yellow",
    "held": "yellow",
    "busy": "yellow",
    "halted": "yellow",
    "limited": "yellow",
    "managed": "yellow",
    "undo-refused": "yellow",
    "failed": "red",
    "unreadable": "red",
    "unlisted": "red",
    "PASS": "green",
    "WARN": "yellow",
    "FAIL": "red",
}
# A column of changes that is narrower than this is hard to read.
_READABLE = 28


class Format(StrEnum):
    """How results are printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


@dataclass(frozen=True)
class Table:
    """Columns and rows. `title` is for people. The columns in `whole` are not broken into lines."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Value]]
    title: str = ""
    whole: Sequence[str] = ()


@dataclass(frozen=True)
class Row:
    """One setting that a policy wants otherwise, and what there is to say of it."""

    policy: str
    setting: str
    change: str
    note: str = ""


@dataclass(frozen=True)
class Block:
    """One resource: its heading, how it is or ended, its settings, and lines below them."""

    heading: str
    status: str
    rows: Sequence[Row]
    below: Sequence[str] = ()


def print_result(table: Table, as_json: Any, format: Format) -> None:
    """Print the table as text or CSV, or `as_json` as JSON, on stdout."""
    match format:
        case Format.JSON:
            print_json(as_json)
        case Format.CSV:
            print_csv(table)
        case Format.TABLE:
            rows = [[as_text(cell) for cell in row] for row in table.rows]
            print_table(table.title, table.columns, rows, whole=table.whole)


def print_csv(table: Table) -> None:
    """Print the columns as a header in lower case, and the rows (RFC 4180). No cell is a formula."""
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(column.lower().replace(" ", "_") for column in table.columns)
    writer.writerows([csv_cell(cell) for cell in row] for row in table.rows)
    print_raw(text.getvalue())


def print_json(value: Any) -> None:
    """Print `value` as JSON on stdout."""
    # json.dumps with `indent` is Python's own loop: half a second for 500 resources.
    print_raw(to_json(value, indent=2, ensure_ascii=True).decode() + "\n")


def print_raw(text: str) -> None:
    """Print `text` on stdout to the byte. Rich looks for lines to break, which takes seconds in megabytes."""
    results.file.write(text)


def print_table(
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    to: Console | None = None,
    whole: Sequence[str] = (),
) -> None:
    """Print a table, on stdout unless told otherwise. Cells are text, never markup; those of the columns
    `whole` are not broken into lines."""
    to = to or results
    if title:
        # Not as the table's own title, which would be broken at the table's width.
        print_line(title, to, "bold")
    table = RichTable(header_style="bold", box=box.SIMPLE_HEAD, show_header=any(columns))
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column in whole)
    for row in rows:
        table.add_row(*(_cell(text) for text in row))
    to.print(table)


def print_blocks(blocks: Sequence[Block], to: Console | None = None) -> None:
    """Print resources one below the other, on stdout unless told otherwise.

    The settings stand in columns, as wide in every block; where the terminal is too narrow for that, below
    their policies.
    """
    to = to or results
    rows = [row for block in blocks for row in block.rows]
    widths = [max((len(cell) for cell in cells), default=0) for cells in _columns(rows)]
    in_columns = widths[0] + widths[1] + min(widths[2], _READABLE) + widths[3] + 10 <= to.width
    for block in blocks:
        heading = Text(plain(block.heading), style="bold")
        to.print(heading.append(": ").append(block.status, style=_COLOURS.get(block.status, "")))
        show = _in_columns(block.rows, widths) if in_columns else _below_their_policies(block.rows)
        to.print(show)
        for line in block.below:
            to.print(Padding(Text(plain(line), style="dim", overflow="fold"), (0, 0, 0, 2), expand=False))
        to.print()


def print_line(text: str, to: Console | None = None, style: str = "") -> None:
    """Print a sentence, on stdout unless told otherwise."""
    to = to or results
    # In a log or a pipe a sentence stays on its line, so that it can be searched for.
    to.print(Text(plain(text), style), soft_wrap=not to.is_terminal and "COLUMNS" not in os.environ)


def say(text: str) -> None:
    """Print a sentence on stderr."""
    print_line(text, talk)


def ask(question: str) -> bool | None:
    """Ask on stderr; None if there is nobody to answer. typer.confirm would write to stdout too."""
    talk.print(Text(f"{plain(question)} [y/N] "), end="")
    try:
        answer = sys.stdin.readline()
    except KeyboardInterrupt:
        answer = ""
    if not answer.endswith("\n"):
        talk.print()
    return answer.strip().lower() in ("y", "yes") if answer else None


def confirmed(question: str, unchanged: str, yes: bool = False) -> bool:
    """The user's answer, True without asking if `yes`. Raises InvalidInput if nobody answers: `unchanged`
    says what was not done, without a full stop."""
    answer = True if yes else ask(question)
    if answer is None:
        raise InvalidInput(f"{unchanged}: nobody confirmed it. In a script, give --yes.")
    return answer


def progress() -> Progress:
    """A progress bar on stderr, silent where stderr is not a terminal."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=talk,
        disable=not talk.is_terminal,
        transient=True,
    )


@contextmanager
def showing_progress(what: str) -> Iterator[Callable[..., None]]:
    """A progress bar. It yields a function of `done`, `total` (None for unknown) and `now`, a few words."""
    with progress() as bar:
        task = bar.add_task(what, total=None)

        def progressed(done: int, total: int | None = None, now: str = "") -> None:
            bar.update(task, completed=done, total=total, description=now or what)

        yield progressed


def _columns(rows: Sequence[Row]) -> list[list[str]]:
    return [
        [row.policy for row in rows],
        [row.setting for row in rows],
        [row.change for row in rows],
        [row.note for row in rows],
    ]


def _in_columns(rows: Sequence[Row], widths: Sequence[int]) -> RichTable:
    grid = RichTable.grid(padding=(0, 2))
    for width in (0, *widths[:2]):
        grid.add_column(min_width=width, no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_column(overflow="fold", style="dim")
    policy = ""
    for row in rows:
        shown = row.policy if row.policy != policy else ""
        grid.add_row("", *map(_cell, (shown, row.setting, row.change, row.note)))
        policy = row.policy
    return grid


def _below_their_policies(rows: Sequence[Row]) -> RichTable:
    grid = RichTable.grid()
    grid.add_column(overflow="fold")
    policy = ""
    for row in rows:
        if row.policy != policy:
            grid.add_row(Padding(_cell(row.policy), (0, 0, 0, 2), expand=False))
            policy = row.policy
        note = f" ({row.note})" if row.note else ""
        grid.add_row(Padding(_cell(f"{row.setting}: {row.change}{note}"), (0, 0, 0, 6), expand=False))
    return grid


def _cell(text: str) -> Text:
    return Text(plain(text), style=_COLOURS.get(text, ""), overflow="fold")
