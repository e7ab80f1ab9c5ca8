"""What goes and what stays in a decommission, shown; and the options of its commands."""

from collections.abc import Sequence
from typing import Annotated

import typer

from rightstate_cli.member.teardown import Fate, Part
from rightstate_cli.terminal.options import optional
from rightstate_cli.terminal.output import Format, print_json, print_table, say, talk
from rightstate_cli.terminal.waiting import confirmed_change

RegionsOption = Annotated[
    list[str] | None,
    optional(
        "NAME",
        "Region to look for the member's stacks in; repeatable. Left out: all that its account has enabled.",
        "--region",
    ),
]
WaitOption = Annotated[
    int, typer.Option(min=0, metavar="MINUTES", help="How long to wait for running executions.")
]
NowOption = Annotated[bool, typer.Option("--now", help="Do not wait for running executions; they will fail.")]
INTERRUPTED = "Interrupted. What AWS has begun goes on. Run the command again to do what is left."


def is_nothing_left(parts: Sequence[Part], what: str, format: Format) -> bool:
    """Whether nothing goes. Then it prints what stays, and says so."""
    if any(part.fate is Fate.GOES for part in parts):
        return False
    print_parts(parts, format)
    say(f"There is nothing to delete of the {what}.")
    return True


def confirmed_parts(title: str, parts: Sequence[Part], question: str, yes: bool) -> bool:
    """Show what goes and what stays, and ask."""
    print_table(title, ("What", "Where", "", ""), _rows(parts), to=talk)
    return confirmed_change(question, yes)


def print_parts(parts: Sequence[Part], format: Format) -> None:
    if format is Format.JSON:
        print_json(
            [
                {"what": part.what, "where": part.where, "fate": part.fate.value, "note": part.note}
                for part in parts
            ]
        )
    elif parts:
        print_table("", ("What", "Where", "", ""), _rows(parts))


def print_end(parts: Sequence[Part], format: Format, done: bool) -> int:
    """Print what became of every part. Returns the exit code: 0 if all is done, else 1."""
    print_parts(parts, format)
    if done:
        return 0
    say("Something is left. Fix the reasons listed, then run the command again: it does what is left.")
    return 1


def _rows(parts: Sequence[Part]) -> list[tuple[str, str, str, str]]:
    return [(part.what, part.where, part.fate.value, part.note) for part in parts]
