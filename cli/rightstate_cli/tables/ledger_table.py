"""The ledger, read: what executions decided, changed and came to, the newest first.

It outlives Step Functions' history of 90 days. The functions write it with `rightstate.ledger`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from rightstate.clock import written
from rightstate.frozen import Frozen
from rightstate.models.approval import Approval
from rightstate.models.decision import Outcome, Verdict
from rightstate.models.start import Event
from rightstate.resource_type import Change
from rightstate.storage.table import Clause, Item, Table, absent, among, contains, equals
from rightstate.wants import Value
from rightstate_cli.aws import answers

_DAY = timedelta(days=1)
_KEPT_OF_MANY = ("outcome", "error", "reason", "rule", "why", "account", "region", "resource_type", "started")


class Visit(Frozen):
    """A state that was entered, for how long, and how often its tries failed with which errors."""

    state: str
    entered: datetime
    seconds: float
    errors: Mapping[str, int] = {}


class Entry(BaseModel):
    """What the ledger has of one execution.

    `resource` is account/region/type/id; the id of an input that was refused stands in quotes. What an
    older version did not write is empty.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    resource: str
    at: str
    execution: str
    outcome: str
    error: str = ""
    reason: str = ""
    rule: str = ""
    why: str = ""
    account: str = ""
    region: str = ""
    resource_type: str = ""
    arn: str | None = None
    event: Event | None = None
    requester: str = ""
    policies: tuple[str, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    changes: tuple[Change, ...] = ()
    calls: tuple[str, ...] = ()
    verified: Mapping[str, Value] = {}
    plan: str = ""
    approval: Approval | None = None
    undo: str | None = None
    batch: str = ""
    version: str = ""
    started: str = ""
    ended: str = ""
    seconds: float | None = None
    path: tuple[Visit, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _completed(cls, given: Any) -> Any:
        """What the first version's entries lack and can be told from the rest."""
        parts = str(given.get("resource", "")).split("/", 3)
        told = dict(zip(("account", "region", "resource_type"), parts, strict=False))
        policies = [each.get("policy", "") for each in given.get("verdicts", ())]
        return {**told, "policies": policies, "started": str(given.get("at", "")).partition("#")[0], **given}

    @property
    def name(self) -> str:
        """The execution's name."""
        return self.execution.rpartition(":")[2]

    @property
    def identifier(self) -> str:
        """The resource's identifier alone."""
        return self.resource.split("/", 3)[-1]

    @property
    def started_at(self) -> datetime:
        return datetime.fromisoformat(self.started)


@dataclass(frozen=True)
class Query:
    """Which entries are wanted; what is empty leaves out nothing.

    `resource` is the entries' own account/region/type/id, `execution` an ARN, `event` the id of the event
    that started it. Of the times, which are those of the executions' start, `until` is the first not wanted.
    """

    resource: str | None = None
    account: str | None = None
    execution: str | None = None
    batch: str | None = None
    event: str | None = None
    types: frozenset[str] = frozenset()
    policies: frozenset[str] = frozenset()
    outcomes: frozenset[Outcome] = frozenset()
    since: datetime | None = None
    until: datetime | None = None

    def has(self, entry: Entry) -> bool:
        """Whether the entry is wanted."""
        return (
            (self.resource is None or entry.resource == self.resource)
            and (self.account is None or entry.account == self.account)
            and (self.execution is None or entry.execution == self.execution)
            and (self.batch is None or entry.batch == self.batch)
            and (self.event is None or (entry.event is not None and entry.event.id == self.event))
            and (not self.types or entry.resource_type in self.types)
            and (not self.policies or bool(self.policies & set(entry.policies)))
            and (not self.outcomes or entry.outcome in self.outcomes)
            and (self.since is None or entry.at >= written(self.since))
            and (self.until is None or entry.at < written(self.until))
        )

    @property
    def between(self) -> tuple[str, str]:
        """The first and the last value of `at`, of which both are within."""
        first = written(self.since) if self.since else "0"
        # What begins at that very time goes on with #NAME, which is behind it.
        return first, written(self.until) if self.until else "9999"


class Ledger:
    """Reads a ledger. Its methods raise Denied, Unavailable and InvalidInput as they go."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def entries(self, query: Query) -> Iterator[Entry]:
        """The entries that are wanted, the newest first; a page is read when those before it are taken."""
        with answers("Nothing was changed."):
            for item in self._items(query):
                entry = understood(item)
                if query.has(entry):
                    yield entry

    def everything(self, where: Sequence[Clause]) -> Iterator[Item]:
        """All entries for which the clauses hold, as they are stored, in no order."""
        with answers("Nothing was written."):
            for item in self._table.scan(where):
                # A canary's entry has none of the indexes' keys, so that nothing lists it.
                if "execution" in item:
                    yield item

    def _items(self, query: Query) -> Iterator[Item]:
        """By the narrowest key that the query has. Indexes are eventually consistent."""
        where = list(_clauses(query))
        narrowed: dict[str, Any] = {"between": query.between, "newest_first": True, "where": where}
        if query.execution:
            yield from self._whole(self._table.query(query.execution, "execution"))
        elif query.resource:
            yield from self._table.query(query.resource, **narrowed)
        elif query.batch:
            keys = self._table.query(query.batch, "batch", between=query.between, newest_first=True)
            yield from self._whole(keys)
        elif query.account:
            yield from self._table.query(query.account, "account", **narrowed)
        else:
            for day in self._days(query):
                yield from self._table.query(day, "day", **narrowed)

    def _days(self, query: Query) -> Iterator[str]:
        """Each day that may have some, the last first. A ledger has none from before it was made."""
        first = query.since or self._table.made()
        day = min(query.until or datetime.now(UTC) + _DAY, datetime.now(UTC) + _DAY)
        while written(day)[:10] >= written(first)[:10]:
            yield written(day)[:10]
            day -= _DAY

    def _whole(self, keys: Iterator[Item]) -> Iterator[Item]:
        """The items of an index that has no more than their keys."""
        for key in keys:
            if item := self._table.get({"resource": key["resource"], "at": key["at"]}):
                yield item


def understood(item: Mapping[str, Any]) -> Entry:
    """The item of the table; of one that another version wrote otherwise, as much as is understood."""
    try:
        return Entry.model_validate(dict(item))
    except (ValidationError, TypeError, ValueError):
        keys = ("resource", "at", "execution")
        texts = {each: str(item[each]) for each in (*keys, *_KEPT_OF_MANY) if item.get(each) is not None}
        return Entry.model_validate({**dict.fromkeys((*keys, "outcome"), "?"), **texts})


def _clauses(query: Query) -> Iterator[Clause]:
    """What the table can leave out itself; `has` looks at all of it again, and at what old entries lack."""
    if query.outcomes:
        yield [among("outcome", sorted(query.outcomes))]
    if query.event:
        yield [equals("event.id", query.event)]
    if query.types:
        yield [among("resource_type", sorted(query.types)), absent("resource_type")]
    if query.policies:
        yield [*(contains("policies", each) for each in sorted(query.policies)), absent("policies")]
