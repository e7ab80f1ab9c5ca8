"""What the states of the remediation take and return."""

from collections.abc import Mapping
from typing import Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from rightstate.frozen import Frozen
from rightstate.models.approval import Approval, Asked
from rightstate.models.decision import Decision, Excuse, Outcome, Undo, Verdict
from rightstate.models.settings import Enabled, Exemption, Managed
from rightstate.models.start import Event, Execution
from rightstate.policy import Mode
from rightstate.resource_type import Change, Place, Resource
from rightstate.wants import Value


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
    """Check approval. `answer` is what came back to the waiting state. Anybody who has the token can send it,
    so nothing in it is true before it is looked up. Or it is what a Catch makes of nobody's answer."""

    answer: dict[str, Any]


class RecordTask(Task):
    """Notify and record, from whatever state the execution has come.

    `state` is all the state data, which the machine's own states have written: of an input that Resolve has
    refused there is nothing in it but the failure. `input` is what the execution was started with.
    """

    state: dict[str, Any]
    input: dict[str, Any] = Field(default_factory=dict)


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
    """The API calls that were made, and the changes made with them where these are not those that were
    decided, as the resource has been read again. `settled_by` is the execution that had fixed the resource by
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


class Recorded(Frozen):
    """The execution's output."""

    outcome: Outcome
    reason: str
    resource: str
    changes: tuple[Change, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
