"""The states that an execution has gone through, as Step Functions itself has written them down.

Step Functions forgets a history after 90 days (developer guide, "Quotas related to state machine
executions"); the ledger keeps this much of it.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from rightstate.aws_errors import named_errors
from rightstate.clock import written
from rightstate.errors import RightstateError
from rightstate.sessions import hub_client
from rightstate.step import logger

_EVENTS = 1000
"""What one answer of GetExecutionHistory holds at most (API reference). An execution that has waited for
hours has some hundred; the end of one with more is not kept."""


def of(execution: str, until: datetime) -> list[dict[str, Any]]:
    """The way of an execution that is in its last state. `until` is when that is left.

    Empty where it cannot be read. All that ask in a region share 20 such calls a second (developer guide,
    "Quotas related to API action throttling"), and nothing depends on the way.
    """
    try:
        with named_errors():
            answer = hub_client("stepfunctions").get_execution_history(
                executionArn=execution, maxResults=_EVENTS, includeExecutionData=False
            )
    except RightstateError as error:
        logger.warning("The states of the execution are not in its entry.", reason=str(error))
        return []
    return visits(answer["events"], until)


def visits(events: Iterable[Mapping[str, Any]], until: datetime) -> list[dict[str, Any]]:
    """Each state that was entered: `state`, `entered`, and for how many `seconds`."""
    found: list[tuple[str, datetime, datetime]] = []
    for event in events:
        at = event["timestamp"]
        if entered := event.get("stateEnteredEventDetails"):
            found.append((entered["name"], at, until))
        elif "stateExitedEventDetails" in event and found:
            name, since, _ = found[-1]
            found[-1] = (name, since, at)
    return [
        {
            "state": name,
            "entered": written(since),
            "seconds": round(max(0.0, (left - since).total_seconds()), 3),
        }
        for name, since, left in found
    ]
