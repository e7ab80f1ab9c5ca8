"""How an operation that waits tells its caller how far it is."""

from collections.abc import Callable
from dataclasses import dataclass


def _ignore(*given: object) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Progress:
    """What an operation calls while it waits.

    `say` gets a sentence. `count` gets what is counted, how many are done, and how many there are; None while
    that is unknown.
    """

    say: Callable[[str], None] = _ignore
    count: Callable[[str, int, int | None], None] = _ignore


SILENT = Progress()
