"""Reads the ledger: what executions decided and changed, and how they ended, the newest first.

Step Functions deletes its history after 90 days; the ledger stays. The functions write it with
`rightstate.executions.ledger`.
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
    """A state that an execution entered: when, for how long, and how often each error occurred there."""

    state: str
    entered: datetime
    seconds: float
    errors: Mapping[str, int] = {}


class Entry(BaseModel):
    """The ledger's entry of one execution.

    `resource` is account/region/type/id. The id of a refused input is in quotes. Fields that an older version
    did not write are empty.
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
        """Fields that entries of the first version lack, derived from the others."""
        parts = str(given.get("resource", "")).split("/", 3)
        derived = dict(zip(("account", "region", "resource_type"), parts, strict=False))
        policies = [each.get("policy", "") for each in given.get("verdicts", ())]
        return {
            **derived,
            "policies": policies,
            "started": str(given.get("at", "")).partition("#")[0],
            **given,
        }

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
    """Which entries are wanted. Empty fields do not filter.

    `resource` is account/region/type/id, `execution` an ARN, `event` the id of the event that started it.
    `since` and `until` are about the executions' start; `until` itself is not included.
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
        """The first and the last value of `at`, both included."""
        first = written(self.since) if self.since else "0"
        # An entry of that very time has #NAME behind the time, so it sorts after it.
        return first, written(self.until) if self.until else "9999"


class Ledger:
    """Reads a ledger. Its iterators raise Denied, Unavailable and InvalidInput."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def entries(self, query: Query) -> Iterator[Entry]:
        """The wanted entries, the newest first. Pages are read as they are needed."""
        with answers("Nothing was changed."):
            for item in self._items(query):
                entry = understood(item)
                if query.has(entry):
                    yield entry

    def everything(self, where: Sequence[Clause]) -> Iterator[Item]:
        """All entries that match the clauses, as stored, in no order."""
        with answers("Nothing was written."):
            for item in self._table.scan(where):
                # A canary's entry lacks the keys of the indexes, so no list has it.
                if "execution" in item:
                    yield item

    def _items(self, query: Query) -> Iterator[Item]:
        """Read by the narrowest key of the query. Indexes are eventually consistent."""
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
        """Each day that may have entries, the last first. The table's creation is the earliest."""
        first = query.since or self._table.made()
        day = min(query.until or datetime.now(UTC) + _DAY, datetime.now(UTC) + _DAY)
        while written(day)[:10] >= written(first)[:10]:
            yield written(day)[:10]
            day -= _DAY

    def _whole(self, keys: Iterator[Item]) -> Iterator[Item]:
        """The items of an index that holds only keys."""
        for key in keys:
            if item := self._table.get({"resource": key["resource"], "at": key["at"]}):
                yield item


def understood(item: Mapping[str, Any]) -> Entry:
    """The entry of an item. If another version wrote it in another form, as much as can be read."""
    try:
        return Entry.model_validate(dict(item))
    except (ValidationError, TypeError, ValueError):
        keys = ("resource", "at", "execution")
        texts = {each: str(item[each]) for each in (*keys, *_KEPT_OF_MANY) if item.get(each) is not None}
        return Entry.model_validate({**dict.fromkeys((*keys, "outcome"), "?"), **texts})


def _clauses(query: Query) -> Iterator[Clause]:
    """Filters for DynamoDB. `has` checks all of them again, and those for fields that old entries lack."""
    if query.outcomes:
        yield [among("outcome", sorted(query.outcomes))]
    if query.event:
        yield [equals("event.id", query.event)]
    if query.types:
        yield [among("resource_type", sorted(query.types)), absent("resource_type")]
    if query.policies:
        yield [*(contains("policies", each) for each in sorted(query.policies)), absent("policies")]
