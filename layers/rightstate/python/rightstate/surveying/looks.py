"""Looks: what the latest survey saw of every resource, also of those that nothing was to be done about.

By account, region and resource type there is one look, in gzipped JSON Lines whose folders are partitions for
Athena. The ledger has an item for each look with how many resources it saw, by policy and status.
"""

import gzip
import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from pydantic import Field

from rightstate import storage
from rightstate.aws.errors import named_errors
from rightstate.clock import written
from rightstate.frozen import Frozen
from rightstate.models.backfill import Begun
from rightstate.storage.objects import Objects
from rightstate.storage.table import Table

PREFIX = "looks/"
LINES = 20_000
"""Resources in a part: some MB before they are compressed, which is what a writer has in memory."""
_FEW = 1_000
"""Lines that are compared with those of the next look: of more the time is worth more than a PUT."""
_RENEWED = timedelta(days=30)
"""When a look is written anew even if it saw the same as the one before."""
_UNREADABLE = "unreadable"
_WELL = ("compliant", "not-applicable")
_BROKEN = ("broken", "held", "halted", "managed")


class Line(Frozen):
    """One resource as a look saw it.

    `at` is when it was read. `status` is that of a plan's item: `broken`, `compliant`, `not-applicable`,
    `held`, `exempt`, `halted`, `managed`, `busy` or `unreadable`, with the reason where there is one.
    `verdicts` has each policy's status.
    """

    resource: str
    arn: str | None
    at: str
    status: str
    verdicts: Mapping[str, str] = Field(default_factory=dict)
    reason: str = ""

    @property
    def finding(self) -> str:
        """What is the same as long as the same is found; empty where all is well."""
        if well(self.status):
            return ""
        return f"{self.status} {sorted(self.verdicts.items())}"


class Counts(Frozen):
    """How many resources a look saw, by status, and by policy and its status.

    `by` is the ARN of the execution that looked and `in_batch` its batch, or `by` is the name of a survey
    from somebody's machine, which has no batch. `read_again_at` is when it began to read, where it found the
    same as the look before it, whose lines were left as they are; else it is empty.
    """

    account: str
    region: str
    resource_type: str
    looked_at: str
    by: str
    in_batch: str
    resources: int
    unreadable: int
    statuses: Mapping[str, int]
    policies: Mapping[str, Mapping[str, int]]
    read_again_at: str = ""

    def read_at(self, line_at: str) -> str:
        """When the resource of a line with that time was read last."""
        return max(line_at, self.read_again_at)

    @property
    def broken(self) -> int:
        """Resources of which something is wrong, whether or not something keeps it from its change."""
        return sum(self.statuses.get(status, 0) for status in _BROKEN)


@dataclass(frozen=True)
class Before:
    """The look before another: its keys, and its lines where they are few."""

    keys: Sequence[str]
    lines: Sequence[Line] = ()


class Look:
    """A look at the resources of a type in a place, while it is written.

    Until it is finished its parts lie under `aside`, so that readers see the look before it as a whole.
    """

    def __init__(
        self,
        account: str,
        region: str,
        resource_type: str,
        aside: str,
        begun: Begun | None = None,
        kept: "Looks | None" = None,
    ) -> None:
        self._kept = kept or deployed()
        self._place = (account, region, resource_type)
        self._aside = aside
        self._begun = begun or Begun()
        self._lines: list[bytes] = []
        self._parts = self._begun.parts
        self._resources = self._begun.resources
        self._statuses = Counter(self._begun.statuses)
        self._policies = {policy: Counter(counts) for policy, counts in self._begun.policies.items()}

    def add(self, line: Line) -> None:
        """Note what was seen of one more resource."""
        self._lines.append(line.model_dump_json().encode())
        self._resources += 1
        self._statuses[line.status] += 1
        for policy, status in line.verdicts.items():
            self._policies.setdefault(policy, Counter())[status] += 1
        if len(self._lines) >= LINES:
            self._set_aside()

    def suspend(self) -> Begun:
        """Set aside what there is, for another process to go on with."""
        if self._lines:
            self._set_aside()
        return Begun(
            parts=self._parts,
            resources=self._resources,
            statuses=dict(self._statuses),
            policies={policy: dict(counts) for policy, counts in self._policies.items()},
        )

    def finish(self, at: datetime, by: str, batch: str, before: Before | None = None) -> Counts:
        """Put it in the place of the look before it, and its counts into the ledger, kept for LEDGER_DAYS.

        Where `before` is the same, only the counts are written: a PUT of S3 costs eight times as much.
        """
        counts = self._counted(at, by, batch)
        if before and (again := self._same(before, at)):
            counts = counts.model_copy(update={"read_again_at": again})
        else:
            self._replace(None if before is None else before.keys)
        with named_errors():
            # Also of what is in no place: an execution may have found one that is gone.
            self._kept.ledger.put(_item(counts, self._kept.days))
        return counts

    def _same(self, before: Before, at: datetime) -> str:
        """When this one began to read, if it saw what the look before it saw; else empty."""
        if self._parts or not self._lines or len(before.lines) != self._resources:
            return ""
        # The bucket removes what is not renewed.
        renewed = at - min(_RENEWED, timedelta(days=self._kept.days) / 2)
        if min(line.at for line in before.lines) < written(renewed):
            return ""
        lines = [Line.model_validate_json(each) for each in self._lines]
        return min(line.at for line in lines) if _seen(lines) == _seen(before.lines) else ""

    def _replace(self, before: Sequence[str] | None) -> None:
        objects, folder = self._kept.objects, folder_of(*self._place)
        with named_errors():
            for number in range(self._parts):
                objects.put(_part(folder, number), objects.get(_part(self._aside, number)) or b"")
            if self._lines:
                objects.put(_part(folder, self._parts), self._packed())
            left = self._parts + bool(self._lines)
            known = list(objects.keys(folder)) if before is None else before
            for key in known:
                if key >= _part(folder, left):
                    objects.delete(key)
            for number in range(self._parts):
                objects.delete(_part(self._aside, number))

    def discard(self) -> None:
        """Remove what was set aside. The look before it stays."""
        with named_errors():
            for number in range(self._parts):
                self._kept.objects.delete(_part(self._aside, number))

    def _counted(self, at: datetime, by: str, batch: str) -> Counts:
        account, region, resource_type = self._place
        return Counts(
            account=account,
            region=region,
            resource_type=resource_type,
            looked_at=written(at),
            by=by,
            in_batch=batch,
            resources=self._resources,
            unreadable=self._statuses[_UNREADABLE],
            statuses=dict(self._statuses),
            policies={policy: dict(counts) for policy, counts in self._policies.items()},
        )

    def _set_aside(self) -> None:
        with named_errors():
            self._kept.objects.put(_part(self._aside, self._parts), self._packed())
        self._parts += 1
        self._lines = []

    def _packed(self) -> bytes:
        return gzip.compress(b"\n".join(self._lines) + b"\n", mtime=0)


@dataclass(frozen=True)
class Looks:
    """Where looks are kept. `days` is how long the ledger keeps their counts.

    Its methods raise Denied, Throttled, Unavailable and CallFailed.
    """

    objects: Objects
    ledger: Table
    days: int = 0

    def parts_of(self, account: str, region: str) -> dict[str, list[str]]:
        """The keys of the latest looks in a place, by resource type."""
        found: dict[str, list[str]] = {}
        with named_errors():
            for key in self.objects.keys(f"{PREFIX}account={account}/region={region}/"):
                found.setdefault(_place_of(key)[1], []).append(key)
        return found

    def read(self, parts: Sequence[str]) -> Iterator[Line]:
        """What the look with those keys has of each resource."""
        return (Line.model_validate(found) for key in parts for found in self._plain(key))

    def latest(self, account: str) -> Iterator[tuple[str, str, Line]]:
        """Resource type, region and line of each resource that the account's latest looks saw."""
        return self.chosen(account, lambda resource_type, region, line: True)

    def chosen(
        self, account: str, wanted: Callable[[str, str, Mapping[str, Any]], bool]
    ) -> Iterator[tuple[str, str, Line]]:
        """Those of the latest looks that are wanted, by resource type, region and the line's own fields.

        One part is in memory at a time. What is not wanted costs no more than to be parsed.
        """
        with named_errors():
            keys = list(self.objects.keys(f"{PREFIX}account={account}/"))
        for key in keys:
            region, resource_type = _place_of(key)
            for found in self._plain(key):
                if wanted(resource_type, region, found):
                    yield resource_type, region, Line.model_validate(found)

    def of(self, account: str, region: str, resource_type: str, resource: str) -> Line | None:
        """What the latest look saw of one resource, None where it saw none."""
        with named_errors():
            keys = list(self.objects.keys(folder_of(account, region, resource_type)))
        named = json.dumps(resource, ensure_ascii=False).encode()
        for key in keys:
            # Most lines are not even parsed.
            for found in self._plain(key, having=named):
                if found["resource"] == resource:
                    return Line.model_validate(found)
        return None

    def counts(
        self, account: str, since: datetime, until: datetime, *, newest_first: bool = False
    ) -> Iterator[Counts]:
        """The counts of the account's looks in that time, both ends included, in their order."""
        with named_errors():
            # The sort key goes on after the time.
            between = (written(since), f"{written(until)}~")
            found = self.ledger.query(f"{PREFIX}{account}", between=between, newest_first=newest_first)
            for item in found:
                yield _of_item(item)

    def before(self, keys: Sequence[str]) -> Before:
        """The look with those keys, for the one after it."""
        lines = tuple(islice(self.read(keys), _FEW + 1)) if len(keys) == 1 else ()
        return Before(keys, lines if len(lines) <= _FEW else ())

    def accounts(self) -> list[str]:
        """The accounts of which there is a look."""
        with named_errors():
            return sorted({key.split("/")[1].partition("=")[2] for key in self.objects.keys(PREFIX)})

    def _plain(self, key: str, having: bytes = b"") -> Iterator[dict[str, Any]]:
        with named_errors():
            content = self.objects.get(key)
        # A part may be gone by now: the next look needs fewer.
        for line in gzip.decompress(content).split(b"\n") if content else ():
            if line and having in line:
                yield json.loads(line)


def deployed() -> Looks:
    """Those of the hub whose functions these are: LEDGER_DAYS says how long it keeps counts."""
    return Looks(storage.objects(), storage.ledger(), int(os.environ["LEDGER_DAYS"]))


def folder_of(account: str, region: str, resource_type: str) -> str:
    """The folder of a look, whose names are columns for Athena and DuckDB."""
    return f"{PREFIX}account={account}/region={region}/resource_type={resource_type}/"


def well(status: str) -> bool:
    """Whether nothing is wrong with a resource of that status."""
    return status in _WELL


def _seen(lines: Iterable[Line]) -> list[str]:
    """What they say, whenever it was read."""
    return sorted(line.model_dump_json(exclude={"at"}) for line in lines)


def _place_of(key: str) -> tuple[str, str]:
    """Region and resource type."""
    _, _, region, resource_type, _ = (part.rpartition("=")[2] for part in key.split("/"))
    return region, resource_type


def _part(folder: str, number: int) -> str:
    """A part's key; as texts they sort by their numbers."""
    return f"{folder}part-{number:05}.jsonl.gz"


def _item(counts: Counts, days: int) -> dict[str, Any]:
    """Without the attributes by which the ledger's indexes list entries of executions."""
    given = counts.model_dump(mode="json")
    kept = timedelta(days=days)
    return {
        "resource": f"{PREFIX}{given.pop('account')}",
        "at": f"{counts.looked_at}#{counts.region}/{counts.resource_type}",
        "of": counts.account,
        **given,
        "expires": int((datetime.fromisoformat(counts.looked_at) + kept).timestamp()),
    }


def _of_item(item: Mapping[str, Any]) -> Counts:
    known = {name: item[name] for name in Counts.model_fields if name in item}
    return Counts.model_validate({**known, "account": item["of"]})
