"""Engines that run nothing, for what is said about engines in several processes."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from rightstate_cli.executions.executions import Execution, Start

TESTS_PROCESS = "TESTS_PROCESS"


class Recording:
    """It ends its executions the oldest first. Each says in which process it ran, and of how many at a time.

    What an execution is to do stands in its input's `reason`: `kill` ends the process, unless that is the
    test's, `wait` waits until the engine is left.
    """

    def __init__(self, left: Any) -> None:
        self._left = left

    def run(self, starts: Iterator[Start], at_once: Callable[[], int], keep: bool) -> Iterator[Execution]:
        running: list[Start] = []
        while True:
            running += islice(starts, max(0, at_once() - len(running)))
            if not running:
                return
            start = running.pop(0)
            asked = start.input["reason"]
            if asked == "kill" and str(os.getpid()) != os.environ[TESTS_PROCESS]:
                os.kill(os.getpid(), signal.SIGKILL)
            if asked == "wait":
                self._left.wait(60)
            # What it does takes a while, in which the others get some.
            time.sleep(0.01)
            yield ended(start, f"{os.getpid()} {len(running) + 1} {at_once()}")


def ended(start: Start, reason: str) -> Execution:
    return Execution(
        name=start.input["resource"],
        resource_type=start.resource_type,
        status="SUCCEEDED",
        outcome="remediated",
        reason=reason,
        account="123456789012",
        region="us-east-1",
        resource=start.input["resource"],
        started_at=datetime.now(UTC),
        seconds=0,
    )


@contextmanager
def recording(left: Any) -> Iterator[Recording]:
    yield Recording(left)
