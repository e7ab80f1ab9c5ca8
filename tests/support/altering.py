"""Events that differ from another in one place."""

import copy
from collections.abc import Sequence
from typing import Any


def opened(event: dict[str, Any], path: Sequence[Any]) -> tuple[dict[str, Any], Any]:
    """The event anew, and in it what holds the last of the path, to be changed there alone.

    All that does not lead there is shared: to copy it takes as long as to test with it.
    """
    changed = copy.copy(event)
    around: Any = changed
    for key in path[:-1]:
        around[key] = copy.copy(around[key])
        around = around[key]
    return changed, around
