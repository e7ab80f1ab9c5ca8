"""Ctrl-C in a command that starts work elsewhere: the first stops in good order, the second aborts."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from types import FrameType

from rightstate_cli.terminal.output import say

UNCHANGED_AFTER = "Interrupted. What was done before stays as it is; nothing more is done."
"""The sentence for a command that has none of its own."""
CODE = 130
"""The exit code of a shell for a command that SIGINT ended (128 + 2)."""


@contextmanager
def interrupted(sentence: str) -> Iterator[Event]:
    """An event that the first Ctrl-C sets, saying the sentence. The second raises KeyboardInterrupt."""
    stop = Event()

    def handle(number: int, frame: FrameType | None) -> None:
        stop.set()
        signal.signal(signal.SIGINT, before)
        say(sentence)

    before = signal.signal(signal.SIGINT, handle)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
