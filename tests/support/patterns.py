"""Whether an event matches a pattern, judged by ministack's matcher.

It follows AWS's event ruler, refusals included. `test_patterns.py` holds it against verdicts of AWS's ruler.
"""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from ministack.services import eventbridge


def matches(pattern: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Raises ValueError where AWS would refuse the pattern."""
    return any(eventbridge._matches_detail(event, each) for each in _compiled(json.dumps(pattern)))


@cache
def _compiled(pattern: str) -> tuple[Any, ...]:
    alternatives, refused = eventbridge._parse_pattern_text(pattern)
    if refused:
        raise ValueError(f"{refused}: {pattern}")
    return tuple(alternatives)
