"""The states that an execution has gone through, as Step Functions itself has written them down.

Step Functions forgets a history after 90 days (developer guide, "Quotas related to state machine
executions"); the ledger keeps this much of it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from rightstate.aws.errors import named_errors
from rightstate.aws.sessions import hub_client
from rightstate.clock import written
from rightstate.errors import RightstateError
from rightstate.executions.step import logger

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
    """Each state that was entered: `state`, `entered`, for how many `seconds`, and how often its tries failed
    with which of the `errors`, if any did."""
    found: list[tuple[str, datetime, datetime, Counter[str]]] = []
    for event in events:
        at = event["timestamp"]
        if entered := event.get("stateEnteredEventDetails"):
            found.append((entered["name"], at, until, Counter()))
        elif found:
            name, since, _, errors = found[-1]
            if "stateExitedEventDetails" in event:
                found[-1] = (name, since, at, errors)
            elif error := error_of(event):
                errors[error] += 1
    return [
        {
            "state": name,
            "entered": written(since),
            "seconds": round(max(0.0, (left - since).total_seconds()), 3),
            **({"errors": dict(errors)} if errors else {}),
        }
        for name, since, left, errors in found
    ]


def error_of(event: Mapping[str, Any]) -> str:
    """What a try of a task failed with, empty where the event does not say that one did."""
    for key in ("taskFailedEventDetails", "taskTimedOutEventDetails"):
        if found := event.get(key):
            return str(found.get("error", "States.Timeout"))
    return ""
