"""What the texts and figures of the pages look like. Everything that is somebody else's is escaped."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from markupsafe import Markup, escape

from rightstate.catalogue import find_policy
from rightstate.errors import InvalidInput
from rightstate.wants import Value, as_text
from rightstate_cli.console.wording import of_pages
from rightstate_cli.report.figures import ALONE, GROUPS
from rightstate_cli.report.posture import STATES, State
from rightstate_cli.text import plain

NAMES = {
    State.COMPLIANT: "Compliant",
    State.BROKEN: "Not compliant",
    State.WAITING: "Waits for approval",
    State.LEFT: "Left alone",
    State.EXEMPT: "Exempt",
}
"""The states as the report names them."""


def share(row: Sequence[int]) -> str:
    """The compliant share of a row of STATES, as the report has it: exempt ones count neither way."""
    count = dict(zip(STATES, row, strict=True))
    return percent(count[State.COMPLIANT], sum(row) - count[State.EXEMPT])


def percent(part: int, of: int) -> str:
    """`97.5 %`. 99.96 % is not all."""
    if not of:
        return "\N{EN DASH}"
    tenths = 1000 if part == of else min(round(1000 * part / of), 999)
    return f"{tenths / 10:.0f} %" if tenths in (0, 1000) else f"{tenths / 10:.1f} %"


def duration(seconds: float | None) -> str:
    """`240 ms`, `1.5 s`, `3 min 20 s`, `2.5 h`."""
    if seconds is None or seconds < 0:
        return ""
    if seconds < 1:
        return f"{round(seconds * 1000)} ms"
    if seconds < 120:
        return f"{seconds:.1f} s"
    if seconds < 7200:
        return f"{int(seconds // 60)} min {round(seconds % 60)} s"
    return f"{seconds / 3600:.1f} h"


def moment(given: datetime | str | float | None, seconds: bool = False) -> Markup:
    """A time in UTC: `2026-11-25 08:00`. Numbers are milliseconds since 1970."""
    if given in (None, ""):
        return Markup("")
    if isinstance(given, str):
        try:
            found = datetime.fromisoformat(given)
        except ValueError:
            return escape(plain(given))
    else:
        found = given if isinstance(given, datetime) else datetime.fromtimestamp(given / 1000, UTC)
    found = found.astimezone(UTC)
    shown = f"{found:%Y-%m-%d %H:%M:%S}" if seconds else f"{found:%Y-%m-%d %H:%M}"
    return Markup('<time datetime="{}">{}</time>').format(f"{found:%Y-%m-%dT%H:%M:%SZ}", shown)


def foreign(text: object, longest: int = 160) -> Markup:
    """Somebody else's text, which cannot reorder what stands around it."""
    shown = plain(str(text)).replace("\n", "\\n")
    if len(shown) <= longest:
        return Markup("<bdi>{}</bdi>").format(shown)
    return Markup('<bdi title="{}">{}\N{HORIZONTAL ELLIPSIS}</bdi>').format(shown[:2000], shown[:longest])


def prose(text: str) -> Markup:
    """A sentence of ours, in the words of the pages, with what stands in backticks as code."""
    parts = plain(of_pages(text)).split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if place % 2 else escape(part)
        for place, part in enumerate(parts)
    )


def commands(text: str) -> list[str]:
    """The whole commands in a sentence of ours, to copy."""
    return [each for each in text.split("`")[1::2] if each.startswith(("rightstate ", "aws ", "sam "))]


def shortened(text: object, longest: int) -> str:
    """A text that fits in a title or a label."""
    shown = plain(str(text)).replace("\n", "\\n")
    return shown if len(shown) <= longest else f"{shown[:longest]}\N{HORIZONTAL ELLIPSIS}"


def who(principal: str) -> str:
    """The end of an ARN, which says who it is."""
    end = principal.split(":", 5)[-1] if principal.startswith("arn:") else principal
    return end.removeprefix("assumed-role/")


def group(outcome: str) -> str:
    """The outcome's colour, as in the report."""
    return GROUPS.get(outcome, "waiting" if outcome == "running" else ALONE)


def title(policy: str) -> str:
    """The policy's title, empty of one that only another version has."""
    try:
        return find_policy(policy)[1].title
    except InvalidInput:
        return ""


@dataclass(frozen=True)
class Difference:
    """A setting before and after: of a `list` what goes and comes, else both values."""

    list: bool
    gone: Sequence[str]
    new: Sequence[str]


def difference(before: Value, after: Value) -> Difference:
    """What a change shows."""
    if isinstance(before, list) and isinstance(after, list):
        return Difference(
            True,
            [each for each in before if each not in after],
            [each for each in after if each not in before],
        )
    return Difference(False, [as_text(before)], [as_text(after)])
