"""The state machine, with the path of an execution and its times."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from rightstate_cli.application import sam_template
from rightstate_cli.executions.executions import RUNNING, Execution, Step
from rightstate_cli.report import drawing


@dataclass(frozen=True)
class Machine:
    """The state machine with the path of an execution. `taken` are the ways between states, `times` what to
    say beside each state that was entered."""

    drawing: drawing.Drawing
    entered: frozenset[str]
    taken: frozenset[tuple[str, str]]
    times: Mapping[str, str]
    current: str


def machine(execution: Execution, definition: Mapping[str, Any] | None) -> Machine | None:
    """None where the execution has no states, or ran another definition than is known."""
    shown = definition or sam_template.definition()
    names_taken = [step.state for step in execution.steps]
    if not names_taken or not set(names_taken) <= set(shown["States"]):
        return None
    by_state: dict[str, list[Step]] = {}
    for step in execution.steps:
        by_state.setdefault(step.state, []).append(step)
    return Machine(
        drawing.draw(shown),
        frozenset(names_taken),
        frozenset(pairwise(names_taken)),
        {state: _time(steps) for state, steps in by_state.items()},
        names_taken[-1] if execution.status == RUNNING else "",
    )


def _time(steps: Sequence[Step]) -> str:
    seconds = sum(step.seconds for step in steps)
    errors = Counter(error for step in steps for error in step.errors)
    words = [f"{seconds:.2f} s"]
    if len(steps) > 1:
        words.append(f"{len(steps)} times")
    if errors:
        words.append(f"{errors.total()} failed")
    return ", ".join(words)
