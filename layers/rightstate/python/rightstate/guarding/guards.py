"""The guard of a resource: one change at a time, and no endless fight with another writer.

An item of the guards table for each resource that an execution has changed or asked about: the execution that
holds its lock, when the lock was released, and how often each policy has changed the resource lately.
DynamoDB's conditional writes make it safe for any number of executions at once.
"""

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel, Field

from rightstate import storage
from rightstate.aws.errors import named_errors
from rightstate.clock import now, written
from rightstate.errors import AlreadyAsked, Locked
from rightstate.frozen import Frozen
from rightstate.models.approval import Asked
from rightstate.models.decision import Excuse, Intent, Outcome
from rightstate.storage.table import Clause, absent, below, differs, equals, present

GUARD = "guard"
"""The sort key of a resource's guard."""
HALT = "halt#"
"""What the sort key of a halt begins with; the policy's id follows."""
HALTS = "halts"
"""The index of the guards table that has the halts alone, and the value of `listed` that puts them there."""
_FIRST_LOOK = timedelta(hours=1)
_LAST_LOOK = timedelta(days=1)
# Longer than an attempt of apply or verify and the longest wait between two attempts of verify, each of which
# takes the lock anew. Should the holder die, the next one waits so long.
_LEASE = timedelta(minutes=15)
_KEPT = timedelta(days=7)
_COUNTED = timedelta(days=2)
# Clocks of two Lambda hosts, and how long a read may take, differ by less.
_SKEW = timedelta(seconds=5)


class Halt(Frozen):
    """Since when a policy is halted for a resource, and the execution whose change was one too many.

    From `look_again` on the policy may change the resource once; `tries` counts how often it was looked at.
    A halt of an earlier version has no such time, and is due.
    """

    policy: str
    since: str
    execution: str
    applies: int
    tries: int = 0
    look_again: str = ""

    def due(self, at: str) -> bool:
        """Whether the resource is looked at again."""
        return self.look_again <= at


class Guard(Frozen):
    """What is known of a resource. `applies` has, by policy, the times of its changes within the window;
    `intent` is what the last execution that had the lock may have written, and `counted` the last one whose
    changes were counted after it had died."""

    owner: str = ""
    intent: Intent | None = None
    counted: str = ""
    released_at: str = ""
    released_by: str = ""
    applies: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    asked: Asked | None = None
    halts: tuple[Halt, ...] = ()

    def changed_since(self, read_at: str, execution: str) -> bool:
        """Whether another execution may have changed the resource since it was read: one that has given the
        lock back after that, or that has died with it."""
        if self.owner not in ("", execution):
            return True
        margin = written(datetime.fromisoformat(read_at) - _SKEW) if read_at else ""
        return self.released_at > margin

    def due(self, at: str) -> dict[str, int]:
        """The halted policies that may try again, and how often each was looked at."""
        return {halt.policy: halt.tries for halt in self.halts if halt.due(at)}

    def intent_of(self, execution: str) -> Intent | None:
        """What the execution may have written. None if it has noted nothing, or has decided before another
        execution changed the resource."""
        if self.intent is None or self.intent.execution != execution:
            return None
        others = self.released_by != execution
        overtaken = self.intent.read_at and others and self.changed_since(self.intent.read_at, execution)
        return None if overtaken else self.intent

    def excuses(self, at: str) -> dict[str, Excuse]:
        """Why the policies that are halted leave the resource alone."""
        return {
            halt.policy: Excuse(
                kind="halted",
                rule="breaker",
                reason=f"Halted since {halt.since}: of {halt.applies} changes in a short time none lasted, "
                f"so something sets them back. It is looked at again at {halt.look_again}; "
                "`rightstate breaker release` lets it go on at once.",
            )
            for halt in self.halts
            if not halt.due(at)
        }


def read(resource: str) -> Guard:
    """The guard of a resource, named account/region/type/id."""
    with named_errors():
        # One call for the guard and its halts; there are no more of these than the type has policies.
        return parsed(storage.guards().query(resource))


def parsed(items: Iterable[Mapping[str, Any]]) -> Guard:
    """The guard of which those are the items."""
    items = list(items)
    guard: Mapping[str, Any] = next((item for item in items if item["what"] == GUARD), {})
    halts = [item for item in items if item["what"].startswith(HALT)]
    return Guard.model_validate({**known(guard, Guard), "halts": [known(each, Halt) for each in halts]})


def known(item: Mapping[str, Any], model: type[BaseModel]) -> dict[str, Any]:
    """What the model has a field for."""
    return {name: item[name] for name in model.model_fields if name in item}


def acquire(resource: str, execution: str, intent: Intent | None = None) -> Guard:
    """Take the lock, or keep it for longer. Returns the guard as it was before, without its halts.

    `intent` is noted in the same call. Raises Locked while another execution has the lock.
    """
    until = datetime.now(UTC) + _LEASE
    before = _update(
        resource,
        {
            "owner": execution,
            "held_until": written(until),
            "expires": int((until + _KEPT).timestamp()),
            **({"intent": intent.model_dump(mode="json")} if intent else {}),
        },
        [absent("owner"), equals("owner", execution), below("held_until", now())],
    )
    if before is None:
        raise Locked(
            "Another execution is changing the resource. This one waits, and looks at the resource again "
            "before it changes anything."
        )
    return Guard.model_validate(known(before, Guard))


def keep(resource: str, execution: str) -> Guard | None:
    """Keep the lock for longer, while the resource is busy. Returns the guard as it was before, or None if
    the lock is lost. A lost lock is not taken again."""
    with suppress(Locked):
        return acquire(resource, execution)
    return None


def intend(resource: str, intent: Intent) -> None:
    """Note what the execution that has the lock may have written. Raises Locked if it has lost the lock."""
    noting = {"intent": intent.model_dump(mode="json")}
    if _update(resource, noting, [equals("owner", intent.execution)]) is None:
        raise Locked("Another execution has taken over the lock of the resource. It is looked at again.")


def count_dead(resource: str, execution: str, still_writing: bool) -> tuple[Intent | None, list[str]]:
    """What an execution that has died may have written, and the policies that are halted since, as by
    `release`. Its changes are counted once. If a function that it invoked may still be writing, it keeps the
    lock until the lock expires."""
    noted = _update(resource, {"counted": execution}, [equals("intent.execution", execution)])
    guard = Guard.model_validate(known(noted or {}, Guard))
    intent = guard.intent_of(execution)
    if intent and guard.owner == execution and guard.counted != execution:
        changed_by = sorted({policy for change in intent.changes for policy in change.policies})
        counted = _counted(guard, changed_by)
        tripped = _trip(resource, execution, counted, changed_by)
        if still_writing:
            _update(resource, {"applies": counted}, [equals("owner", execution)])
        else:
            _give_back(resource, execution, {"applies": counted})
        return intent, tripped
    return intent, []


def release(resource: str, execution: str, changed_by: Collection[str]) -> list[str]:
    """Release the lock, and count one change for each policy of `changed_by`. Returns the policies for which
    that was one too many: they are halted from now on, until a person releases them."""
    guard = read(resource)
    if guard.owner != execution:
        # A second try: the first has given the lock back, and may not have come to tell of it.
        return [halt.policy for halt in guard.halts if halt.execution == execution]
    applies = _counted(guard, changed_by)
    tripped = _trip(resource, execution, applies, changed_by)
    # Not where it has taken so long that another one has taken the lock over.
    _give_back(resource, execution, {"applies": applies})
    return tripped


def _give_back(resource: str, execution: str, values: Mapping[str, Any]) -> None:
    """Give the lock back, where the execution still has it."""
    _update(
        resource,
        {"released_at": now(), "released_by": execution, **values},
        [equals("owner", execution)],
        remove=("owner", "held_until"),
    )


def _counted(guard: Guard, changed_by: Collection[str]) -> dict[str, list[str]]:
    """The times of the changes of each policy within the window, with one more of those."""
    since = written(datetime.now(UTC) - timedelta(minutes=int(os.environ["BREAKER_MINUTES"])))
    lately = {name: [time for time in times if time > since] for name, times in guard.applies.items()}
    for policy in changed_by:
        lately[policy] = [*lately.get(policy, ()), now()]
    return {name: times for name, times in lately.items() if times}


def _trip(
    resource: str, execution: str, applies: Mapping[str, Collection[str]], changed_by: Collection[str]
) -> list[str]:
    """Halt the policies of `changed_by` that have changed the resource too often, and say which."""
    too_many = [name for name in changed_by if len(applies[name]) >= int(os.environ["BREAKER_APPLIES"])]
    halts = (
        Halt(
            policy=policy,
            since=now(),
            execution=execution,
            applies=len(applies[policy]),
            look_again=_next_look(0),
        )
        for policy in too_many
    )
    return [halt.policy for halt in halts if _halt(resource, halt)]


def _halt(resource: str, halt: Halt) -> bool:
    """Note the halt. It ends when a look finds that the change has lasted, or when a person releases it.

    Returns whether it was noted: a halted policy that has tried again stays halted, and `looked` has noted
    when it may try next.
    """
    key = {"id": resource, "what": HALT + halt.policy}
    values = {"listed": HALTS, **halt.model_dump()}
    with named_errors():
        return storage.guards().update(key, values, when=[[absent("what")]]) is not None


def _next_look(tries: int) -> str:
    """An hour after the halt, then twice as long after each look, a day at most."""
    return written(datetime.now(UTC) + min(_FIRST_LOOK * 2 ** min(tries, 10), _LAST_LOOK))


def looked(resource: str, policy: str, tries: int, lasted: bool) -> bool:
    """Note what a look at a halted resource has found. If its state has lasted, the halt ends. Otherwise the
    policy may try again later. `tries` is how often it had been looked at before.

    Whether it was noted: not where another execution has looked meanwhile.
    """
    key = {"id": resource, "what": HALT + policy}
    # A halt of an earlier version has no count.
    same = [absent("tries"), equals("tries", tries)]
    with named_errors():
        if lasted:
            # Without an item the condition holds too: the halt has ended, which is all that is wanted.
            if not storage.guards().delete(key, when=[same]):
                return False
            _forget_applies(resource, policy)
            return True
        # Listed, because a halt of an earlier version is not, and LookAgain goes by the list.
        after = {"tries": tries + 1, "look_again": _next_look(tries + 1), "listed": HALTS}
        return storage.guards().update(key, after, when=[[present("what")], same]) is not None


def _forget_applies(resource: str, policy: str) -> None:
    """Begin to count the policy's changes anew."""
    counted = f"applies.{policy}"
    storage.guards().update(_key(resource), remove=[counted], when=[[present(counted)]])


def count(account: str, what: str) -> int:
    """Count one more of the account in this hour. Returns the count."""
    at = datetime.now(UTC)
    with named_errors():
        before = storage.guards().update(
            # Like account/region/type/id, to which the roles are limited.
            {"id": f"{account}/{at:%Y-%m-%dT%H}/limit/{what}", "what": "count"},
            {"expires": int((at + _COUNTED).timestamp())},
            add={"made": 1},
        )
    return int((before or {}).get("made", 0)) + 1


def halts() -> Iterator[tuple[str, Halt]]:
    """Every halted resource, as account/region/type/id, with its halt.

    A halt of the last moments may be missing, because an index follows its table.
    """
    with named_errors():
        for item in storage.guards().query(HALTS, HALTS):
            yield item["id"], Halt.model_validate(known(item, Halt))


def ask(resource: str, asked: Asked) -> None:
    """Note that an execution asks for the approval of a plan of the resource. Raises AlreadyAsked where
    another execution has asked for the same, or it was denied lately."""
    noted = _update(
        resource,
        {
            "asked": asked.model_dump(),
            "expires": int((datetime.fromisoformat(asked.until) + _KEPT).timestamp()),
        },
        [
            absent("asked"),
            differs("asked.plan", asked.plan),
            below("asked.until", now()),
            equals("asked.execution", asked.execution),
        ],
    )
    if noted is None:
        raise AlreadyAsked("Somebody is asked about the same plan already, or has denied it.")


def answered(resource: str, asked: Asked) -> None:
    """Note the answer, while that question is the last one."""
    _update(resource, {"asked": asked.model_dump()}, [equals("asked.execution", asked.execution)])


def forget(resource: str, execution: str) -> None:
    """Allow a new request, after the execution that has asked waits no more."""
    _update(resource, {}, [equals("asked.execution", execution)], remove=["asked"])


def about(asked: Asked, undo: bool = False) -> tuple[Outcome, str]:
    """How an execution ends, and why, if its request would be a repetition."""
    if asked.denied:
        longer = "" if undo else " `rightstate exempt add` leaves it alone for longer."
        return Outcome.DENIED, (
            f"{asked.denied} has denied the same change ({asked.id}); it is not asked for again before "
            f"{asked.until}.{longer}"
        )
    if asked.approved:
        return Outcome.AWAITING_APPROVAL, (
            f"{asked.approved} has approved the same change ({asked.id}), to be made by {asked.until}."
        )
    return Outcome.AWAITING_APPROVAL, (
        f"The same change waits for approval {asked.id} until {asked.until}: "
        f"`rightstate approvals show {asked.id}`."
    )


def _key(resource: str) -> dict[str, str]:
    return {"id": resource, "what": GUARD}


def _update(
    resource: str, values: Mapping[str, Any], when: Clause, remove: Sequence[str] = ()
) -> dict[str, Any] | None:
    """The item as it was before the update; None where none of `when` holds."""
    with named_errors():
        return storage.guards().update(_key(resource), values, remove=remove, when=[when])
