"""How a decision differs from the one that was approved."""

import json
from collections.abc import Sequence

from rightstate.models.decision import Decision
from rightstate.resource_type import Change


def other_than_approved(approved: Decision, decision: Decision, left: Sequence[str]) -> str:
    """A sentence that names the settings that differ; empty where none does.

    `left` are settings that the approved decision changes and the new one leaves alone. A setting differs too
    where its value before is another one: the approver has not seen what the change would take away.
    """
    seen = set(map(_as_seen, approved.changes))
    changed = [change.setting for change in decision.changes if _as_seen(change) not in seen]
    other = [*changed, *left]
    return f"Not as it was approved any more, and left alone: {', '.join(other)}." if other else ""


def _as_seen(change: Change) -> tuple[str, str]:
    return change.setting, json.dumps([change.before, change.after], default=list)
