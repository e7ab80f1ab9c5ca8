"""Charts as SVG that the server draws: no script, and the same in every browser."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from rightstate_cli.console.texts import share
from rightstate_cli.report.posture import STATES, State

_COMPLIANT, _EXEMPT = STATES.index(State.COMPLIANT), STATES.index(State.EXEMPT)
WIDTH, HEIGHT = 640, 180
_LEFT, _BOTTOM, _TOP = 44, 22, 8
_MOST = 120
"""Points at most. Of a longer time, every second or third day and so on."""


@dataclass(frozen=True)
class Point:
    """A day: where its point is, and what to say of it."""

    x: float
    y: float
    day: str
    share: str
    row: Sequence[int]


@dataclass(frozen=True)
class Trend:
    """The compliant share by day. `line` and `area` are paths of SVG, `levels` horizontal lines with their
    labels, `days` places on the axis with theirs."""

    points: Sequence[Point]
    line: str
    area: str
    levels: Sequence[tuple[float, str]]
    days: Sequence[tuple[float, str]]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    bottom: int = HEIGHT - _BOTTOM

    @property
    def words(self) -> str:
        """What a screen reader says of it."""
        if not self.points:
            return "No trend yet."
        first, last = self.points[0], self.points[-1]
        return (
            f"Compliant share from {first.day} to {last.day}: {first.share} at first, {last.share} at last."
        )


def trend(days: Sequence[Mapping[str, Any]], today: date) -> Trend:
    """The trend of a report's days up to today. A day without a change is as the one before."""
    rows = list(_filled(days, today))
    step = max(1, -(-len(rows) // _MOST))
    rows = rows[::-1][::step][::-1]
    shares = [_share(row) for _, row in rows]
    known = [each for each in shares if each is not None]
    if not known:
        return Trend((), "", "", (), ())
    # Not from 0: a change of a percent has to be seen. Not from 99.8 either, where nothing is a crisis.
    low = max(0, min(90, int(min(known) * 100) // 10 * 10))
    across = WIDTH - _LEFT - 8
    tall = HEIGHT - _TOP - _BOTTOM

    def place(value: float) -> float:
        return round(_TOP + tall * (100 - value) / (100 - low), 1)

    points = [
        Point(
            round(_LEFT + across * number / max(1, len(rows) - 1), 1),
            place(value * 100),
            day,
            share(row),
            row,
        )
        for number, ((day, row), value) in enumerate(zip(rows, shares, strict=True))
        if value is not None
    ]
    if len(points) == 1:
        [only] = points
        points = [Point(_LEFT, only.y, only.day, only.share, only.row), Point(WIDTH - 8, *_rest(only))]
    line = "M" + "L".join(f"{each.x} {each.y}" for each in points)
    base = HEIGHT - _BOTTOM
    area = f"{line}L{points[-1].x} {base}L{points[0].x} {base}Z"
    every = (100 - low) / 4
    levels = [(place(low + every * number), f"{low + every * number:g} %") for number in range(5)]
    marks = points[:: max(1, (len(points) - 1) // 4)] if len(points) > 2 else points[:1]
    return Trend(points, line, area, levels, [(each.x, each.day[5:]) for each in marks])


def _rest(point: Point) -> tuple[float, str, str, Sequence[int]]:
    return point.y, point.day, point.share, point.row


def _filled(days: Sequence[Mapping[str, Any]], today: date) -> list[tuple[str, Sequence[int]]]:
    if not days:
        return []
    known = {each["day"]: each["pairs"] for each in days}
    day, last = date.fromisoformat(min(known)), max(today, date.fromisoformat(max(known)))
    row: Sequence[int] = ()
    found = []
    while day <= last:
        row = known.get(day.isoformat(), row)
        found.append((day.isoformat(), row))
        day += timedelta(days=1)
    return found


def _share(row: Sequence[int]) -> float | None:
    of = sum(row) - row[_EXEMPT]
    return row[_COMPLIANT] / of if of else None
