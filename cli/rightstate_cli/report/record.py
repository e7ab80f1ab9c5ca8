"""An entry of the ledger as a report reads it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from rightstate.clock import written
from rightstate.wants import Value

PATTERN_AT = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)#"


class _Part(BaseModel):
    # An entry outlives the version that wrote it, by years: what is not known is let be.
    model_config = ConfigDict(extra="ignore", frozen=True)


class Deviation(_Part):
    setting: str
    before: Value = None
    after: Value = None


class Change(Deviation):
    policies: tuple[str, ...] = ()


class Verdict(_Part):
    policy: str
    mode: str = ""
    status: str
    reason: str = ""
    rule: str = ""
    findings: tuple[Deviation, ...] = ()


class Cause(_Part):
    id: str = ""
    name: str = ""
    time: str = ""
    principal: str = ""
    principal_id: str = ""
    source: str = ""


class Approval(_Part):
    id: str = ""
    plan: str = ""
    by: str = ""
    arn: str = ""
    at: str = ""
    reason: str = ""
    not_before: str = ""
    not_after: str = ""

    @property
    def approver(self) -> str:
        """Who has approved, as people know them: the ARN, else IAM's unique id."""
        return self.arn or self.by


class Visit(_Part):
    """A state that was entered, and for how long."""

    state: str
    entered: str = ""
    seconds: float | None = None


class Record(_Part):
    """One execution. Entries of earlier versions lack what has a default here; `resource` and `at`, which
    are the table's key, they all have."""

    resource: str = Field(pattern=r"^[^/]*/[^/]*/[^/]*/")
    at: str = Field(pattern=PATTERN_AT)
    execution: str
    outcome: str
    error: str = ""
    reason: str = ""
    rule: str = ""
    why: str = ""
    requester: str = ""
    arn: str | None = None
    event: Cause | None = None
    policies: tuple[str, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    changes: tuple[Change, ...] = ()
    calls: tuple[str, ...] = ()
    verified: Mapping[str, Value] = Field(default_factory=dict)
    plan: str = ""
    approval: Approval | None = None
    undo: str | None = None
    version: str = ""
    ended: str = ""
    seconds: float | None = None
    path: tuple[Visit, ...] = ()
    batch: str = ""

    @field_validator("at", mode="after")
    @classmethod
    def _begins_with_a_time(cls, given: str) -> str:
        milliseconds(given.partition("#")[0])
        return given

    @cached_property
    def place(self) -> tuple[str, str, str, str]:
        """Account, region, resource type, id."""
        account, region, resource_type, identifier = self.resource.split("/", 3)
        return account, region, resource_type, identifier

    @property
    def account(self) -> str:
        return self.place[0]

    @property
    def started(self) -> str:
        """In UTC, with a Z at the end; Step Functions writes it so, and emulators otherwise."""
        started = self.at.partition("#")[0]
        return started if started.endswith("Z") else written(datetime.fromisoformat(started))

    @property
    def ended_at(self) -> int:
        """Milliseconds since 1970; of an entry that does not know how long it took, its start."""
        return milliseconds(self.started) + (0 if self.seconds is None else round(self.seconds * 1000))

    @property
    def name(self) -> str:
        """The execution's."""
        return self.execution.rpartition(":")[2]

    @property
    def caused_by(self) -> str:
        """Who made the call that started it, else who started it by hand, as far as the ledger knows."""
        if self.event:
            return self.event.principal or self.event.principal_id or self.event.source
        return self.requester


def milliseconds(time: str) -> int:
    """A time of the ledger, since 1970. Raises ValueError."""
    return round(datetime.fromisoformat(time).astimezone(UTC).timestamp() * 1000)


def as_record(plain: Mapping[str, Any]) -> Record:
    """Raises pydantic's ValidationError where it is no entry of the ledger."""
    # DynamoDB has no difference between an attribute that is absent and one that is null.
    return Record.model_validate({key: value for key, value in plain.items() if value is not None})
