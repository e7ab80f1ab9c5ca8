"""An entry of the ledger: which resource it is about, when that was, and how long it is kept.

Both that write one use it: `record`, at the end of every execution, and `death`, for those that had no end.
"""

import os
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError

from rightstate import __version__
from rightstate.catalogue import load
from rightstate.clock import written
from rightstate.errors import InvalidInput, UnexpectedEvent
from rightstate.executions import canary
from rightstate.executions.triggers import event_of, is_of_rule, understood
from rightstate.identify import at_home, identify, shown
from rightstate.models.names import ACCOUNT, BATCH, EXECUTION, REGION
from rightstate.models.start import Event, Execution
from rightstate.models.tasks import Run
from rightstate.resource_type import Place, Resource

_INDEXED = ("account", "day", "execution", "batch")
"""Keys of the ledger's indexes."""


def heading(
    resource_type: str,
    execution: Execution,
    given: Mapping[str, Any],
    ended: datetime,
    run: Run | None = None,
    place: Place | None = None,
) -> dict[str, Any]:
    """The fields that every entry has.

    `given` is the input, which nobody may have checked, `run` what Resolve has made of it. The indexes'
    keys, `account`, `day`, `execution` and, if there, `batch`, are texts that are not empty, as DynamoDB
    wants them.
    """
    resource = run.resource if run else _identified(resource_type, execution, given)
    event = run.event if run else _event(given)
    started = datetime.fromisoformat(execution.started)
    account, region, name = _named(resource, place, given)
    return {
        **_batch(run.batch if run else given.get("batch")),
        "resource": f"{account}/{region}/{resource_type}/{name}",
        "account": account,
        "region": region,
        "resource_type": resource_type,
        "arn": _arn(resource_type, resource),
        # To the millisecond: an execution's status events know no more of its start.
        "at": f"{written(started)}#{execution.name}",
        "day": written(started)[:10],
        "execution": execution.id,
        "why": run.reason if run else _text(given.get("reason"), 1024),
        "event": event.model_dump(mode="json") if event else None,
        "requester": _requester(run, event, given),
        "approval": run.approval.model_dump(mode="json") if run and run.approval else None,
        "undo": run.undo.execution if run and run.undo else _undo(given),
        "version": __version__,
        "started": written(started),
        "ended": written(ended),
        "seconds": round((ended - started).total_seconds(), 3),
    }


def expiring(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The entry with the time, in seconds since 1970, when DynamoDB drops it.

    Of a canary it is without the indexes' keys, so that nothing that lists or counts entries sees it.
    """
    kept = timedelta(days=int(os.environ["LEDGER_DAYS"]))
    expires = int((datetime.fromisoformat(entry["started"]) + kept).timestamp())
    hidden = _INDEXED if canary.is_canary(entry) else ()
    return {**{key: value for key, value in entry.items() if key not in hidden}, "expires": expires}


def _identified(resource_type: str, execution: Execution, given: Mapping[str, Any]) -> Resource | None:
    """The one resource of a valid input, whether or not a policy is enabled for it."""
    try:
        declared = load(resource_type)
        start = understood(declared, given).start
        if start.resource is None:
            return None
        place = Place(account=start.account, region=start.region, partition=execution.partition)
        return identify(declared, at_home(declared, place), start.resource)
    except (InvalidInput, UnexpectedEvent):
        return None


def _named(resource: Resource | None, place: Place | None, given: Mapping[str, Any]) -> tuple[str, str, str]:
    """Account, region and identifier. For a refused input, only the parts that are safe to store."""
    if resource:
        return resource.account, resource.region, resource.id
    named = given.get("resource") or given.get("group") or ""
    name = shown(str(named)) if named else "*"
    if place:
        return place.account, place.region, name
    return _like(ACCOUNT, given.get("account")) or "?", _like(REGION, given.get("region")) or "?", name


def _batch(given: Any) -> dict[str, str]:
    """What the executions of one backfill have in common; the ledger's index has no entry without it."""
    found = _like(BATCH, given)
    return {"batch": found} if found else {}


def _event(given: Mapping[str, Any]) -> Event | None:
    """The event that started it, even if the input was refused for another reason."""
    if is_of_rule(given):
        return event_of(given)
    try:
        return Event.model_validate(given.get("event"))
    except ValidationError:
        return None


def _requester(run: Run | None, event: Event | None, given: Mapping[str, Any]) -> str:
    """The aws:userid of the person who started it, or of the caller of the event."""
    named = run.requester if run else _text(given.get("requester"), 256)
    return named or (event.principal if event else "")


def _undo(given: Mapping[str, Any]) -> str | None:
    return _like(EXECUTION, given.get("undo"))


def _arn(resource_type: str, resource: Resource | None) -> str | None:
    """The resource's ARN, if its identifier and place determine it."""
    if resource is None:
        return None
    arn = load(resource_type).arn_of(resource)
    return None if "*" in arn else arn


def _text(given: Any, longest: int) -> str:
    """A text of an input that nobody has checked: on one line, and in UTF-8."""
    return given if isinstance(given, str) and len(given) <= longest and given.isprintable() else ""


def _like(pattern: str, given: Any) -> str | None:
    return given if isinstance(given, str) and re.fullmatch(pattern, given) else None
