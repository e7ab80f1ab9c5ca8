"""What the states of the definition take and return: the contract between them.

Nothing here may hold a credential or a raw AWS response, because all of it is state data and stays in
the execution history.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from rightstate.frozen import Frozen
from rightstate.policy import Mode
from rightstate.resource_type import Call, Change, Place, Resource
from rightstate.wants import Value

ACCOUNT = r"^[0-9]{12}$"
REGION = r"^[a-z]{2,4}(-[a-z]{2,10}){1,3}-[0-9]{1,2}$"


EXECUTION = r"^arn:[a-z-]+:states:[a-z0-9-]+:[0-9]{12}:execution:[^:]{1,80}:[^:]{1,80}$"
"""The ARN of an execution of a machine (Step Functions API reference, StartExecution: names have up to 80
characters)."""

BATCH = r"^[A-Za-z0-9_-]{1,60}$"
"""The name of a batch; the executions of its resources begin with it."""

ResourceName = Annotated[str, Field(min_length=1, max_length=2048)]


class Outcome(StrEnum):
    """How an execution ended. All but `failed` end it SUCCEEDED; one that has died could not end by itself.

    `awaiting-approval` is how an execution ends that has nothing else to do while another one waits for
    the approval of the same plan; `stopped` is a backfill that a person has stopped.
    """

    COMPLIANT = "compliant"
    REMEDIATED = "remediated"
    REPORTED = "reported"
    NOT_APPLICABLE = "not-applicable"
    OFF = "off"
    GONE = "gone"
    FANNED_OUT = "fanned-out"
    CHANGED_SINCE_PLAN = "changed-since-plan"
    EXEMPT = "exempt"
    HALTED = "halted"
    LIMITED = "limited"
    AWAITING_APPROVAL = "awaiting-approval"
    DENIED = "denied"
    UNDONE = "undone"
    UNDO_REFUSED = "undo-refused"
    REJECTED = "rejected"
    FAILED = "failed"
    DIED = "died"
    STOPPED = "stopped"


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


class Enabled(Frozen):
    """A policy's mode and the account's values for its parameters."""

    mode: Mode
    parameters: Mapping[str, Value] = Field(default_factory=dict)


def _exists(time: str) -> str:
    """Refuse the 31st of February, which as a text would compare like a time."""
    datetime.fromisoformat(time)
    return time


Time = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"), AfterValidator(_exists)]
"""A time in UTC, e.g. `2026-11-25T08:00:00Z`; as texts they compare as the times do."""


class Exemption(Frozen):
    """What policies have to leave alone, why, who has approved it, and until when.

    With `resource` (region/type/id) it is about one resource, with `tag` (key=value) about those that carry
    it, else about the whole account; `policies` empty means all. `by` is the ARN of who wrote it.
    `settings_until` is there where `until` was cut to what the hub's ExemptionDays allows.
    """

    id: str = Field(pattern=r"^ex-[0-9a-f]{8}$")
    policies: tuple[str, ...] = ()
    resource: ResourceName | None = None
    tag: str | None = Field(default=None, pattern=r"^[^=]{1,128}=.{0,256}$")
    reason: str = Field(min_length=1, max_length=1024)
    approver: str = Field(min_length=1, max_length=256)
    by: str = Field(default="", max_length=2048)
    created: Time
    until: Time
    settings_until: Time | None = None

    @model_validator(mode="after")
    def _one_selector(self) -> "Exemption":
        if self.resource and self.tag:
            raise ValueError("give resource or tag, not both")
        return self


class Handling(StrEnum):
    """What to do about a resource that infrastructure as code manages."""

    REMEDIATE = "remediate"
    REPORT = "report"
    DELAY = "delay"


class Managed(Frozen):
    """How an account's resources are handled that infrastructure as code manages.

    They are recognised by a tag, given as `key` or `key=value`, and by who made the call of the event:
    CloudFormation, or a principal whose ARN is like one of `principals` (with *). `delay` looks again after
    `delay_minutes`, when whoever made the resource has finished.
    """

    handling: Handling = Handling.REMEDIATE
    delay_minutes: int = Field(default=30, ge=1, le=1440)
    tags: tuple[str, ...] = ("aws:cloudformation:stack-name", "terraform", "ManagedBy=terraform")
    principals: tuple[str, ...] = ()


class Account(Frozen):
    """What the settings table says of an account.

    `tag_exemptions` says whether exemptions by tag count: whoever may tag a resource can use them.
    `approvers` are who may approve what nobody is proven to have caused: patterns of aws:userid, with *.
    `role_arn` is the role that writes, `read_role_arn` the one that reads. Without `read_role_arn` the member
    is of a version that had one role for both. `role_arn` absent means: the functions' own credentials, if
    they belong to the account. `regions` empty
    means all; resources of a global service are looked after whatever the regions. `name` and `contacts`
    (e-mail addresses) are for people, `revision` counts the changes made by the command line.
    """

    account: str
    name: str = ""
    regions: tuple[str, ...] = ()
    contacts: tuple[str, ...] = ()
    revision: int = 0
    role_arn: str | None = None
    read_role_arn: str | None = None
    external_id: str | None = None
    policies: Mapping[str, Enabled] = Field(default_factory=dict)
    exemptions: tuple[Exemption, ...] = ()
    tag_exemptions: bool = False
    approvers: tuple[str, ...] = ()
    managed: Managed = Managed()


class Excuse(Frozen):
    """Why a policy leaves a resource alone that it would otherwise change, and the rule that says so, e.g.
    `exemption ex-1a2b3c4d`."""

    kind: Literal["exempt", "halted", "managed"]
    reason: str
    rule: str


class Undo(Frozen):
    """What is to be taken back: the changes that an execution made of the resource, and whether what is
    destroyed by that may be.

    `seen` is what a fresh read showed after them, which may be another text for the same, e.g. of a key.
    `certain` says that all of them were made; else a setting that is as before needs no restoring.
    `approver` and `until` are those of the exemption that keeps the changes from being made again, empty
    where none does. `asking` are the policies of the changes that are in mode `approve` for the account now:
    with any, the undo has to be approved first.
    """

    execution: str
    changes: tuple[Change, ...]
    asking: tuple[str, ...] = ()
    seen: Mapping[str, Value] = Field(default_factory=dict)
    certain: bool = True
    consent: bool = False
    approver: str = ""
    until: str = ""


class Approval(Frozen):
    """Who has approved a plan.

    `by` is IAM's aws:userid, proven by the table's key; `arn` is what the approver says beside it. Applied
    from `not_before` to `not_after`, where those are given.
    """

    id: str
    plan: str
    policies: tuple[str, ...]
    by: str
    arn: str = ""
    at: str
    reason: str = ""
    not_before: str = ""
    not_after: str = ""


class Asked(Frozen):
    """The last plan of a resource that somebody was asked about: by which execution, and until when the
    same is not asked again. `denied` says by whom it was denied, `approved` by whom it was approved."""

    id: str
    plan: str
    execution: str
    until: str
    denied: str = ""
    approved: str = ""


class Run(Frozen):
    """What one execution is about.

    `excuses` are, by policy, what is known before the resource is read; `tagged` are the exemptions that its
    tags decide about, and `managed` is how it is handled if infrastructure as code manages it, absent where
    that makes no difference. `asked` is the last question about it. `looking` has the halted policies that
    may try again, and how often they were looked at before. `approvers` are the account's. The external
    id is no secret (IAM User Guide, "Access to AWS accounts owned by third parties": "AWS does not treat the
    external ID as a secret").
    """

    resource: Resource
    role_arn: str | None
    read_role_arn: str | None = None
    external_id: str | None
    policies: Mapping[str, Enabled]
    reason: str = ""
    event: Event | None = None
    approved: str | None = None
    sweep: bool = False
    batch: str | None = None
    requester: str = ""
    excuses: Mapping[str, Excuse] = Field(default_factory=dict)
    tagged: tuple[Exemption, ...] = ()
    managed: Managed | None = None
    undo: Undo | None = None
    approval: Approval | None = None
    asked: Asked | None = None
    looking: Mapping[str, int] = Field(default_factory=dict)
    approvers: tuple[str, ...] = ()

    def approved_by(self, approval: Approval) -> "Run":
        """The run that may change what was approved, as it was approved and not otherwise."""
        lifted = {
            name: configured.model_copy(update={"mode": Mode.AUTO})
            if name in approval.policies and configured.mode is Mode.APPROVE
            else configured
            for name, configured in self.policies.items()
        }
        return self.model_copy(update={"policies": lifted, "approved": approval.plan, "approval": approval})


class Status(StrEnum):
    """What a policy makes of a resource."""

    COMPLIANT = "compliant"
    BROKEN = "broken"
    HELD = "held"
    EXEMPT = "exempt"
    HALTED = "halted"
    MANAGED = "managed"
    NOT_APPLICABLE = "not-applicable"


class Finding(Frozen):
    """One setting as a policy sees it."""

    setting: str
    before: Value
    after: Value


class Verdict(Frozen):
    """One policy's view of the resource: what it found, and why it does nothing if so.

    `rule` names the one rule that decided where that is not the policy itself.
    """

    policy: str
    mode: Mode
    status: Status
    reason: str = ""
    rule: str = ""
    findings: tuple[Finding, ...] = ()


class Decision(Frozen):
    """The planner's answer. `apply` says whether there is anything to write; `outcome` holds if not.

    `ask` says that the changes have to be approved first, within `ask_seconds`, and `wait` that it has to be
    looked at again at `wait_until`. `plan` is the fingerprint of what was found and would be written.
    `pending` are policies whose changes wait for an approval of their own, after these have been made.
    """

    apply: bool
    outcome: Outcome
    ask: bool = False
    ask_seconds: int = 0
    wait: bool = False
    wait_until: str = ""
    plan: str = ""
    pending: tuple[str, ...] = ()
    reason: str = ""
    rule: str = ""
    verdicts: tuple[Verdict, ...] = ()
    changes: tuple[Change, ...] = ()
    calls: tuple[Call, ...] = ()


class Failure(BaseModel):
    """What a Catch puts into the state data. `Cause` is Lambda's JSON, or a sentence of AWS's."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    Error: str = "Unknown"
    Cause: str = ""

    @field_validator("Error", "Cause", mode="before")
    @classmethod
    def _given(cls, given: Any, field: ValidationInfo) -> Any:
        """SendTaskFailure need give neither (API reference)."""
        return {"Error": "Unknown"}.get(str(field.field_name), "") if given is None else given


class StateTask(BaseModel):
    """What every state's function is given. The definition passes more than each one reads."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    execution: Execution


class Task(StateTask):
    """A state of a remediation."""

    resource_type: str


class ResolveTask(Task):
    """Before resolving there is only the input, which is yet to be checked. `run` is what was resolved
    before, of an execution that has waited since."""

    input: dict[str, Any]
    run: "Run | None" = None


class RunTask(Task):
    """Assume role and describe."""

    run: Run


class DecideTask(RunTask):
    """Decide."""

    described: "Described"


class ApplyTask(RunTask):
    """Apply. `retries` counts how often the state has been tried before in this execution."""

    described: "Described"
    decision: Decision
    retries: int = 0


class VerifyTask(ApplyTask):
    """Verify."""

    applied: "Applied"


class ReadBackTask(ApplyTask):
    """Read back, after Apply or Verify has failed. `applied` is absent where it was Apply; `state` is all the
    state data, of which the definition cannot name a part that may be absent."""

    applied: "Applied | None" = None

    @model_validator(mode="before")
    @classmethod
    def _of_state(cls, given: Any) -> Any:
        state = given.get("state") if isinstance(given, dict) else None
        return {**given, "applied": state.get("applied")} if isinstance(state, dict) else given


class AskTask(ApplyTask):
    """Request approval. `token` is Step Functions' for the waiting state."""

    token: str


class CheckTask(ApplyTask):
    """Check approval. `answer` is what came back to the waiting state: from whoever has the token, so that
    nothing in it is true before it is looked up; or what a Catch makes of nobody's answer."""

    answer: dict[str, Any]


class Answer(BaseModel):
    """The part of an answer that is looked at: whose decision there should be."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    decided_by: str = Field(pattern=r"^[A-Za-z0-9_+=,.@:-]+$", max_length=256)


class Requested(Frozen):
    """An approval that is asked for: an item of the guards table, that whoever approves reads.

    `requester` is the aws:userid and `requester_arn` the ARN of who caused it, empty where nobody is known.
    `proven` says that they are CloudTrail's, not what the input says of itself; where they are not, one of
    the account's `approvers` has to approve. `undo` is the ARN of the execution whose changes the request
    would take back, empty where it is about a remediation. `outcome` is empty until it is decided or has
    expired; `decided_by` is the aws:userid of who decided, and the ARN beside it what they say of themselves.
    """

    id: str
    resource: str
    arn: str | None
    execution: str
    plan: str
    policies: tuple[str, ...]
    changes: tuple[Change, ...]
    calls: tuple[Call, ...]
    why: str = ""
    event: Event | None = None
    requester: str = ""
    requester_arn: str = ""
    proven: bool = False
    approvers: tuple[str, ...] = ()
    undo: str = ""
    asked_at: str
    until: str
    token: str
    outcome: str = ""
    decided_by: str = ""
    decided_by_arn: str = ""


class Choice(StrEnum):
    """What an approver may decide."""

    APPROVE = "approve"
    DENY = "deny"


class ApproversDecision(Frozen):
    """What an approver has decided: an item of the guards table under the approver's own aws:userid, which
    IAM lets nobody else write (condition key dynamodb:LeadingKeys)."""

    by: str
    request: str
    execution: str
    plan: str
    choice: Choice
    arn: str
    at: Time
    reason: str = Field(default="", max_length=1024)
    not_before: Time | Literal[""] = ""
    not_after: Time | Literal[""] = ""


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


BackfillTime = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"), AfterValidator(_exists)]
"""A time in UTC, to the second, which Wait and Choice of the definition take."""


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


class Scope(Frozen):
    """What one execution of the backfill's map is about: an account and region.

    Where the resources are known, `items` and `count` are there, and all of them are of one `service`. Else
    those of `types` are looked at; with `group` only those of a group, of whatever region.
    """

    account: str = Field(pattern=ACCOUNT)
    region: str = Field(pattern=REGION, max_length=32)
    service: str = ""
    types: tuple[str, ...]
    group: ResourceName | None = None
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
    """A resource type that is to be surveyed, from the page that `token` names. `tries` counts how often AWS
    has asked for fewer calls."""

    resource_type: str
    token: str = ""
    tries: int = 0
    look: Begun = Begun()


class NotListed(Frozen):
    """A resource type whose resources could not be listed, with the error as a Catch has it."""

    resource_type: str
    service: str
    failure: Mapping[str, str]


class ServiceItems(Frozen):
    """The executions to start for resources of one service, which share its throttling."""

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
    """The observed settings, when they were read, and what the tags excuse; the tags stay with us."""

    observed: Mapping[str, Value]
    read_at: str = ""
    excuses: Mapping[str, Excuse] = Field(default_factory=dict)


class Applied(Frozen):
    """The API calls that were made, and the changes made with them, which may be others than were decided
    where the resource has been read again. `settled_by` is the execution that had put the resource right by
    then, so that there was nothing left to do; `instead` is what was decided by then where for another reason
    nothing was to be changed any more."""

    operations: tuple[str, ...]
    changes: tuple[Change, ...] = ()
    settled_by: str = ""
    instead: Decision | None = None


class Verified(Frozen):
    """The settings that were written, as a fresh read shows them."""

    observed: Mapping[str, Value]


class ReadBack(Verified):
    """What an execution has changed whose Apply or Verify has failed, as far as can be known. `observed` has
    the settings of which a fresh read shows the change, `complete` says that it shows every change that was
    to be made."""

    operations: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    complete: bool = False


class Written(Frozen):
    """An API call, by its operation and the settings that it writes."""

    operation: str
    settings: tuple[str, ...]


class Intent(Frozen):
    """What an execution may have written to a resource: noted in the resource's guard before the first call,
    so that it is known even if the function is killed.

    `whole` says that nothing else was to be written: a call that AWS has refused is taken out. `read_at` is
    when the resource was read to decide on it, empty if it was read with the lock held.
    """

    execution: str
    changes: tuple[Change, ...]
    calls: tuple[Written, ...]
    whole: bool = True
    read_at: str = ""

    @property
    def operations(self) -> tuple[str, ...]:
        return tuple(call.operation for call in self.calls)

    def of(self, settings: Collection[str], whole: bool = False) -> "Intent":
        """What of it is about those settings."""
        return self.model_copy(
            update={
                "changes": tuple(change for change in self.changes if change.setting in settings),
                "calls": tuple(call for call in self.calls if set(call.settings) & set(settings)),
                "whole": whole,
            }
        )


class Recorded(Frozen):
    """The execution's output."""

    outcome: Outcome
    reason: str
    resource: str
    changes: tuple[Change, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
