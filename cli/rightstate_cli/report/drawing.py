"""The state machine as it is drawn: its states below each other, with the ways between them.

Derived from the definition, so that a state that is added to it is drawn. The state that most ways lead to,
where every ending is recorded, has a rail of its own on the right; ways that leave out states or go back are
drawn on the left.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

STEP = 58
HEIGHT = 34
WIDTH = 236
LANE = 16
_MARGIN = 12
_TIMES = 130


@dataclass(frozen=True)
class State:
    """A state at its place; `y` is its upper edge."""

    name: str
    type: str
    comment: str
    y: int


@dataclass(frozen=True)
class Way:
    """A way from one state to another: a path of SVG, and the kind of it, `next`, `choice`, `default` or
    `catch`."""

    source: str
    target: str
    kind: str
    path: str


@dataclass(frozen=True)
class Drawing:
    """States from above to below, in a picture of that size; the states are at `x`."""

    states: tuple[State, ...]
    ways: tuple[Way, ...]
    x: int
    width: int
    height: int


def draw(definition: Mapping[str, Any]) -> Drawing:
    """Lay out a definition in the States Language, whose states have no states of their own."""
    states = definition["States"]
    ways = _ways(states)
    names = _order(definition["StartAt"], ways)
    rows = {name: row for row, name in enumerate(names)}
    [(rail, _)] = Counter(target for _, target, _ in ways).most_common(1) or [("", 0)]
    neighbours = set(pairwise(names))
    far = sorted(
        ((source, target) for source, target, _ in ways if (source, target) not in neighbours),
        key=lambda way: abs(rows[way[0]] - rows[way[1]]),
    )
    left = [way for way in far if way[1] != rail]
    lanes = {way: lane for lane, way in enumerate(left, 1)}
    x = _MARGIN + LANE * (len(left) + 1) if left else _MARGIN
    drawn = []
    for source, target, kind in ways:
        above, below = _y(rows[source]), _y(rows[target])
        if (source, target) in neighbours:
            path = f"M{x + WIDTH // 2} {above + HEIGHT}V{below - 2}"
        elif target == rail:
            edge, line = x + WIDTH, x + WIDTH + LANE
            path = f"M{edge} {above + HEIGHT // 2}H{line}V{below + HEIGHT // 2}H{edge + 2}"
        else:
            line = x - LANE * lanes[source, target]
            path = f"M{x} {above + HEIGHT // 2 + 5}H{line}V{below + HEIGHT // 2 - 5}H{x - 2}"
        drawn.append(Way(source, target, kind, path))
    return Drawing(
        tuple(
            State(name, states[name]["Type"], states[name].get("Comment", ""), _y(row))
            for name, row in rows.items()
        ),
        tuple(drawn),
        x,
        x + WIDTH + LANE + _TIMES,
        _y(len(names)) - STEP + HEIGHT + _MARGIN,
    )


def _y(row: int) -> int:
    return _MARGIN + row * STEP


def _ways(states: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Source, target and kind; of several between two states the plainest."""
    found: dict[tuple[str, str], str] = {}
    for name, state in states.items():
        for target, kind in _leading(state):
            found.setdefault((name, target), kind)
    return [(source, target, kind) for (source, target), kind in found.items()]


def _leading(state: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if "Next" in state:
        yield state["Next"], "next"
    for choice in state.get("Choices", ()):
        yield choice["Next"], "choice"
    if "Default" in state:
        yield state["Default"], "default"
    for catch in state.get("Catch", ()):
        yield catch["Next"], "catch"


def _order(start: str, ways: list[tuple[str, str, str]]) -> list[str]:
    """The states, each below all that lead to it, but for ways that go back."""
    after: dict[str, list[str]] = {}
    for source, target, _ in ways:
        after.setdefault(source, []).append(target)
    done: list[str] = []
    seen: set[str] = set()

    def visit(name: str) -> None:
        seen.add(name)
        # What is visited first comes last: the way on, after the choices' and before the failures', stays
        # right below its state.
        for target in reversed(after.get(name, [])):
            if target not in seen:
                visit(target)
        done.append(name)

    visit(start)
    return done[::-1]
