"""What the states of the backfill take and return."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import (
    Field,
    model_validator,
)

from rightstate.frozen import Frozen
from rightstate.models.names import ACCOUNT, BATCH, REGION, BackfillTime, ResourceName
from rightstate.models.start import Event
from rightstate.models.tasks import StateTask
from rightstate.policy import Mode


class StoredObject(Frozen):
    """An object of S3."""

    bucket: str = Field(max_length=63)
    key: str = Field(max_length=1024)


class NamedResource(Frozen):
    """A resource as a finding names it: by its ARN or, with AWS Config's name for its type, by Config's id
    for it."""

    account: str = Field(pattern=ACCOUNT)
    region: str = Field(pattern=REGION, max_length=32)
    resource: ResourceName
    config_type: str | None = Field(default=None, max_length=128)


class BackfillInput(Frozen):
    """The input of a backfill: what to look at, everything that is enabled if nothing is named.

    `policies` and `mode` are as for one execution. `resources` names some instead of having them listed;
    `group` narrows to what an event about a group concerns, of the one account, region and type named.
    `scopes` is what an approved plan comes with, an object of the work bucket. `concurrency` is how many
    resources of one service are remediated at a time in an account and region. Before the time `not_before`
    none is begun, after the time `until` no more are. `requester` is the aws:userid of who started it.
    """

    accounts: tuple[Annotated[str, Field(pattern=ACCOUNT)], ...] | None = Field(default=None, min_length=1)
    regions: tuple[Annotated[str, Field(pattern=REGION)], ...] | None = Field(default=None, min_length=1)
    types: tuple[str, ...] | None = Field(default=None, min_length=1)
    policies: tuple[str, ...] | None = Field(default=None, min_length=1)
    mode: Mode | None = None
    reason: str = Field(default="", max_length=1024)
    sweep: bool = False
    batch: str | None = Field(default=None, pattern=BATCH)
    resources: tuple[NamedResource, ...] | None = Field(default=None, min_length=1, max_length=1000)
    group: ResourceName | None = None
    event: Event | None = None
    scopes: StoredObject | None = None
    concurrency: int = Field(default=5, ge=1, le=100)
    not_before: BackfillTime = "1970-01-01T00:00:00Z"
    until: BackfillTime = "9999-12-31T23:59:59Z"
    requester: str = Field(default="", max_length=256)

    @model_validator(mode="after")
    def _looked_for_in_one_way(self) -> "BackfillInput":
        places = self.accounts or self.regions
        if [bool(places), bool(self.resources), bool(self.scopes)].count(True) > 1:
            raise ValueError("give accounts and regions, or resources, or scopes")
        return self

    @model_validator(mode="after")
    def _one_place_of_a_group(self) -> "BackfillInput":
        if self.group and [len(each or ()) for each in (self.accounts, self.regions, self.types)] != [
            1,
            1,
            1,
        ]:
            raise ValueError("group belongs to one account, region and type")
        return self


class PlaceTypes(Frozen):
    """A region of a scope's account, and the resource types to look at there."""

    region: str = Field(pattern=REGION, max_length=32)
    types: tuple[str, ...]


class Scope(Frozen):
    """What one execution of the backfill's map is about: some regions of an account.

    Where the resources are known, `items` and `count` are there, and all of them are of one region and one
    `service`. Else the places are looked at, one after another; with `group` only the resources of a group,
    of whatever region.
    """

    account: str = Field(pattern=ACCOUNT)
    places: tuple[PlaceTypes, ...] = Field(min_length=1)
    service: str = ""
    group: ResourceName | None = None
    items: StoredObject | None = None
    count: int | None = None

    @model_validator(mode="before")
    @classmethod
    def _of_one_region(cls, given: Any) -> Any:
        """A scope that an earlier version wrote, whose batch is kept for 90 days."""
        if not isinstance(given, Mapping) or "region" not in given:
            return given
        place = {"region": given["region"], "types": given["types"]}
        return {**{key: given[key] for key in given if key not in place}, "places": [place]}


class Work(Frozen):
    """What a backfill is about, in state data; the scopes themselves, if there are any, are in the work
    bucket."""

    batch: str
    scopes: StoredObject | None
    policies: tuple[str, ...] | None
    mode: Mode | None
    reason: str
    sweep: bool
    concurrency: int
    not_before: str
    until: str
    requester: str = ""
    event: Event | None = None


class BackfillTask(StateTask):
    """Find scopes."""

    input: dict[str, Any]


class Begun(Frozen):
    """A look that another process goes on with: how many parts it has written, and its counts until then."""

    parts: int = 0
    resources: int = 0
    statuses: Mapping[str, int] = Field(default_factory=dict)
    policies: Mapping[str, Mapping[str, int]] = Field(default_factory=dict)


class TypeLeft(Frozen):
    """A resource type that is to be surveyed in a region, from the page that `token` names.

    `tries` counts how often AWS has asked for fewer calls.
    """

    region: str
    resource_type: str
    token: str = ""
    tries: int = 0
    look: Begun = Begun()


class NotListed(Frozen):
    """A resource type whose resources could not be listed, with the error as a Catch has it."""

    region: str
    resource_type: str
    service: str
    failure: Mapping[str, str]


class ServiceItems(Frozen):
    """The executions to start for resources of one region and service, which share its throttling."""

    region: str
    service: str
    items: StoredObject
    count: int


class Found(Frozen):
    """What a survey has come to, in one or several rounds.

    `more` says that there is a round to come, `throttled` that it has to wait first. After the last one
    `services` has what is to be started, and `failed` says whether some types are `unlisted`.
    """

    round: int = 0
    more: bool = False
    throttled: bool = False
    failed: bool = False
    left: tuple[TypeLeft, ...] = ()
    services: tuple[ServiceItems, ...] = ()
    unlisted: tuple[NotListed, ...] = ()


class SurveyTask(StateTask):
    """Survey. `found` is what the round before it has come to."""

    scope: Scope
    work: Work
    found: Found | None = None


class SummarizeTask(StateTask):
    """Summarize."""

    work: Work


class Summary(Frozen):
    """How a batch ended."""

    outcomes: Mapping[str, int]
    failed: int
    report: StoredObject
