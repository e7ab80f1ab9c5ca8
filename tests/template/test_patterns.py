"""The matcher of the tests judges as AWS's does.

ruler_verdicts.json has what AWS's event ruler (github.com/aws/event-ruler, version 2.0.1), which EventBridge
uses, says of each operator that our patterns have: on events with and without the field, with other types in
it, and with lists around it.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.member.test_template import forwarding_rules
from tests.support import patterns
from tests.support.template import rules

VERDICTS = json.loads(Path(__file__).with_name("ruler_verdicts.json").read_text())


# Where one object of several in a list lacks the field, it does exist for AWS. No event here has such a list.
DIFFERS = ({"a": {"b": [{"exists": False}]}}, {"a": [{"b": "x"}, {"c": "y"}]})


@pytest.mark.parametrize("verdict", VERDICTS, ids=[json.dumps(each["pattern"]) for each in VERDICTS])
def test_the_matcher_agrees_with_aws(verdict: dict[str, Any]) -> None:
    pattern = verdict["pattern"]
    assert [event for event in verdict["matches"] if not patterns.matches(pattern, event)] == []
    wrong = [event for event in verdict["others"] if patterns.matches(pattern, event)]
    assert wrong == ([DIFFERS[1]] if pattern == DIFFERS[0] else [])


def operators(node: Any) -> Iterator[str]:
    """`$or`, and of each object in a list what is in it, e.g. anything-but.prefix."""
    for key, child in node.items():
        if key == "$or":
            yield key
            for each in child:
                yield from operators(each)
        elif isinstance(child, dict):
            yield from operators(child)
        else:
            for each in child:
                yield ".".join(_operator(each)) or "exact"


def _operator(expected: Any) -> Iterator[str]:
    while isinstance(expected, dict):
        [(name, expected)] = expected.items()
        yield name


def test_every_operator_of_our_patterns_is_among_the_verdicts() -> None:
    judged = {name for each in VERDICTS for name in operators(each["pattern"])}
    ours = {name for rule in (*rules(), *forwarding_rules()) for name in operators(rule.pattern)}
    assert ours <= judged
    assert ours > {"exact", "exists", "anything-but", "$or"}


REFUSED: list[dict[str, Any]] = [{}, {"a": []}, {"a": "x"}, {"a": [{"prefx": "x"}]}, {"$or": [{"a": "x"}]}]


@pytest.mark.parametrize("pattern", REFUSED, ids=str)
def test_a_pattern_that_aws_would_refuse_is_refused(pattern: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w+: "):
        patterns.matches(pattern, {"a": "x"})
