"""What an engine has told, which has neither a topic nor a bus."""

import json
from collections.abc import Mapping
from typing import Any

from rightstate.notifying.channels import Message

_KEPT = 1000


class Told:
    """Keeps the latest messages, and the latest events as a rule on the bus sees them."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.events: list[dict[str, Any]] = []

    def publish(self, message: Message) -> None:
        self.messages.append(message)
        del self.messages[:-_KEPT]

    def put_event(self, entry: Mapping[str, Any]) -> None:
        self.events.append(
            {
                "source": entry["Source"],
                "detail-type": entry["DetailType"],
                "resources": entry["Resources"],
                "detail": json.loads(entry["Detail"]),
            }
        )
        del self.events[:-_KEPT]
