"""Where notifications go: to the topic and the bus of a deployed hub, or to whatever stands in for them."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from rightstate.aws.errors import named_errors
from rightstate.aws.sessions import hub_client
from rightstate.errors import CallFailed


@dataclass(frozen=True)
class Message:
    """What a person reads. Subscriptions filter by the attributes."""

    subject: str
    text: str
    attributes: Mapping[str, str] = field(default_factory=dict)


class Channels(Protocol):
    """The topic and the bus. Both raise Denied, Throttled, Unavailable, CallFailed."""

    def publish(self, message: Message) -> None:
        """Send the message to people."""

    def put_event(self, entry: Mapping[str, Any]) -> None:
        """Put an event on the bus, as PutEvents takes it."""


class Deployed:
    """The hub's topic, and the default bus of its account."""

    def publish(self, message: Message) -> None:
        attributes = {
            name: {"DataType": "String", "StringValue": value} for name, value in message.attributes.items()
        }
        with named_errors():
            hub_client("sns").publish(
                TopicArn=os.environ["TOPIC_ARN"],
                Subject=message.subject,
                Message=message.text,
                **({"MessageAttributes": attributes} if attributes else {}),
            )

    def put_event(self, entry: Mapping[str, Any]) -> None:
        with named_errors():
            answer = hub_client("events").put_events(Entries=[entry])
        if answer["FailedEntryCount"]:
            code = answer["Entries"][0].get("ErrorCode", "no reason given")
            raise CallFailed(f"EventBridge took the call and not the event: {code}.")


def publish(message: Message) -> None:
    """Send the message. Raises what `Channels` raises."""
    _channels.publish(message)


def put_event(entry: Mapping[str, Any]) -> None:
    """Put the event. Raises what `Channels` raises."""
    _channels.put_event(entry)


@contextmanager
def told_through(channels: Channels) -> Iterator[None]:
    """Tell through those channels until the context is left."""
    global _channels  # noqa: PLW0603 - one hub for the process, as in Lambda
    before, _channels = _channels, channels
    try:
        yield
    finally:
        _channels = before


_channels: Channels = Deployed()
