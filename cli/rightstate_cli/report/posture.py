"""What an execution says about how its resource stands with each policy.

The page takes this over as it is, so that the rules stand here alone.
"""

from dataclasses import dataclass
from enum import StrEnum

from rightstate.models.decision import Outcome, Status
from rightstate.policy import Mode
from rightstate_cli.report.record import Change, Record, Verdict


class State(StrEnum):
    """How a resource stands with a policy, as far as its latest entry knows."""

    COMPLIANT = "compliant"
    BROKEN = "broken"
    WAITING = "waiting"
    LEFT = "left"
    EXEMPT = "exempt"


STATES = tuple(State)

_OF_STATUS = {
    Status.COMPLIANT: State.COMPLIANT,
    Status.BROKEN: State.BROKEN,
    Status.EXEMPT: State.EXEMPT,
    Status.HALTED: State.LEFT,
    Status.MANAGED: State.LEFT,
    Status.HELD: State.LEFT,
    Status.NOT_APPLICABLE: None,
}
_NOT_THERE = {Outcome.GONE, Outcome.OFF, Outcome.NOT_APPLICABLE}
_NO_RESOURCE = {Outcome.FANNED_OUT, Outcome.REJECTED}


@dataclass(frozen=True)
class Effect:
    """`clear`: nothing that was known of the resource holds any more. Then `states` hold; None is a policy
    that does not apply any more."""

    clear: bool
    states: tuple[tuple[str, State | None], ...]


def state_of(status: Status) -> State | None:
    """How a resource stands with a policy that makes that of it, if nothing is done about it."""
    return _OF_STATUS[status]


def effect(record: Record) -> Effect:
    """What is known after this execution and was not before."""
    changed = {policy for change in record.changes for policy in change.policies}
    states = {each.policy: _state(record, each, changed) for each in record.verdicts}
    if record.outcome == Outcome.UNDONE:
        states |= dict.fromkeys(sorted(changed), State.BROKEN)
    clear = record.outcome in _NOT_THERE and not record.verdicts
    return Effect(clear, tuple(states.items()))


def looked_at(record: Record) -> bool:
    """Whether it is about one resource: groups and refused inputs are not."""
    return record.outcome not in _NO_RESOURCE and record.place[3] not in ("", "*")


def made(record: Record, *of: Change) -> str:
    """Whether the entry's changes, or those of them, were made: `yes`, which is verified, `partly`, where
    some are verified, `unverified`, `unknown` (the reason says how far it came) or `no`."""
    changes = of or record.changes
    if not changes:
        return "no"
    match record.outcome:
        case Outcome.REMEDIATED | Outcome.UNDONE:
            return "yes"
        case Outcome.FAILED | Outcome.DIED:
            verified = sum(change.setting in record.verified for change in changes)
            if verified:
                return "yes" if verified == len(changes) else "partly"
            return "unverified" if record.calls else "unknown"
        case _:
            return "no"


def _state(record: Record, verdict: Verdict, changed: set[str]) -> State | None:
    try:
        status = Status(verdict.status)
    except ValueError:
        return State.LEFT
    if status is not Status.BROKEN:
        return _OF_STATUS[status]
    if record.outcome == Outcome.REMEDIATED:
        if verdict.policy in changed:
            return State.COMPLIANT
        # Others were changed; these wait for an approval of their own.
        return State.WAITING if verdict.mode == Mode.APPROVE else State.BROKEN
    if record.outcome == Outcome.AWAITING_APPROVAL:
        return State.WAITING
    return State.COMPLIANT if _all_verified(record, verdict) else State.BROKEN


def _all_verified(record: Record, verdict: Verdict) -> bool:
    """Whether an execution that failed or died has fixed all that the policy wants, as a read showed."""
    if record.outcome not in (Outcome.FAILED, Outcome.DIED):
        return False
    wanted = {finding.setting for finding in verdict.findings}
    wanted |= {change.setting for change in record.changes if verdict.policy in change.policies}
    return bool(wanted) and wanted <= set(record.verified)
