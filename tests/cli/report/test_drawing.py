"""The drawing is of the definition, whatever states that has."""

import json
import re
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest

from rightstate_cli.application import sam_template
from rightstate_cli.report.drawing import HEIGHT, draw

DEFINITION = json.loads((sam_template.root() / "statemachines" / "remediation.asl.json").read_text())


def task(then: str, *caught: str) -> dict[str, Any]:
    return {"Type": "Task", "Next": then, "Catch": [{"Next": each} for each in caught]}


LOOPING = {
    "StartAt": "Look",
    "States": {
        "Look": task("Settled?", "Record"),
        "Settled?": {"Type": "Choice", "Choices": [{"Next": "Write"}], "Default": "Wait"},
        "Wait": {"Type": "Wait", "Seconds": 1, "Next": "Look"},
        "Write": task("Record", "Record"),
        "Record": {"Type": "Task", "End": True},
    },
}


def targets(state: dict[str, Any]) -> set[str]:
    lists = [*state.get("Choices", []), *state.get("Catch", []), state]
    return {each["Next"] for each in lists if "Next" in each} | {
        state[key] for key in state if key == "Default"
    }


@pytest.mark.parametrize("definition", [DEFINITION, LOOPING], ids=["ours", "one that goes back"])
def test_every_state_and_every_way_between_two_is_drawn_once(definition: dict[str, Any]) -> None:
    drawn = draw(definition)
    assert sorted(each.name for each in drawn.states) == sorted(definition["States"])
    assert sorted((each.source, each.target) for each in drawn.ways) == sorted(
        (name, target) for name, state in definition["States"].items() for target in targets(state)
    )


@pytest.mark.parametrize("definition", [DEFINITION, LOOPING], ids=["ours", "one that goes back"])
def test_no_state_covers_another_and_all_is_inside_the_picture(definition: dict[str, Any]) -> None:
    drawn = draw(definition)
    assert all(below.y >= above.y + HEIGHT for above, below in pairwise(drawn.states))
    assert drawn.states[-1].y + HEIGHT <= drawn.height
    for way in drawn.ways:
        numbers = [int(each) for each in re.findall(r"-?\d+", way.path)]
        assert min(numbers) > 0
        assert max(numbers) < max(drawn.width, drawn.height)


def test_the_main_way_goes_straight_down_and_the_endings_have_a_rail() -> None:
    drawn = draw(DEFINITION)
    names = [each.name for each in drawn.states]
    assert names[0] == DEFINITION["StartAt"]
    assert names.index("Describe") < names.index("Decide") < names.index("Apply") < names.index("Verify")
    [(ending, ways)] = Counter(each.target for each in drawn.ways).most_common(1)
    assert (ending, ways > 3) == ("Notify and record", True)
    to_record = [each for each in drawn.ways if each.target == ending]
    # All but the straight one from the state above turn at the same line.
    lines = [re.findall(r"H(\d+)", each.path)[:1] for each in to_record]
    assert len({line[0] for line in lines if line}) == 1


def test_a_way_back_is_drawn_beside_the_states() -> None:
    drawn = draw(LOOPING)
    [back] = [each for each in drawn.ways if (each.source, each.target) == ("Wait", "Look")]
    assert int(re.findall(r"H(\d+)", back.path)[0]) < drawn.x
