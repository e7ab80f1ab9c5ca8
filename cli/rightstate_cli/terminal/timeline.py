"""The way that an execution took through its definition, drawn as a tree."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from rich.text import Text
from rich.tree import Tree

from rightstate_cli.executions.executions import RUNNING, Execution, Step
from rightstate_cli.text import counted, plain

Definition = Mapping[str, Any]
"""A state machine in the Amazon States Language, of which only states at the top are drawn."""


def drawing(execution: Execution, definition: Definition) -> Tree:
    """The states in the order in which they were entered; below each where it went on to, and what it met
    there.

    What was not entered comes last. That, and a way that was not taken, say so and are dim.
    """
    names = [step.state for step in execution.steps]
    ways = set(pairwise(names))
    tree = Tree(Text("Path", style="bold"))
    # Sorting keeps the definition's order among those that were not entered.
    for name, state in sorted(
        _in_order(definition), key=lambda each: names.index(each[0]) if each[0] in names else len(names)
    ):
        visits = [step for step in execution.steps if step.state == name]
        branch = tree.add(_heading(name, visits, _running(execution, name)))
        for target in _targets(state) if visits else ():
            taken = (name, target) in ways
            # Where a task goes on to is the next state, unless an error has led it elsewhere.
            if state["Type"] == "Choice" or (taken and target != state.get("Next")):
                branch.add(
                    Text(f"-> {plain(target)}{'' if taken else ', not taken'}", "" if taken else "dim")
                )
        for line in _met(visits):
            branch.add(Text(line, style="yellow"))
    return tree


def fits(execution: Execution, definition: Definition) -> bool:
    """Whether the execution can have run that definition."""
    return bool(execution.steps) and {step.state for step in execution.steps} <= set(definition["States"])


def _in_order(definition: Definition) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each state once. What is deployed has them by name: CloudFormation's JSON keeps no order."""
    seen: set[str] = set()
    ahead = [str(definition["StartAt"])]
    while ahead:
        name = ahead.pop()
        if name not in seen:
            seen.add(name)
            state = definition["States"][name]
            yield name, state
            ahead += reversed(_targets(state))


def _heading(name: str, visits: Sequence[Step], running: bool) -> Text:
    if not visits:
        return Text(f"{plain(name)}, not entered", style="dim")
    heading = Text(plain(name), style="bold")
    heading.append(f"  {sum(each.seconds for each in visits):.2f} s", style="not bold")
    if len(visits) > 1:
        heading.append(f", entered {len(visits)} times", style="not bold")
    return heading.append(", still in it", style="not bold yellow") if running else heading


def _targets(state: Mapping[str, Any]) -> list[str]:
    """Where the state can lead to, other than by an error it has met."""
    chosen = [each["Next"] for each in state.get("Choices", ())]
    others = [state[key] for key in ("Default", "Next") if key in state]
    caught = [each["Next"] for each in state.get("Catch", ())]
    return list(dict.fromkeys([*chosen, *others, *caught]))


def _met(visits: Sequence[Step]) -> Iterator[str]:
    """The errors of all visits, and for how long it was waited between one try and the next."""
    errors = Counter(error for step in visits for error in step.errors)
    for error, count in errors.items():
        yield f"{count} x {plain(error)}"
    retries = sum(max(0, len(step.errors) - step.gave_up) for step in visits)
    waited = sum(step.waited for step in visits)
    if retries:
        yield f"tried again {counted(retries, 'time')}, {waited:.2f} s of waiting"


def _running(execution: Execution, name: str) -> bool:
    return execution.status == RUNNING and execution.steps[-1].state == name
