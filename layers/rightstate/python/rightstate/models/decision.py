"""What is decided about a resource, and what may have been written."""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Literal

from pydantic import (
    Field,
)

from rightstate.frozen import Frozen
from rightstate.policy import Mode
from rightstate.resource_type import Call, Change
from rightstate.wants import Value


class Outcome(StrEnum):
    """How an execution ended. `failed` ends it FAILED, all others SUCCEEDED. An execution that `died` could
    not record its own end.

    `awaiting-approval`: it has nothing else to do, and another execution waits for the approval of the same
    plan. `stopped`: a person has stopped the backfill.
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


class Status(StrEnum):
    """What a policy makes of a resource."""

    COMPLIANT = "compliant"
    BROKEN = "broken"
    HELD = "held"
    EXEMPT = "exempt"
    HALTED = "halted"
    MANAGED = "managed"
    NOT_APPLICABLE = "not-applicable"


class Deviation(Frozen):
    """A setting that a policy wants to be different: the value read, and the value wanted."""

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
    findings: tuple[Deviation, ...] = ()


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
