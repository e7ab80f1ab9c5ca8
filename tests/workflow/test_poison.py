"""Events that no one should have sent: each ends once, and the next good one is handled (threat T16)."""

import copy
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from rightstate_cli.embedded.engine import Engine
from tests.support.calls import Calls
from tests.support.member import broken, enable, event_about

POLICY = "sqs-server-side-encryption"
BIG = "x" * 250_000
Event = dict[str, Any]


def poisoned(event: Event, change: Callable[[Event], Any]) -> Event:
    found = copy.deepcopy(event)
    change(found)
    return {**found, "id": str(uuid.uuid4())}


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        (lambda event: event["detail"]["requestParameters"].clear(), "rejected"),
        (lambda event: event["detail"].update(requestParameters=None), "rejected"),
        (
            lambda event: event["detail"].update(responseElements=None, requestParameters={"queueUrl": 7}),
            "rejected",
        ),
        (lambda event: event.update(detail={}), None),
        (lambda event: event["detail"]["requestParameters"].update(queueUrl="../../x"), "rejected"),
        (lambda event: event["detail"]["requestParameters"].update(queueUrl=BIG), "rejected"),
        (lambda event: event["detail"].update(additionalEventData=BIG), "remediated"),
        (lambda event: event["detail"].update(eventVersion="99.0", unheardOf={"a": [1]}), "remediated"),
        (lambda event: event["detail"].update(eventVersion=None, userIdentity={}), "remediated"),
    ],
)
def test_a_poison_event_starts_nothing_or_ends_once_and_the_next_good_one_is_handled(
    hub: Engine, calls: Calls, change: Callable[[Event], Any], outcome: str | None
) -> None:
    enable(hub, POLICY)
    queue = broken(POLICY)
    good = event_about(POLICY, queue)
    poison = poisoned(good, change)
    before = len(hub.ledger())
    executions = list(hub.run([match.start for match in hub.matches(poison)]))
    assert [each.outcome for each in executions] == ([outcome] if outcome else [])
    # One entry for each execution, and none of them carries what was planted.
    assert len(hub.ledger()) == before + len(executions)
    assert all(len(str(entry)) < 10_000 for entry in hub.ledger())
    again = list(hub.run([match.start for match in hub.matches({**good, "id": str(uuid.uuid4())})]))
    assert [each.outcome for each in again] == ["compliant" if outcome == "remediated" else "remediated"]
