"""What starts an execution."""

from typing import Any

from pydantic import (
    Field,
    field_validator,
    model_validator,
)

from rightstate.frozen import Frozen
from rightstate.models.names import ACCOUNT, BATCH, EXECUTION, REGION, ResourceName
from rightstate.policy import Mode


class Event(Frozen):
    """The CloudTrail event that started an execution, as far as the audit trail needs it.

    `principal` is the ARN of who called and `principal_id` CloudTrail's unique id for it, which IAM knows as
    aws:userid; `source` is where the call came from, an address or the name of an AWS service. Each is empty
    where the event has none.
    """

    id: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    name: str = Field(max_length=128)
    time: str = Field(max_length=64)
    principal: str = Field(default="", max_length=2048)
    principal_id: str = Field(default="", max_length=256)
    source: str = Field(default="", max_length=256)


class StartInput(Frozen):
    """The input of an execution: one resource, several, or the group whose resources an event concerns.

    `resource` may be an identifier, an ARN or, for a queue, its URL; in `resources` each may also be what
    CloudTrail makes of it in a list, an object with nothing else in it. `policies` narrows to some of
    those enabled for the account, `mode` lowers what they may do; neither enables anything. `approved` is
    the fingerprint of the plan that somebody has approved for the resource and those policies; nothing else
    is done then. `sweep` marks what no event has started, `batch` what belongs together. `undo` is the ARN
    of the execution whose changes of the resource are to be taken back, and `consent` says that what the
    undoing destroys may be destroyed. `requester` is the aws:userid of who started it by hand.
    """

    account: str = Field(pattern=ACCOUNT)
    region: str = Field(pattern=REGION, max_length=32)
    resource: ResourceName | None = None
    resources: tuple[ResourceName, ...] | None = Field(default=None, min_length=1, max_length=1000)
    group: ResourceName | None = None
    policies: tuple[str, ...] | None = Field(default=None, min_length=1)
    mode: Mode | None = None
    reason: str = Field(default="", max_length=1024)
    event: Event | None = None
    approved: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    sweep: bool | None = None
    batch: str | None = Field(default=None, pattern=BATCH)
    undo: str | None = Field(default=None, pattern=EXECUTION, max_length=512)
    consent: bool | None = None
    requester: str | None = Field(default=None, max_length=256)

    @field_validator("resources", mode="before")
    @classmethod
    def _unwrapped(cls, given: Any) -> Any:
        """`[{"instanceId": "i-1"}]`, as EC2's calls are recorded, as `["i-1"]`."""
        if not isinstance(given, list):
            return given
        return [
            next(iter(each.values())) if isinstance(each, dict) and len(each) == 1 else each for each in given
        ]

    @model_validator(mode="after")
    def _one_of_resource_resources_and_group(self) -> "StartInput":
        if [self.resource, self.resources, self.group].count(None) != 2:
            raise ValueError("give one of resource, resources and group")
        return self

    @model_validator(mode="after")
    def _approved_for_one_resource(self) -> "StartInput":
        if self.approved and not (self.resource and self.policies):
            raise ValueError("approved belongs to one resource and its policies")
        return self


class Execution(Frozen):
    """The Step Functions execution, from the context object."""

    id: str
    name: str
    started: str
    state_machine: str

    @property
    def partition(self) -> str:
        """The hub's partition, which is each member's too: STS does not cross partitions."""
        return self.id.split(":")[1]
