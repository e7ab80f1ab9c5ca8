"""When something was last assessed, and by what: an execution, a sweep, or a local survey."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from pydantic import BaseModel

from rightstate.models.decision import Outcome, Status
from rightstate.surveying.looks import Counts, Looks
from rightstate_cli.planning.looking import BY
from rightstate_cli.tables.ledger_table import Entry

_BEGINNING = datetime.fromtimestamp(0, UTC)


class LastAssessed(BaseModel):
    """The newest that is known of a resource without reading it.

    `source` is `execution`, `sweep` (or a backfill) or `local survey`. `by` is the execution's ARN, or the
    command that surveyed. `status` is the execution's outcome, or that of a look's line. `policies` has the
    newest status of each policy.
    """

    at: str
    source: str
    by: str
    status: str
    reason: str = ""
    policies: Mapping[str, str] = {}


def source_of(counts: Counts) -> tuple[str, str]:
    """What wrote a look, and its name: `sweep` and an ARN, or `local survey` and a command."""
    if counts.by.startswith(BY):
        return BY, counts.by.removeprefix(f"{BY}: ")
    return "sweep", counts.by


def last_assessed(key: str, looks: Looks | None, entries: Sequence[Entry]) -> LastAssessed | None:
    """What is known of the resource, of which `entries` are the newest first. None where nothing is.

    Raises Denied, Throttled, Unavailable and CallFailed where looks cannot be read.
    """
    seen = _seen(key, looks) if looks else None
    ran = next(iter(entries), None)
    if ran is None:
        return seen
    at = ran.ended or ran.started
    known = dict(seen.policies) if seen else {}
    since = seen.at if seen else ""
    for entry in reversed(entries):
        if (entry.ended or entry.started) > since:
            known |= _statuses(entry)
    if seen and seen.at >= at:
        return seen
    return LastAssessed(
        at=at,
        source="execution",
        by=ran.execution,
        status=ran.outcome,
        reason=ran.reason,
        policies=known,
    )


def _statuses(entry: Entry) -> dict[str, str]:
    """What the policies made of the resource, or of what the execution has made of it."""
    found = {each.policy: each.status.value for each in entry.verdicts}
    changed = {policy for change in entry.changes for policy in change.policies}
    match entry.outcome:
        case Outcome.REMEDIATED:
            return found | dict.fromkeys(changed, Status.COMPLIANT.value)
        case Outcome.UNDONE:
            return found | dict.fromkeys(changed, Status.BROKEN.value)
        case _:
            return found


def _seen(key: str, looks: Looks) -> LastAssessed | None:
    account, region, resource_type, identifier = key.split("/", 3)
    line = looks.of(account, region, resource_type, identifier)
    if line is None:
        return None
    counts = looks.counts(account, _BEGINNING, datetime.now(UTC), newest_first=True)
    here = (each for each in counts if (each.region, each.resource_type) == (region, resource_type))
    found = next(here, None)
    source, by = source_of(found) if found else ("sweep", "")
    return LastAssessed(
        at=found.read_at(line.at) if found else line.at,
        source=source,
        by=by,
        status=line.status,
        reason=line.reason,
        policies=line.verdicts,
    )
