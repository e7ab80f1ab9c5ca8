"""The events that EventBridge could not deliver, in the hub's dead-letter queue, and what becomes of each."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import ValidationError

from rightstate.errors import InvalidInput
from rightstate.models.decision import Outcome
from rightstate.models.start import Event
from rightstate_cli import foreign_json
from rightstate_cli.application import events
from rightstate_cli.aws import answers
from rightstate_cli.executions.executions import Start
from rightstate_cli.hub.deployment import ALIAS, Hub
from rightstate_cli.tables.ledger_table import Entry, Ledger, Query

DEATHS = "Step Functions Execution Status Change"
"""The detail-type of an event about an execution's end, which the function `record-death` handles."""
OLD = timedelta(hours=24)
"""How long EventBridge tries to deliver an event. An older event may be about a resource that has changed
since."""
_HANDLED_WITHIN = timedelta(days=2)
_HIDDEN_SECONDS = 600
_LONG_POLL_SECONDS = 2
_CLOCK_SKEW = timedelta(minutes=5)


class Fate(StrEnum):
    """What becomes of an event."""

    START = "start"
    RECORD = "record"
    HANDLED = "handled"
    OLD = "old"
    LEFT = "left"


@dataclass(frozen=True)
class Letter:
    """A message of the queue. `event` is empty where its body is no event of CloudTrail or of an execution's
    end; `target` is the ARN that EventBridge could not reach."""

    receipt: str
    body: str
    event: Mapping[str, Any]
    target: str
    error: str

    @property
    def id(self) -> str:
        return str(self.event.get("id", "?"))

    @property
    def name(self) -> str:
        """The API call, or what the event is about."""
        detail = self.event.get("detail")
        called = detail.get("eventName") if isinstance(detail, dict) else None
        return str(called or self.event.get("detail-type") or "not understood")


@dataclass(frozen=True)
class Verdict:
    """What is to be done with a letter, and why; the starts of one that is to be delivered."""

    letter: Letter
    fate: Fate
    reason: str
    starts: Sequence[Start] = field(default=())


class Queue:
    """The hub's queue of undelivered events. Its methods raise Denied, Unavailable and InvalidInput.

    `done` has the receipts of the letters that were removed or given back.
    """

    def __init__(self, hub: Hub) -> None:
        self._url = hub.outputs["UndeliveredEvents"]
        self._sqs = hub.client("sqs")
        self.done: set[str] = set()

    def letters(self) -> Iterator[Letter]:
        """Every message. For ten minutes then nobody else gets it."""
        seen: set[str] = set()
        while True:
            with answers("Nothing was replayed."):
                answer = self._sqs.receive_message(
                    QueueUrl=self._url,
                    MaxNumberOfMessages=10,
                    MessageAttributeNames=["All"],
                    VisibilityTimeout=_HIDDEN_SECONDS,
                    WaitTimeSeconds=_LONG_POLL_SECONDS,
                )
            new = [each for each in answer.get("Messages", ()) if each["MessageId"] not in seen]
            if not new:
                return
            for message in new:
                seen.add(message["MessageId"])
                yield _letter(message)

    def remove(self, letter: Letter) -> None:
        """Remove a letter that was delivered, or need not be."""
        with answers("What it started goes on; the message is still in the queue."):
            self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=letter.receipt)
        self.done.add(letter.receipt)

    def put_back(self, letters: Sequence[Letter]) -> None:
        """Give letters back, so that the next receiver finds them at once."""
        with answers("They are found again in ten minutes."):
            for letter in letters:
                self._sqs.change_message_visibility(
                    QueueUrl=self._url, ReceiptHandle=letter.receipt, VisibilityTimeout=0
                )
                self.done.add(letter.receipt)


def _letter(message: Mapping[str, Any]) -> Letter:
    attributes = message.get("MessageAttributes", {})
    values = {name: str(each.get("StringValue", "")) for name, each in attributes.items()}
    return Letter(
        receipt=message["ReceiptHandle"],
        body=message["Body"],
        event=_understood(message["Body"]),
        target=values.get("TARGET_ARN", ""),
        error=values.get("ERROR_CODE", ""),
    )


def _understood(body: str) -> Mapping[str, Any]:
    try:
        event = foreign_json.parse(body, "The message", "")
        if isinstance(event, dict) and event.get("detail-type") == DEATHS:
            return event
        return events.understood(event, "The message")
    except InvalidInput:
        return {}


def handled(event: Mapping[str, Any], hub: Hub) -> Entry | None:
    """The ledger's entry of an execution that this event started, None if the last one failed.

    Executions are searched in the event's account, within two days after the event.
    """
    time = moment(event)
    query = Query(
        account=str(event["account"]),
        event=str(event["id"]),
        since=time - _CLOCK_SKEW,
        until=time + _HANDLED_WITHIN,
    )
    last: dict[str, Entry] = {}
    for entry in Ledger(hub.ledger).entries(query):
        last.setdefault(entry.resource, entry)
    if any(entry.outcome in (Outcome.FAILED, Outcome.DIED) for entry in last.values()):
        return None
    return next(iter(last.values()), None)


def moment(event: Mapping[str, Any]) -> datetime:
    """When the event happened. Raises InvalidInput."""
    try:
        time = datetime.fromisoformat(str(event["time"]))
    except ValueError:
        raise InvalidInput("The event's time is none. Nothing was replayed.") from None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def is_old(event: Mapping[str, Any]) -> bool:
    """Whether it happened longer ago than EventBridge tries to deliver."""
    return datetime.now(UTC) - moment(event) > OLD


def judge(letter: Letter, starts: Sequence[Start], hub: Hub, force: bool) -> Verdict:
    """What is to be done with the letter, of which the rules make those starts. Raises Denied, Unavailable,
    InvalidInput where the ledger cannot be read."""
    event = letter.event
    if not event:
        return Verdict(letter, Fate.LEFT, "It is not an event that a rule can match.")
    if event["detail-type"] == DEATHS:
        return Verdict(letter, Fate.RECORD, "How the execution ended goes into the ledger.")
    try:
        Event.model_validate({"id": event["id"], "name": letter.name, "time": event["time"]})
        moment(event)
    except (ValidationError, InvalidInput):
        return Verdict(letter, Fate.LEFT, "Its id or its time is not one.")
    entry = None if force else handled(event, hub)
    if entry:
        return Verdict(letter, Fate.HANDLED, f"{entry.name} has handled it: {entry.outcome}.")
    if not force and is_old(event):
        return Verdict(letter, Fate.OLD, f"It is of {event['time']}; --force delivers it all the same.")
    # A message is about the one target that could not be reached; without it, about all.
    meant = [each for each in starts if not letter.target or _is_target(letter.target, each, hub)]
    if not meant:
        return Verdict(letter, Fate.LEFT, "No rule of this version starts anything for it.")
    again = [each.model_copy(update={"name": _name(event["id"], each, force)}) for each in meant]
    return Verdict(letter, Fate.START, "", again)


def _is_target(target: str, start: Start, hub: Hub) -> bool:
    machine = hub.machines().get(start.resource_type, "")
    return target.removesuffix(f":{ALIAS}") == machine


def _name(event: str, start: Start, force: bool) -> str:
    """The same for the same event and machine, so that it starts nothing twice; a new one if forced."""
    once = datetime.now(UTC).isoformat() if force else ""
    digest = hashlib.sha256(f"{start.resource_type}{once}".encode()).hexdigest()[:8]
    return f"{event[:60]}-replay-{digest}"


def deliver(start: Start, hub: Hub) -> str:
    """Start the execution, and return its ARN; the same if it has been started before. Raises Denied,
    Unavailable, InvalidInput."""
    states = hub.client("stepfunctions")
    machine = hub.machine(start.resource_type)
    with answers("The message is still in the queue."):
        try:
            answer = states.start_execution(
                stateMachineArn=machine, name=start.name, input=json.dumps(start.input)
            )
        except states.exceptions.ExecutionAlreadyExists:
            executions = machine.removesuffix(f":{ALIAS}").replace(":stateMachine:", ":execution:", 1)
            return f"{executions}:{start.name}"
    arn: str = answer["executionArn"]
    return arn


def record_death(letter: Letter, hub: Hub) -> None:
    """Have the hub's function write the entry. Raises InvalidInput, Denied, Unavailable."""
    with answers("The message is still in the queue."):
        answer = hub.client("lambda").invoke(FunctionName=hub.function("record-death"), Payload=letter.body)
    if answer.get("FunctionError"):
        raise InvalidInput(
            f"The function record-death of the hub {hub.stack} failed; its log says why. The message is "
            "still in the queue."
        )
