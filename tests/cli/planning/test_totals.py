"""The numbers of a plan: they account for every resource, and the most severe comes first."""

from hypothesis import given
from hypothesis import strategies as st

from rightstate_cli.planning.totals import totals
from tests.cli.planning.test_plan_file import broken, made, unreadable

NAMES = st.lists(st.tuples(st.text("abc", min_size=1), st.booleans()), max_size=8, unique_by=lambda e: e[0])


@given(NAMES)
def test_the_numbers_of_types_and_of_places_are_those_of_the_plan(names: list[tuple[str, bool]]) -> None:
    plan = made(*(broken(name) if right else unreadable(name, "denied") for name, right in names))
    found = totals(plan)
    assert found.settings == sum(len(item.changes) for item in plan.items)
    for parts in (found.types, found.places):
        assert sum(part.looked_at for part in parts) == len(plan.items)
        assert sum(part.to_change for part in parts) == len(plan.to_change)
        assert sum(part.unknown for part in parts) == sum(not right for _, right in names)
    assert sum(each.to_change for each in found.policies) == len(plan.to_change)
    assert sum(count for _, count in found.severities) == len(plan.to_change)
