"""What somebody is asked, and the answer."""

from enum import StrEnum
from typing import Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
)

from rightstate.frozen import Frozen
from rightstate.models.names import Time
from rightstate.models.start import Event
from rightstate.resource_type import Call, Change


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
    """The last plan of a resource that an execution asked about, and until when the same is not asked again.
    `denied` says by whom it was denied, `approved` by whom it was approved."""

    id: str
    plan: str
    execution: str
    until: str
    denied: str = ""
    approved: str = ""


class Answer(BaseModel):
    """The part of an answer that counts: whose decision to read."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    decided_by: str = Field(pattern=r"^[A-Za-z0-9_+=,.@:-]+$", max_length=256)


class Requested(Frozen):
    """An approval that is asked for: an item of the guards table, which the approver reads.

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
