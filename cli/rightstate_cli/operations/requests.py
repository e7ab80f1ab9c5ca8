"""Requests for approval: which wait, what they ask for, and to answer one."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import sleep
from typing import Any

from rightstate.catalogue import find_policy
from rightstate.clock import now, written
from rightstate.errors import InvalidInput
from rightstate.identify import shown
from rightstate.models.approval import Choice, Requested
from rightstate_cli.operations.workspace import Workspace, guarding_of
from rightstate_cli.tables.guards_table import Approving, NotWaiting

_LONGEST = timedelta(days=7)
_LOOKS, _SECONDS_BETWEEN_LOOKS = 6, 0.5
"""At who decided: the execution writes it when it goes on, a moment after it was woken."""


@dataclass(frozen=True)
class Window:
    """From when and until when an approved change may be applied; empty for at once."""

    not_before: str = ""
    not_after: str = ""


def window(begins: datetime | None, length: timedelta, given: str) -> Window:
    """The window that begins then, UTC. `begins` is None where `given`, as it was written, is no window.

    Raises InvalidInput.
    """
    if begins is None or begins.tzinfo is None:
        raise InvalidInput(
            f"{shown(given)} is no window. Nothing was decided. Give a time with its zone and a length, e.g. "
            "2026-11-28T22:00Z/2h."
        )
    today = datetime.now(UTC)
    if begins > today + _LONGEST or length > _LONGEST or begins + length < today:
        raise InvalidInput(
            f"The window {shown(given)} has passed, begins in more than {_LONGEST.days} days, or is longer "
            "than that. Nothing was decided."
        )
    if not length:
        raise InvalidInput(f"The window {shown(given)} ends as it begins. Nothing was decided.")
    return Window(written(begins), written(begins + length))


def waiting(workspace: Workspace, request: str) -> Requested:
    """The request of that id, which waits. Raises InvalidInput where it does not; Denied, Unavailable."""
    requested = guarding_of(workspace).request(request)
    if not waits(requested):
        raise InvalidInput(f"{requested.id} does not wait any more: {status(requested)}.")
    return requested


def answer(workspace: Workspace, requested: Requested, choice: Choice, reason: str, window: Window) -> None:
    """Answer the request under the caller's own identity, and let its execution go on.

    Raises InvalidInput where the caller may not, or it is answered by now, with who answered it; Denied,
    Unavailable.
    """
    if workspace.hub is None or workspace.hub.guards is None:
        raise InvalidInput("Only a hub has requests for approval. Nothing was decided.")
    approving = Approving(workspace.hub.guards, workspace.caller)
    try:
        approving.decide(requested, choice, reason, window.not_before, window.not_after)
    except NotWaiting:
        if (before := _answered(approving, requested)) is None:
            raise
        raise InvalidInput(
            f"{requested.id} does not wait any more: {status(before)}. The first decision counts, and yours "
            "changes nothing."
        ) from None


def _answered(approving: Approving, requested: Requested) -> Requested | None:
    """The request with its outcome. None if it has none within a few seconds."""
    for look in range(_LOOKS):
        if look:
            sleep(_SECONDS_BETWEEN_LOOKS)
        latest = approving.request(requested.id)
        if latest.outcome:
            return latest
    return None


def refusal(workspace: Workspace, requested: Requested) -> str:
    """Why the caller may not approve the request, by trying nothing; empty if nothing is known that forbids
    it. Raises Denied, Unavailable."""
    if workspace.hub is None or workspace.hub.guards is None:
        return "Only a hub has requests for approval."
    return Approving(workspace.hub.guards, workspace.caller).refusal(requested)


def waits(requested: Requested) -> bool:
    """Whether it can still be answered."""
    return not requested.outcome and requested.until > now()


def status(requested: Requested) -> str:
    """What became of the request, in words."""
    # An ARN tells a reader who it is. An id of IAM's does not.
    by = requested.decided_by_arn or requested.decided_by
    if requested.outcome == "denied":
        return f"denied by {by}" if requested.decided_by else "expired or refused"
    if requested.outcome == "died":
        return "its execution has died"
    if requested.outcome:
        return f"approved by {by}"
    return f"waits until {requested.until}" if waits(requested) else f"expired at {requested.until}"


def about(policy: str) -> dict[str, str] | None:
    """What to know of the policy before it changes something. None of a policy that only another version
    has."""
    try:
        found = find_policy(policy)[1]
    except InvalidInput:
        return None
    return {"risk": found.risk.value, "side_effects": found.side_effects, "reversible": found.reversible}


def facts(requested: Requested) -> dict[str, Any]:
    """The whole request but its token."""
    return {
        **requested.model_dump(mode="json", exclude={"token", "outcome"}),
        "waits": waits(requested),
        "status": status(requested),
        "about": {name: about(name) for name in requested.policies},
    }


def undo_text(requested: Requested) -> str:
    """What the request is, so that nobody takes it for a remediation."""
    return (
        f"This takes back what {requested.undo.rpartition(':')[2]} has changed. The resource will break "
        f"{', '.join(requested.policies)} again."
    )


def cause(requested: Requested) -> str:
    """Who caused the change that is to be approved."""
    if requested.event:
        return f"{requested.event.name} by {requested.event.principal or 'an AWS service'}"
    return f"{requested.requester}, as the input says" if requested.requester else "nobody that is known"


def approvers(requested: Requested) -> str:
    """Who may approve what nobody is proven to have caused."""
    return ", ".join(requested.approvers) or "nobody: the account has no approvers"
