"""Events given to a deployed hub: one on its bus, or all that its bus could not deliver."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Event
from typing import Any

from rightstate.errors import InvalidInput
from rightstate_cli.application import events
from rightstate_cli.batches import dead_letters, event_bus
from rightstate_cli.batches.dead_letters import Fate, Letter, Queue, Verdict
from rightstate_cli.executions.executions import Execution, Start
from rightstate_cli.hub.deployment import Hub
from rightstate_cli.hub.follow import Following
from rightstate_cli.hub.waiting import NotFollowed, following_until_asked
from rightstate_cli.tables.ledger_table import Entry

Say = Callable[[str], None]
Progressed = Callable[[int, int | None, str], None]
_DELIVERED = (Fate.START, Fate.RECORD, Fate.HANDLED)


@dataclass(frozen=True)
class Delivered:
    """What was started and has ended, or waits for an approval. `how_to_answer` is empty where none waits."""

    executions: Sequence[Execution]
    how_to_answer: str


def handled_before(event: Mapping[str, Any], hub: Hub, force: bool) -> Entry | None:
    """The ledger's entry of an execution that the event has led to, None if it may be replayed.

    With `force` every event may. Raises InvalidInput where the event is of another place than the hub, or is
    too old; Denied, Unavailable.
    """
    event_bus.check(event, hub)
    if force:
        return None
    if entry := dead_letters.handled(event, hub):
        return entry
    if dead_letters.is_old(event):
        raise InvalidInput(
            f"The event is of {event['time']}, more than 24 hours ago, when EventBridge would give up. "
            "Nothing was replayed. With --force it is replayed, and decided on the resource as it is now."
        )
    return None


def follow(
    event_id: str, event: Mapping[str, Any], hub: Hub, stop: Event, say: Say, progressed: Progressed
) -> Delivered:
    """Follow what an event on the hub's bus starts, until `stop` is set."""
    following, asking = following_until_asked(hub, stop, say)
    following.follow(event_bus.started(event_id, event, hub, stop))
    return _ended(following, asking, progressed)


@contextmanager
def undelivered(hub: Hub, force: bool) -> Iterator[tuple[Queue, Sequence[Verdict]]]:
    """The hub's queue, and what is to be done with each letter in it.

    Letters that are still in the queue are given back when this is left. Raises Denied, Unavailable,
    InvalidInput.
    """
    queue = dead_letters.Queue(hub)
    letters = list(queue.letters())
    try:
        starts = _starts(letters, hub)
        yield queue, [dead_letters.judge(each, starts[each.id], hub, force) for each in letters]
    finally:
        queue.put_back([each for each in letters if each.receipt not in queue.done])


def to_deliver(judged: Sequence[Verdict]) -> list[Verdict]:
    """Those that are delivered, or need no delivery any more."""
    return [each for each in judged if each.fate in _DELIVERED]


def deliver(
    judged: Sequence[Verdict], queue: Queue, hub: Hub, stop: Event, say: Say, progressed: Progressed
) -> Delivered:
    """Start what the letters start, past the bus, and follow it until `stop` is set.

    On the bus, events of members would become the hub's own. Each letter leaves the queue once it is
    delivered. The others are given back first. Raises Denied, Unavailable, InvalidInput.
    """
    verdicts = to_deliver(judged)
    queue.put_back([each.letter for each in judged if each not in verdicts])
    following, asking = following_until_asked(hub, stop, say)
    for verdict in verdicts:
        if verdict.fate is Fate.RECORD:
            dead_letters.record_death(verdict.letter, hub)
        following.follow(dead_letters.deliver(start, hub) for start in verdict.starts)
        queue.remove(verdict.letter)
    return _ended(following, asking, progressed)


def why_nothing(event: Mapping[str, Any], hub: Hub) -> str:
    """Why the event has started nothing, by the rules of this version."""
    from rightstate_cli.embedded import rules  # noqa: PLC0415 - moto takes a second to import

    matched = [match.rule for match in rules.matches(event, hub.region)]
    nothing = f"It has started nothing within {event_bus.WAIT_SECONDS} seconds."
    if not matched:
        return f"{nothing} {events.why_unmatched(event)}"
    return (
        f"{nothing} The rule {', '.join(matched)} matches it, so look whether the hub's is enabled and of "
        "this version. What EventBridge could not deliver is in a queue: `aws sqs receive-message "
        f"--queue-url {hub.outputs['UndeliveredEvents']}`."
    )


def _ended(following: Following, asking: NotFollowed, progressed: Progressed) -> Delivered:
    executions = []
    for execution in following.run():
        executions.append(execution)
        progressed(len(executions), None, f"{execution.resource}: {execution.outcome}")
    return Delivered([*executions, *asking.executions], asking.how_to_answer)


def _starts(letters: Sequence[Letter], hub: Hub) -> Mapping[str, Sequence[Start]]:
    """By the event's id, what the rules of this version start for it."""
    found: dict[str, Sequence[Start]] = {each.id: () for each in letters}
    calls = [
        each.event for each in letters if each.event and each.event["detail-type"] != dead_letters.DEATHS
    ]
    if calls:
        from rightstate_cli.embedded import rules  # noqa: PLC0415 - moto takes a second to import

        for event in calls:
            # An event whose input is not JSON is left in the queue.
            with suppress(ValueError, KeyError, TypeError):
                found[str(event["id"])] = [match.start for match in rules.matches(event, hub.region)]
    return found
