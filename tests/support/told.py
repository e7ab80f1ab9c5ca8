"""What an engine's hub has told: the messages to its topic, and the events on its bus."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from moto.events.models import events_backends
from moto.sns.models import sns_backends

from rightstate import notification
from rightstate_cli.embedded.engine import HUB_ACCOUNT, Engine

_ARCHIVE = "told"


@dataclass(frozen=True)
class Message:
    subject: str
    text: str
    attributes: dict[str, str]


def messages(hub: Engine) -> list[Message]:
    """Every message to the topic, oldest first."""
    topic = sns_backends[HUB_ACCOUNT][hub.region].topics[hub.resources["Notifications"]]
    return [
        Message(subject, text, {name: each["Value"] for name, each in attributes.items()})
        for _, text, subject, attributes, *_ in topic.sent_notifications
    ]


@contextmanager
def events(hub: Engine) -> Iterator[list[dict[str, Any]]]:
    """The events that are put on the bus meanwhile, oldest first."""
    bus = f"arn:aws:events:{hub.region}:{HUB_ACCOUNT}:event-bus/default"
    pattern = {"source": [notification.SOURCE], "detail-type": [notification.DETAIL_TYPE]}
    client = hub.client("events")
    client.create_archive(ArchiveName=_ARCHIVE, EventSourceArn=bus, EventPattern=json.dumps(pattern))
    kept: list[Any] = events_backends[HUB_ACCOUNT][hub.region].archives[_ARCHIVE].events
    try:
        yield kept
    finally:
        client.delete_archive(ArchiveName=_ARCHIVE)
