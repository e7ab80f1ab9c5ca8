"""Record death: the ledger's entry of an execution that could not write its own."""

from typing import Any

from rightstate.states.death import record_death


def handler(event: Any, context: Any) -> None:
    record_death(event)
