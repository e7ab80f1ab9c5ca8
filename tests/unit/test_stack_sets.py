"""Which stacks of an organization are still to be made."""

import pytest

from rightstate_cli.stack_sets import Instance, Targets, missing

NONE = Targets((), ())


def instance(unit: str, region: str) -> Instance:
    return Instance("111122223333", region, unit, "CURRENT", "SUCCEEDED", "NOT_CHECKED", "")


@pytest.mark.parametrize(
    ("instances", "there", "wanted", "left"),
    [
        ([], NONE, Targets(("a", "b"), ("x", "y")), [Targets(("a", "b"), ("x", "y"))]),
        ([instance("a", "x")], Targets(("a",), ("x",)), Targets(("a",), ("x",)), []),
        (
            [instance("a", "x")],
            Targets(("a",), ("x",)),
            Targets(("a", "b"), ("x", "y")),
            [Targets(("a",), ("y",)), Targets(("b",), ("x", "y"))],
        ),
        # A unit without an account yet: those that will join get their stacks.
        ([instance("a", "x")], Targets(("a", "b"), ("x",)), Targets(("b",), ("x",)), []),
        # The StackSet has both regions, this unit only one of them.
        (
            [instance("a", "x"), instance("b", "x"), instance("b", "y")],
            Targets(("a", "b"), ("x", "y")),
            Targets(("a", "b"), ("x", "y")),
            [Targets(("a",), ("y",))],
        ),
    ],
)
def test_only_what_is_missing_is_made_with_few_operations(
    instances: list[Instance], there: Targets, wanted: Targets, left: list[Targets]
) -> None:
    assert missing(instances, there, wanted) == left
