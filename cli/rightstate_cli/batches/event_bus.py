"""An event put on the bus of a deployed hub, and the executions that it starts there."""

import json
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

from rightstate.errors import InvalidInput
from rightstate_cli.application import sam_template
from rightstate_cli.aws import answers
from rightstate_cli.executions.executions import listed
from rightstate_cli.hub.deployment import Hub
from rightstate_cli.hub.follow import states_of

SOURCE = "rightstate.replay"
"""What the rules listen to beside AWS: PutEvents refuses a source that begins with `aws.`."""
WAIT_SECONDS = 60
_PAUSE_SECONDS = 2
# AWS refuses a request whose clock is further off (General Reference, Signature Version 4).
_CLOCK_SKEW = timedelta(minutes=5)


def check(event: Mapping[str, Any], hub: Hub) -> None:
    """Raises InvalidInput where the hub's bus would make another event of it."""
    place = (str(event["account"]), str(event["region"]))
    if place != (hub.account, hub.region):
        raise InvalidInput(
            f"The event is of account {place[0]}, {place[1]}. On the hub's bus it would be one of account "
            f"{hub.account}, {hub.region}, where the hub is: EventBridge sets both. Nothing was replayed. "
            "`rightstate start RESOURCE` starts what the event would have started."
        )


def put(event: Mapping[str, Any], hub: Hub) -> str:
    """Put the event on the hub's bus; returns the id that it gets there.

    Raises Denied, Unavailable, InvalidInput.
    """
    entry = {
        "Source": SOURCE,
        "DetailType": event["detail-type"],
        "Detail": json.dumps(event["detail"]),
        "Resources": event.get("resources", []),
    }
    with answers("Nothing is known to have been replayed."):
        answer = hub.client("events").put_events(Entries=[entry])
    [put] = answer["Entries"]
    if answer["FailedEntryCount"]:
        raise InvalidInput(
            f"EventBridge did not take the event: {put.get('ErrorCode')}, {put.get('ErrorMessage')}. "
            "Nothing was replayed."
        )
    found: str = put["EventId"]
    return found


def started(event_id: str, event: Mapping[str, Any], hub: Hub, left: Event) -> list[str]:
    """ARNs of the executions that the event has started, as soon as there are any; none if there are none
    within a minute, or when `left` is set.

    Raises Denied, Unavailable, InvalidInput.
    """
    name = event["detail"].get("eventName")
    machines = hub.machines()
    listening = [arn for each, arn in machines.items() if name in sam_template.event_names(each)]
    since = datetime.now(UTC) - _CLOCK_SKEW
    ends = time.monotonic() + WAIT_SECONDS
    states = states_of(hub)
    looked_at: set[str] = set()

    def look(machine: str) -> Iterator[str]:
        for each in listed(states, machine, since):
            arn: str = each["executionArn"]
            if arn not in looked_at:
                looked_at.add(arn)
                # EventBridge names an execution after the event as a rule; what counts is its input.
                given = json.loads(states.describe_execution(executionArn=arn)["input"])
                if (given.get("event") or {}).get("id") == event_id:
                    yield arn

    found: list[str] = []
    with (
        answers("The event is on the bus: `rightstate history --deployed` lists what it starts."),
        ThreadPoolExecutor() as readers,
    ):
        while True:
            of_each = readers.map(lambda machine: list(look(machine)), listening or machines.values())
            new = [arn for arns in of_each for arn in arns]
            # Several rules may have matched: one more look after the last that was found.
            if (found and not new) or time.monotonic() > ends or left.is_set():
                return found
            found += new
            time.sleep(_PAUSE_SECONDS)
