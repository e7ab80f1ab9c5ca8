"""The guard of a resource: one change at a time, and no fight without end.

An item of the guards table for each resource that an execution has changed or asked about: who holds its
lock, when that was given back, and how often each policy has changed it lately. DynamoDB's conditional
writes make it safe for any number of executions at once.
"""

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from boto3.dynamodb.types import TypeSerializer
from pydantic import BaseModel, Field

from rightstate import settings
from rightstate.aws_errors import named_errors
from rightstate.clock import now, written
from rightstate.errors import AlreadyAsked, Locked
from rightstate.frozen import Frozen
from rightstate.models import Asked, Excuse, Intent, Outcome
from rightstate.sessions import hub_client

GUARD = "guard"
"""The sort key of a resource's guard."""
HALT = "halt#"
"""What the sort key of a halt begins with; the policy's id follows."""
HALTS = "halts"
"""The index of the guards table that has the halts alone, and the value of `listed` that puts them there."""
_FIRST_LOOK = timedelta(hours=1)
_LAST_LOOK = timedelta(days=1)
# DynamoDB developer guide, "Reserved words in DynamoDB".
_RESERVED = ("owner", "plan", "until")
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
        """The halted policies that may try again, and how often they were looked at."""
        return {halt.policy: halt.tries for halt in self.halts if halt.due(at)}

    def intent_of(self, execution: str) -> Intent | None:
        """What the execution may have written; None if it has noted nothing, or has noted it before it could
        see what another execution had changed meanwhile."""
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
        answer = hub_client("dynamodb").query(
            TableName=os.environ["GUARDS_TABLE"],
            KeyConditionExpression="id = :id",
            ExpressionAttributeValues={":id": {"S": resource}},
            ConsistentRead=True,
        )
    return parsed(settings.plain(item) for item in answer["Items"])


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
    """Take the lock, or keep it for longer, and give the guard as it was before, without its halts.

    `intent` is noted in the same call. Raises Locked while another execution has the lock.
    """
    until = datetime.now(UTC) + _LEASE
    noting = ", intent = :intent" if intent else ""
    before = _update(
        resource,
        f"SET #owner = :me, held_until = :until, expires = :expires{noting}",
        "attribute_not_exists(#owner) OR #owner = :me OR held_until < :now",
        {
            ":me": execution,
            ":until": written(until),
            ":now": now(),
            ":expires": int((until + _KEPT).timestamp()),
            **({":intent": intent.model_dump(mode="json")} if intent else {}),
        },
    )
    if before is None:
        raise Locked(
            "Another execution is changing the resource. This one waits, and looks at the resource again "
            "before it changes anything."
        )
    return Guard.model_validate(known(settings.plain(before), Guard))


def keep(resource: str, execution: str) -> Guard | None:
    """Have the lock for longer, while the resource takes its time; the guard as it was before. One that is
    lost is not won back: then None."""
    with suppress(Locked):
        return acquire(resource, execution)
    return None


def intend(resource: str, intent: Intent) -> None:
    """Note what the execution that has the lock may have written. Raises Locked if it has lost the lock."""
    values = {":me": intent.execution, ":intent": intent.model_dump(mode="json")}
    if _update(resource, "SET intent = :intent", "#owner = :me", values) is None:
        raise Locked("Another execution has taken over the lock of the resource. It is looked at again.")


def count_dead(resource: str, execution: str, still_writing: bool) -> Intent | None:
    """What an execution that has died may have written, its changes counted once. Where a function that it
    has invoked may be still writing, it keeps the lock until that ends by itself."""
    noted = _update(resource, "SET counted = :me", "intent.execution = :me", {":me": execution})
    guard = Guard.model_validate(known(settings.plain(noted or {}), Guard))
    intent = guard.intent_of(execution)
    if intent and guard.owner == execution and guard.counted != execution:
        changed_by = sorted({policy for change in intent.changes for policy in change.policies})
        values = {":me": execution, ":applies": _counted(guard, changed_by)}
        given_back = ", released_at = :now, released_by = :me REMOVE #owner, held_until"
        _update(
            resource,
            f"SET applies = :applies{'' if still_writing else given_back}",
            "#owner = :me",
            values if still_writing else {**values, ":now": now()},
        )
    return intent


def release(resource: str, execution: str, changed_by: Collection[str]) -> list[str]:
    """Give the lock back, count one change for each policy of `changed_by`, and say which of them that was
    one too many for: they are halted from now on, until somebody releases them.
    """
    guard = read(resource)
    if guard.owner != execution:
        # A second try: the first has given the lock back, and may not have come to tell of it.
        return [halt.policy for halt in guard.halts if halt.execution == execution]
    applies = _counted(guard, changed_by)
    # What is halted and has tried again stays halted: `looked` has noted when it may try next.
    halted = {halt.policy for halt in guard.halts}
    tripped = [
        name
        for name in changed_by
        if name not in halted and len(applies[name]) >= int(os.environ["BREAKER_APPLIES"])
    ]
    for policy in tripped:
        halt = Halt(
            policy=policy,
            since=now(),
            execution=execution,
            applies=len(applies[policy]),
            look_again=_next_look(0),
        )
        _halt(resource, halt)
    _update(
        resource,
        "SET released_at = :now, released_by = :me, applies = :applies REMOVE #owner, held_until",
        # Not where it has taken so long that another one has taken the lock over.
        "#owner = :me",
        {":me": execution, ":now": now(), ":applies": applies},
    )
    return tripped


def _counted(guard: Guard, changed_by: Collection[str]) -> dict[str, list[str]]:
    """The times of the changes of each policy within the window, with one more of those."""
    since = written(datetime.now(UTC) - timedelta(minutes=int(os.environ["BREAKER_MINUTES"])))
    lately = {name: [time for time in times if time > since] for name, times in guard.applies.items()}
    for policy in changed_by:
        lately[policy] = [*lately.get(policy, ()), now()]
    return {name: times for name, times in lately.items() if times}


def _halt(resource: str, halt: Halt) -> None:
    """Note the halt; it ends when a look finds that the change has lasted, or somebody releases it."""
    item = {"id": resource, "what": HALT + halt.policy, "listed": HALTS, **halt.model_dump()}
    with named_errors():
        hub_client("dynamodb").put_item(
            TableName=os.environ["GUARDS_TABLE"],
            Item={name: TypeSerializer().serialize(value) for name, value in item.items()},
        )


def _next_look(tries: int) -> str:
    """An hour after the halt, then twice as long after each look, a day at most."""
    return written(datetime.now(UTC) + min(_FIRST_LOOK * 2 ** min(tries, 10), _LAST_LOOK))


def looked(resource: str, policy: str, tries: int, lasted: bool) -> bool:
    """Note what a look at a halted resource has found: where its state has lasted, the halt ends; else it may
    try again later. `tries` is how often it had been looked at before.

    Whether it was noted: not where another execution has looked meanwhile.
    """
    dynamodb = hub_client("dynamodb")
    table, key = os.environ["GUARDS_TABLE"], {"id": {"S": resource}, "what": {"S": HALT + policy}}
    before = {":tries": {"N": str(tries)}}
    # A halt of an earlier version has no count.
    same = "(attribute_not_exists(tries) OR tries = :tries)"
    with named_errors():
        try:
            if lasted:
                # Without an item the condition holds too: the halt has ended, which is all that is wanted.
                dynamodb.delete_item(
                    TableName=table, Key=key, ConditionExpression=same, ExpressionAttributeValues=before
                )
                _forget_applies(resource, policy)
                return True
            after = {":next": {"N": str(tries + 1)}, ":again": {"S": _next_look(tries + 1)}}
            dynamodb.update_item(
                TableName=table,
                Key=key,
                UpdateExpression="SET tries = :next, look_again = :again",
                ConditionExpression=f"attribute_exists(what) AND {same}",
                ExpressionAttributeValues={**before, **after},
            )
        except dynamodb.exceptions.ConditionalCheckFailedException:
            return False
    return True


def _forget_applies(resource: str, policy: str) -> None:
    """Begin to count the policy's changes anew."""
    dynamodb = hub_client("dynamodb")
    with suppress(dynamodb.exceptions.ConditionalCheckFailedException):
        dynamodb.update_item(
            TableName=os.environ["GUARDS_TABLE"],
            Key=_key(resource),
            UpdateExpression="REMOVE applies.#policy",
            ConditionExpression="attribute_exists(applies.#policy)",
            ExpressionAttributeNames={"#policy": policy},
        )


def count(account: str, what: str) -> int:
    """Count one more of the account in this hour, and say how many that makes."""
    at = datetime.now(UTC)
    with named_errors():
        answer = hub_client("dynamodb").update_item(
            TableName=os.environ["GUARDS_TABLE"],
            # Like account/region/type/id, to which the roles are limited.
            Key={"id": {"S": f"{account}/{at:%Y-%m-%dT%H}/limit/{what}"}, "what": {"S": "count"}},
            UpdateExpression="ADD made :one SET expires = :expires",
            ExpressionAttributeValues={
                ":one": {"N": "1"},
                ":expires": {"N": str(int((at + _COUNTED).timestamp()))},
            },
            ReturnValues="UPDATED_NEW",
        )
    return int(answer["Attributes"]["made"]["N"])


def halts() -> Iterator[tuple[str, Halt]]:
    """Every resource that is halted, named account/region/type/id, with the halt.

    A halt that was noted within the last moments may be missing: an index follows its table.
    """
    pages = hub_client("dynamodb").get_paginator("query")
    with named_errors():
        for page in pages.paginate(
            TableName=os.environ["GUARDS_TABLE"],
            IndexName=HALTS,
            KeyConditionExpression="listed = :halts",
            ExpressionAttributeValues={":halts": {"S": HALTS}},
        ):
            for item in map(settings.plain, page["Items"]):
                yield item["id"], Halt.model_validate(known(item, Halt))


def ask(resource: str, asked: Asked) -> None:
    """Note that somebody is asked about a plan of the resource. Raises AlreadyAsked where another execution
    has asked about the same, or it has been denied lately."""
    noted = _update(
        resource,
        "SET asked = :asked, expires = :expires",
        "attribute_not_exists(asked) OR asked.#plan <> :plan OR asked.#until < :now OR asked.execution = :me",
        {
            ":asked": asked.model_dump(),
            ":plan": asked.plan,
            ":now": now(),
            ":me": asked.execution,
            ":expires": int((datetime.fromisoformat(asked.until) + _KEPT).timestamp()),
        },
    )
    if noted is None:
        raise AlreadyAsked("Somebody is asked about the same plan already, or has denied it.")


def answered(resource: str, asked: Asked) -> None:
    """Note the answer, while that question is the last one."""
    _update(
        resource,
        "SET asked = :asked",
        "asked.execution = :me",
        {":asked": asked.model_dump(), ":me": asked.execution},
    )


def forget(resource: str, execution: str) -> None:
    """Let somebody be asked again, where the execution that has asked waits no more."""
    _update(resource, "REMOVE asked", "asked.execution = :me", {":me": execution})


def about(asked: Asked, undo: bool = False) -> tuple[Outcome, str]:
    """How an execution ends that would ask what has been asked already, and why."""
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


def _key(resource: str) -> dict[str, Any]:
    return {"id": {"S": resource}, "what": {"S": GUARD}}


def _update(resource: str, update: str, condition: str, values: Mapping[str, Any]) -> dict[str, Any] | None:
    """The item as it was before the update; None where the condition does not hold."""
    serializer = TypeSerializer()
    expressions = update + condition
    # DynamoDB refuses names that are empty, and such as are not used.
    names = {f"#{name}": name for name in _RESERVED if f"#{name}" in expressions}
    dynamodb = hub_client("dynamodb")
    with named_errors():
        try:
            answer = dynamodb.update_item(
                TableName=os.environ["GUARDS_TABLE"],
                Key=_key(resource),
                UpdateExpression=update,
                ConditionExpression=condition,
                **({"ExpressionAttributeNames": names} if names else {}),
                ExpressionAttributeValues={
                    name: serializer.serialize(value) for name, value in values.items()
                },
                ReturnValues="ALL_OLD",
            )
        except dynamodb.exceptions.ConditionalCheckFailedException:
            return None
    old: dict[str, Any] = answer.get("Attributes", {})
    return old
