"""What the states of the definition take and return: the contract between them.

Nothing here may hold a credential or a raw AWS response, because all of it is state data and stays in
the execution history.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from rightstate.frozen import Frozen
from rightstate.policy import Mode
from rightstate.resource_type import Call, Change, Place, Resource
from rightstate.wants import Value

ACCOUNT = r"^[0-9]{12}$"
REGION = r"^[a-z]{2,4}(-[a-z]{2,10}){1,3}-[0-9]{1,2}$"


BATCH = r"^[A-Za-z0-9_-]{1,60}$"
"""The name of a batch; the executions of its resources begin with it."""

ResourceName = Annotated[str, Field(min_length=1, max_length=2048)]


class Outcome(StrEnum):
    """How an execution ended. All but `failed` end it SUCCEEDED."""

    COMPLIANT = "compliant"
    REMEDIATED = "remediated"
    REPORTED = "reported"
    NOT_APPLICABLE = "not-applicable"
    OFF = "off"
    GONE = "gone"
    FANNED_OUT = "fanned-out"
    CHANGED_SINCE_PLAN = "changed-since-plan"
    REJECTED = "rejected"
    FAILED = "failed"


class Event(Frozen):
    """The CloudTrail event that started an execution, as far as the audit trail needs it.

    `principal` is the ARN of who called, empty where the event has none: of a path that leads nowhere
    EventBridge leaves an empty text in the input, or the variable's name.
    """

    id: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    name: str = Field(max_length=128)
    time: str = Field(max_length=64)
    principal: str = Field(default="", max_length=2048)

    @field_validator("principal", mode="after")
    @classmethod
    def _known(cls, given: str) -> str:
        return "" if given == "<principal>" else given


class StartInput(Frozen):
    """The input of an execution: one resource, several, or the group whose resources an event concerns.

    `resource` may be an identifier, an ARN or, for a queue, its URL; in `resources` each may also be what
    CloudTrail makes of it in a list, an object with nothing else in it. `policies` narrows to some of
    those enabled for the account, `mode` lowers what they may do; neither enables anything. `approved` is
    the fingerprint of the plan that somebody has approved for the resource and those policies; nothing else
    is done then. `sweep` marks what no event has started, `batch` what belongs together.
    """

    account: str = Field(pattern=ACCOUNT)
    region: str = Field(pattern=REGION, max_length=32)
    resource: ResourceName | None = None
    resources: tuple[ResourceName, ...] | None = Field(default=None, min_length=1, max_length=1000)
    group: ResourceName | None = None
    policies: tuple[str, ...] | None = Field(default=None, min_length=1, max_length=108)
    mode: Mode | None = None
    reason: str = Field(default="", max_length=1024)
    event: Event | None = None
    approved: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    sweep: bool | None = None
    batch: str | None = Field(default=None, pattern=BATCH)

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


class Enabled(Frozen):
    """A policy's mode and the account's values for its parameters."""

    mode: Mode
    parameters: Mapping[str, Value] = Field(default_factory=dict)


class Account(Frozen):
    """What the settings table says of an account.

    `role_arn` absent means: the functions' own credentials, if they belong to the account. `regions` empty
    means all; resources of a global service are looked after whatever the regions. `name` and `contacts`
    (e-mail addresses) are for people, `revision` counts the changes made by the command line.
    """

    account: str
    name: str = ""
    regions: tuple[str, ...] = ()
    contacts: tuple[str, ...] = ()
    revision: int = 0
    role_arn: str | None = None
    external_id: str | None = None
    policies: Mapping[str, Enabled] = Field(default_factory=dict)


class Run(Frozen):
    """What one execution is about. The external id is no secret (IAM User Guide, "Access to AWS
    accounts owned by third parties": "AWS does not treat the external ID as a secret")."""

    resource: Resource
    role_arn: str | None
    external_id: str | None
    policies: Mapping[str, Enabled]
    reason: str = ""
    event: Event | None = None
    approved: str | None = None
    sweep: bool = False
    batch: str | None = None


class Status(StrEnum):
    """What a policy makes of a resource."""

    COMPLIANT = "compliant"
    BROKEN = "broken"
    HELD = "held"
    NOT_APPLICABLE = "not-applicable"


class Finding(Frozen):
    """One setting as a policy sees it."""

    setting: str
    before: Value
    after: Value


class Verdict(Frozen):
    """One policy's view of the resource: what it found, and why it does nothing if so."""

    policy: str
    mode: Mode
    status: Status
    reason: str = ""
    findings: tuple[Finding, ...] = ()


class Decision(Frozen):
    """The planner's answer. `apply` says whether there is anything to write; `outcome` holds if not."""

    apply: bool
    outcome: Outcome
    reason: str = ""
    verdicts: tuple[Verdict, ...] = ()
    changes: tuple[Change, ...] = ()
    calls: tuple[Call, ...] = ()


class Failure(BaseModel):
    """What a Catch puts into the state data. `Cause` is Lambda's JSON, or a sentence of AWS's."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    Error: str = "Unknown"
    Cause: str = ""


class StateTask(BaseModel):
    """What every state's function is given. The definition passes more than each one reads."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    execution: Execution


class Task(StateTask):
    """A state of a remediation."""

    resource_type: str


class ResolveTask(Task):
    """Before resolving there is only the input, which is yet to be checked."""

    input: dict[str, Any]


class RunTask(Task):
    """Assume role and describe."""

    run: Run


class DecideTask(RunTask):
    """Decide."""

    observed: Mapping[str, Value]


class ApplyTask(RunTask):
    """Apply and verify. `retries` counts how often apply has been tried before in this execution."""

    decision: Decision
    retries: int = 0


class RecordTask(Task):
    """Notify and record, from whatever state the execution has come.

    `state` is all the state data, which the machine's own states have written: of an input that Resolve has
    refused there is nothing in it but the failure. `input` is what the execution was started with.
    """

    state: dict[str, Any]
    input: dict[str, Any] = Field(default_factory=dict)


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
    `scopes` is what an approved plan comes with, an object of the work bucket. `concurrency` is how many
    resources of one service are remediated at a time in an account and region. After the time `until` no
    more are begun.
    """

    accounts: tuple[Annotated[str, Field(pattern=ACCOUNT)], ...] | None = Field(default=None, min_length=1)
    regions: tuple[Annotated[str, Field(pattern=REGION)], ...] | None = Field(default=None, min_length=1)
    types: tuple[str, ...] | None = Field(default=None, min_length=1)
    policies: tuple[str, ...] | None = Field(default=None, min_length=1, max_length=108)
    mode: Mode | None = None
    reason: str = Field(default="", max_length=1024)
    sweep: bool = False
    batch: str | None = Field(default=None, pattern=BATCH)
    resources: tuple[NamedResource, ...] | None = Field(default=None, min_length=1, max_length=1000)
    scopes: StoredObject | None = None
    concurrency: int = Field(default=5, ge=1, le=100)
    until: str = Field(default="9999-12-31T23:59:59Z", pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")

    @model_validator(mode="after")
    def _looked_for_in_one_way(self) -> "BackfillInput":
        places = self.accounts or self.regions
        if [bool(places), bool(self.resources), bool(self.scopes)].count(True) > 1:
            raise ValueError("give accounts and regions, or resources, or scopes")
        return self


class Scope(Frozen):
    """The resources of one service in one account and region: what shares its throttling.

    `items` and `count` are there where the resources are known, and need not be listed.
    """

    account: str
    region: str
    service: str
    types: tuple[str, ...]
    items: StoredObject | None = None
    count: int | None = None


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
    until: str


class BackfillTask(StateTask):
    """Find scopes."""

    input: dict[str, Any]


class ListTask(StateTask):
    """List resources."""

    scope: Scope
    work: Work


class SummarizeTask(StateTask):
    """Summarize."""

    work: Work


class ItemsFound(Frozen):
    """Where the items are, and how many."""

    items: StoredObject
    count: int


class Summary(Frozen):
    """How a batch ended."""

    outcomes: Mapping[str, int]
    failed: int
    report: StoredObject


class Resolved(Frozen):
    """`proceed` says whether there is a resource to look at; `outcome` and `reason` hold if not."""

    proceed: bool
    outcome: Outcome | None = None
    reason: str = ""
    run: Run | None = None
    place: Place | None = None
    started: tuple[str, ...] = ()


class Identity(Frozen):
    """Whom the member's role made us, without keys."""

    account: str
    arn: str


class Described(Frozen):
    """The observed settings."""

    observed: Mapping[str, Value]


class Applied(Frozen):
    """The API calls that were made."""

    operations: tuple[str, ...]


class Verified(Frozen):
    """The settings that were written, as a fresh read shows them."""

    observed: Mapping[str, Value]


class Recorded(Frozen):
    """The execution's output."""

    outcome: Outcome
    reason: str
    resource: str
    changes: tuple[Change, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
