"""What an engine has told: the messages to its topic, and the events on its bus."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rightstate.notifying.channels import Message
from rightstate_cli.embedded.engine import Engine


def messages(hub: Engine) -> list[Message]:
    """Every message to the topic, oldest first."""
    return list(hub.told.messages)


@contextmanager
def events(hub: Engine) -> Iterator[list[dict[str, Any]]]:
    """The events that are put on the bus meanwhile, oldest first."""
    hub.told.events.clear()
    yield hub.told.events
