"""What an observer hears of the executions that run in this process."""

from collections.abc import Mapping
from typing import Any


class Watch:
    """Told of every execution, as DescribeExecution answers it: before it begins, and when it has ended."""

    def started(self, execution: Mapping[str, Any]) -> None:
        """It is about to begin."""

    def ended(self, execution: Mapping[str, Any]) -> None:
        """It has ended, in whichever way."""
