"""Notify and record: the one ending of every execution, good or bad."""

import json
import os
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit
from boto3.dynamodb.types import TypeSerializer
from pydantic import ValidationError

from rightstate import notification
from rightstate.aws_errors import named_errors
from rightstate.catalogue import load
from rightstate.errors import CallFailed, RemediationFailed, RightstateError
from rightstate.identify import shown
from rightstate.models import (
    BATCH,
    Decision,
    Event,
    Failure,
    Outcome,
    Recorded,
    RecordTask,
    Resolved,
    Run,
    Status,
)
from rightstate.notification import Notification
from rightstate.sessions import hub_client
from rightstate.step import defect, logger
from rightstate.wants import as_change


def record(task: RecordTask) -> Recorded:
    """Write the ledger, tell the topic and the bus, count the metrics.

    A notification that cannot be sent is counted and logged, and fails nothing. Raises
    RemediationFailed, after all that, where the remediation failed.
    """
    entry = _entry(task)
    with named_errors():
        hub_client("dynamodb").put_item(
            TableName=os.environ["LEDGER_TABLE"], Item=_item(entry, task.execution.started)
        )
    untold = _tell(task, entry) if entry["outcome"] in notification.TOLD else 0
    _count(task, entry["outcome"], untold)
    logger.info(entry["reason"], outcome=entry["outcome"], resource=entry["resource"])
    if entry["outcome"] == Outcome.FAILED:
        raise RemediationFailed(f"{entry['error']}: {entry['reason']}")
    return Recorded(
        outcome=entry["outcome"],
        reason=entry["reason"],
        resource=entry["resource"],
        changes=entry["changes"],
        verdicts=entry["verdicts"],
    )


def _entry(task: RecordTask) -> dict[str, Any]:
    """The ledger's entry: what was decided, changed (before and after) and verified, by whom, why."""
    state = task.state
    decision = Decision.model_validate(state["decision"]) if "decision" in state else None
    resolved = Resolved.model_validate(state["resolved"]) if "resolved" in state else None
    # What Resolve fails with is the whole state: the input must not pass for what later states write.
    failed = state if "Error" in state else state.get("failure")
    failure = Failure.model_validate(failed) if failed else None
    event = _event(task, resolved)
    outcome, error, reason = _ending(decision, resolved, failure)
    if error == "UnknownAccount" and event:
        # An organization forwards the events of all its accounts, of those too that are not registered.
        outcome, error = Outcome.REJECTED, ""
    if outcome is Outcome.FAILED and decision and "applied" in state:
        reason += f" Made, but not verified: {_summary(decision)}."
    plain = decision.model_dump(mode="json") if decision else {}
    run = resolved.run if resolved else None
    return {
        **_batch(task, run),
        "resource": _resource(task, resolved),
        "arn": _arn(task, resolved),
        "at": f"{task.execution.started}#{task.execution.name}",
        "execution": task.execution.id,
        "outcome": outcome,
        "error": error,
        "reason": reason,
        "why": run.reason if run else "",
        "event": event,
        "verdicts": plain.get("verdicts", []),
        "changes": plain.get("changes", []),
        "calls": state.get("applied", {}).get("operations", []),
        "verified": state.get("verified", {}).get("observed", {}),
    }


def _batch(task: RecordTask, run: Run | None) -> dict[str, str]:
    """What the executions of one backfill have in common; the ledger's index has no entry without it."""
    given = run.batch if run else task.input.get("batch")
    return {"batch": given} if isinstance(given, str) and re.fullmatch(BATCH, given) else {}


def _event(task: RecordTask, resolved: Resolved | None) -> dict[str, Any] | None:
    """The event that started it; of an input that was refused for something else, the one in it."""
    if resolved and resolved.run:
        event = resolved.run.event
    else:
        try:
            event = Event.model_validate(task.input.get("event"))
        except ValidationError:
            event = None
    return event.model_dump(mode="json") if event else None


def _ending(
    decision: Decision | None, resolved: Resolved | None, failure: Failure | None
) -> tuple[Outcome, str, str]:
    """Outcome, error and reason."""
    if failure is not None:
        reason = _sentence(failure)
        if failure.Error == "ResourceGone":
            return Outcome.GONE, "", reason
        return Outcome.FAILED, failure.Error, reason
    if decision is not None:
        return decision.outcome, "", decision.reason or _summary(decision)
    if resolved is not None and resolved.outcome is not None:
        return resolved.outcome, "", resolved.reason
    return Outcome.FAILED, "Defect", "The execution ended without a decision."


def _sentence(failure: Failure) -> str:
    """The failure's message. Lambda puts it into JSON beside a stack trace."""
    try:
        cause = json.loads(failure.Cause)
    except ValueError:
        return failure.Cause or failure.Error
    return str(cause.get("errorMessage", failure.Error)) if isinstance(cause, dict) else failure.Error


def _summary(decision: Decision) -> str:
    if decision.changes:
        return "; ".join(f"{c.setting}: {as_change(c.before, c.after)}" for c in decision.changes)
    compliant = sum(v.status is Status.COMPLIANT for v in decision.verdicts)
    return f"Complies with {compliant} of {len(decision.verdicts)} policies that apply."


def _resource(task: RecordTask, resolved: Resolved | None) -> str:
    """account/region/type/id; of an input that was refused, as much as can be told safely."""
    if resolved and resolved.run:
        resource = resolved.run.resource
        return f"{resource.account}/{resource.region}/{task.resource_type}/{resource.id}"
    given = [task.input.get(key) for key in ("account", "region")]
    account, region = (g if isinstance(g, str) and len(g) < 40 and g.isprintable() else "?" for g in given)
    place = resolved.place if resolved else None
    if place:
        account, region = place.account, place.region
    named = task.input.get("resource") or task.input.get("group") or ""
    return f"{account}/{region}/{task.resource_type}/{shown(str(named)) if named else '*'}"


def _arn(task: RecordTask, resolved: Resolved | None) -> str | None:
    """The resource's ARN, where its identifier and place say all of it."""
    if resolved is None or resolved.run is None:
        return None
    arn = load(task.resource_type).arn_of(resolved.run.resource)
    return None if "*" in arn else arn


def _item(entry: dict[str, Any], started: str) -> dict[str, Any]:
    kept = timedelta(days=int(os.environ["LEDGER_DAYS"]))
    expires = int((datetime.fromisoformat(started) + kept).timestamp())
    serializer = TypeSerializer()
    return {
        key: serializer.serialize(str(value) if isinstance(value, Outcome) else value)
        for key, value in {**entry, "expires": expires}.items()
    }


def _tell(task: RecordTask, entry: dict[str, Any]) -> int:
    """Send the message and the event; how many of the two could not be sent.

    What was done is done and in the ledger, so that nothing that goes wrong here may fail the execution.
    """
    failed = 0
    ended = datetime.now(UTC)
    for send in (_publish, _put_event):
        try:
            started = datetime.fromisoformat(task.execution.started)
            send(notification.notification(entry, task.resource_type, started, ended))
        except Exception as error:
            failed += 1
            what = str(error) if isinstance(error, RightstateError) else str(defect(error))
            logger.error("A notification could not be sent.", by=send.__name__, reason=what)
    return failed


def _publish(told: Notification) -> None:
    with named_errors():
        hub_client("sns").publish(
            TopicArn=os.environ["TOPIC_ARN"],
            Subject=notification.subject(told),
            Message=notification.as_message(told),
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value}
                for name, value in {
                    "outcome": told.outcome,
                    "account": told.account,
                    "resource_type": told.resource_type,
                }.items()
            },
        )


def _put_event(told: Notification) -> None:
    entry = {
        "Source": notification.SOURCE,
        "DetailType": notification.DETAIL_TYPE,
        "Resources": [arn for arn in (told.execution, told.arn) if arn],
        "Detail": notification.as_detail(told),
    }
    with named_errors():
        answer = hub_client("events").put_events(Entries=[entry])
    if answer["FailedEntryCount"]:
        raise CallFailed(f"EventBridge took the call and not the event: {answer['Entries'][0]['ErrorCode']}.")


def _count(task: RecordTask, outcome: Outcome, untold: int) -> None:
    executions = EphemeralMetrics()
    executions.add_dimension("ResourceType", task.resource_type)
    executions.add_dimension("Outcome", outcome)
    executions.add_metric("Executions", MetricUnit.Count, 1)
    executions.flush_metrics()
    # With no dimension but Powertools' service, which is the stack: an alarm names all that a metric has.
    found = outcome in (Outcome.REMEDIATED, Outcome.REPORTED)
    counts = {"NotificationsFailed": untold, "MissedByEvents": int(found and _swept(task))}
    for name, count in counts.items():
        if count:
            metrics = EphemeralMetrics()
            metrics.add_metric(name, MetricUnit.Count, count)
            metrics.flush_metrics()


def _swept(task: RecordTask) -> bool:
    """Whether a sweep has come to the resource, and no event."""
    run = Resolved.model_validate(task.state["resolved"]).run if "resolved" in task.state else None
    return bool(run and run.sweep)
