"""How a pattern reaches into the lists of an event, as EventBridge's does."""

from typing import Any

import pytest

from rightstate_cli.events import for_patterns


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"items": [{"id": "a"}, {"id": "b"}]}, {"items": {"id": ["a", "b"]}}),
        ({"items": [{"id": "a"}, {"name": "b"}]}, {"items": {"id": ["a"], "name": ["b"]}}),
        ({"items": [{"ids": ["a", "b"]}, {"ids": ["c"]}]}, {"items": {"ids": ["a", "b", "c"]}}),
        ({"items": [{"of": {"id": "a"}}, {"of": {"id": "b"}}]}, {"items": {"of": {"id": ["a", "b"]}}}),
        ({"items": [{"of": [{"id": "a"}, {"id": "b"}]}]}, {"items": {"of": {"id": ["a", "b"]}}}),
        ({"items": ["a", "b"], "none": [], "null": None}, {"items": ["a", "b"], "none": [], "null": None}),
        ({"items": [{"id": "a"}, "b"]}, {"items": [{"id": "a"}, "b"]}),
    ],
)
def test_a_list_of_objects_becomes_one_object_of_lists_and_all_else_stays(given: Any, expected: Any) -> None:
    assert for_patterns(given) == expected
