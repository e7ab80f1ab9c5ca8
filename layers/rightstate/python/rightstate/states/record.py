"""Notify and record: the one ending of every execution, good or bad."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from rightstate import storage
from rightstate.accounts import exemptions
from rightstate.aws.errors import named_errors
from rightstate.errors import RemediationFailed, RightstateError
from rightstate.executions import canary, ledger, metrics, way
from rightstate.executions.starting import start_execution
from rightstate.executions.step import defect, logger
from rightstate.executions.triggers import is_of_rule
from rightstate.guarding import guards, limits
from rightstate.models.decision import Decision, Outcome, Status
from rightstate.models.start import StartInput
from rightstate.models.tasks import Applied, Failure, ReadBack, Recorded, RecordTask, Resolved, Run, Task
from rightstate.notifying import channels, notification
from rightstate.notifying.channels import Message
from rightstate.notifying.notification import Notification
from rightstate.policy import Mode
from rightstate.resource_type import Change
from rightstate.wants import as_change


def record(task: RecordTask) -> Recorded:
    """Write the ledger, tell the topic and the bus, count the metrics.

    A notification that cannot be sent is counted and logged, and fails nothing. Raises
    RemediationFailed, after all that, where the remediation failed.
    """
    entry = _entry(task, datetime.now(UTC))
    # While it has the lock: another execution would try again too.
    entry |= _looked(task, entry)
    entry["halted"] = _unlock(task, entry)
    entry["path"] = way.of(task.execution.id, datetime.fromisoformat(entry["ended"]))
    with named_errors():
        storage.ledger().put(ledger.expiring(entry))
    asked = task.state.get("decision", {}).get("ask")
    # A person who was asked gets a message about the result, even where nothing changed.
    of_asked = entry["approval"] or (asked and entry["outcome"] == Outcome.DENIED)
    resumed = entry["resumed"] and entry["outcome"] != Outcome.AWAITING_APPROVAL
    of_halt = entry["halted"] or resumed
    of_limit = entry["outcome"] == Outcome.LIMITED and _first_limited(
        entry, "requests" if asked else "changes"
    )
    worth = entry["outcome"] in notification.TOLD or of_asked or of_halt or of_limit
    if not canary.is_canary(entry):
        untold = tell(task, entry) if worth else 0
        _count(task, entry, untold)
    _ask(task)
    if entry["approval"] or (entry["error"] and asked):
        # Nothing waits for an answer any more or is still to be made, so that another execution may ask.
        guards.forget(entry["resource"], task.execution.id)
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


def _entry(task: RecordTask, ended: datetime) -> dict[str, Any]:
    """The ledger's entry: what was decided, changed (before and after) and verified, by whom, why."""
    state = task.state
    decision = Decision.model_validate(state["decision"]) if "decision" in state else None
    resolved = Resolved.model_validate(state["resolved"]) if "resolved" in state else None
    # What Resolve fails with is the whole state: the input must not pass for what later states write.
    failed = state if "Error" in state else state.get("failure")
    failure = Failure.model_validate(failed) if failed else None
    if decision and "applied" in state:
        decision = _as_applied(decision, Applied.model_validate(state["applied"]))
    entry = ledger.heading(
        task.resource_type,
        task.execution,
        task.input,
        ended,
        resolved.run if resolved else None,
        resolved.place if resolved else None,
    )
    outcome, error, reason = _ending(decision, resolved, failure)
    if error == "UnexpectedEvent":
        metrics.add("UnexpectedEvents", 1)
    by_event = entry["event"] or is_of_rule(task.input)
    if error == "UnknownAccount" and by_event:
        # An organization forwards the events of all its accounts, of those too that are not registered.
        outcome, error = Outcome.REJECTED, ""
    if error in ("AnotherPlace", "UnexpectedEvent"):
        # Only an event ends so. A call may be about a resource of another account; and whatever is in an
        # event, it is no failure of a remediation.
        outcome, error = Outcome.REJECTED, ""
    made = _made(task, entry["resource"], decision) if failure and decision and decision.apply else None
    if made and decision and failure:
        decision = decision.model_copy(update={"changes": made.changes})
        if made.complete:
            outcome, error, reason = decision.outcome, "", f"{_summary(decision)}. {_cut_off(task, failure)}"
            failure = None
        else:
            reason += _told(task, made)
    plain = decision.model_dump(mode="json") if decision else {}
    verdicts = plain.get("verdicts", [])
    if resolved and resolved.run and resolved.run.approval:
        # The approval has let them act in this execution; what the settings say is still approve.
        for verdict in verdicts:
            if verdict["policy"] in resolved.run.approval.policies:
                verdict["mode"] = Mode.APPROVE.value
    return {
        **entry,
        **_undo(resolved.run if resolved else None),
        "outcome": outcome,
        "error": error,
        "reason": reason,
        "rule": _rule(decision, failure),
        "plan": plain.get("plan", ""),
        "policies": [verdict["policy"] for verdict in verdicts],
        "verdicts": verdicts,
        "changes": plain.get("changes", []),
        "calls": made.operations if made else state.get("applied", {}).get("operations", []),
        "verified": dict(made.observed) if made else state.get("verified", {}).get("observed", {}),
    }


def _made(task: RecordTask, resource: str, decision: Decision) -> ReadBack:
    """What an execution has changed whose Apply or Verify has failed: as it was read back; where that has
    failed too, what Apply has made, or may have made as far as it has noted it."""
    if "read_back" in task.state:
        return ReadBack.model_validate(task.state["read_back"])
    if "applied" in task.state:
        operations = Applied.model_validate(task.state["applied"]).operations
        return ReadBack(observed={}, operations=operations, changes=decision.changes)
    intent = guards.read(resource).intent_of(task.execution.id)
    if intent is None:
        return ReadBack(observed={})
    return ReadBack(observed={}, operations=intent.operations, changes=intent.changes)


def _cut_off(task: RecordTask, failure: Failure) -> str:
    state = "Verify" if "applied" in task.state else "Apply"
    return f"{state} ended with {failure.Error}; a fresh read shows that every change is made."


def _told(task: RecordTask, made: ReadBack) -> str:
    """What the reason of a failure says of the changes that were made."""
    verified = [change for change in made.changes if change.setting in made.observed]
    others = [change for change in made.changes if change.setting not in made.observed]
    unread = "read_back" not in task.state and "applied" not in task.state
    not_verified = "May have been made, and could not be read back" if unread else "Made, but not verified"
    return "".join(
        f" {what}: {_listed(changes)}."
        for what, changes in (("Made and verified", verified), (not_verified, others))
        if changes
    )


def _as_applied(decision: Decision, applied: Applied) -> Decision:
    """The decision with the changes that were made in the end, if another execution has not made them all by
    the time that this one could, or they were not to be made any more."""
    if applied.instead:
        return applied.instead
    if not applied.settled_by:
        return decision.model_copy(update={"changes": applied.changes or decision.changes})
    reason = f"Another execution fixed it meanwhile: {applied.settled_by}. This one changed nothing."
    return decision.model_copy(
        update={"outcome": Outcome.COMPLIANT, "changes": (), "rule": "lock", "reason": reason}
    )


def _looked(task: RecordTask, entry: Mapping[str, Any]) -> dict[str, list[str]]:
    """What came of a look at a halted resource: the policies that go on, as what they want has lasted, and
    those that have tried once more."""
    resolved = task.state.get("resolved")
    run = Run.model_validate(resolved["run"]) if resolved and resolved.get("run") else None
    changed = {policy for change in entry["changes"] for policy in change["policies"]}
    compliant = {each["policy"] for each in entry["verdicts"] if each["status"] == Status.COMPLIANT}
    resumed, tried = [], []
    for policy, tries in (run.looking if run else {}).items():
        lasted = policy in compliant and policy not in changed
        noted = guards.looked(entry["resource"], policy, tries, lasted)
        if noted and lasted:
            resumed.append(policy)
        elif policy in changed:
            tried.append(policy)
    return {"resumed": resumed, "tried": tried}


def _first_limited(entry: Mapping[str, Any], what: str) -> bool:
    """Whether no message of this hour says that the account has reached that limit."""
    return guards.count(entry["resource"].partition("/")[0], f"{what}-told") == 1


def _unlock(task: RecordTask, entry: dict[str, Any]) -> list[str]:
    """Give back the resource's lock, if this execution has come so far as to take it; the policies that are
    halted because of what it changed."""
    if not task.state.get("decision", {}).get("apply"):
        return []
    # An undo is a person's, and takes no part in a fight.
    changes = [] if entry["undo"] else entry["changes"]
    changed_by = sorted({policy for change in changes for policy in change["policies"]})
    return guards.release(entry["resource"], task.execution.id, changed_by)


def _ask(task: RecordTask) -> None:
    """Start another execution for what has to be approved: this one had something else to do, or is one of a
    batch, which is not to wait for people."""
    decision, resolved = task.state.get("decision"), task.state.get("resolved")
    if not (decision and resolved and decision.get("pending")):
        return
    run = Run.model_validate(resolved["run"])
    start = StartInput(
        account=run.resource.account,
        region=run.resource.region,
        resource=run.resource.id,
        policies=tuple(decision["pending"]),
        mode=Mode.APPROVE,
        reason=run.reason,
        event=run.event,
        requester=run.requester or None,
    )
    # The same for the same execution, so that a second try starts nothing twice.
    digest = hashlib.sha256(task.execution.id.encode()).hexdigest()[:16]
    start_execution(task.execution.state_machine, f"{task.execution.name[:50]}-approve-{digest}", start)


_RULES = {
    "InvalidInput": "input",
    "AnotherPlace": "input",
    "UnexpectedEvent": "input",
    "UnknownAccount": "settings",
    "SettingsUnreadable": "settings",
    "PlanConflict": "policies",
    "Defect": "defect",
}
"""Error -> what decided that it ended so; of all the others it is the answer to a call."""


def _rule(decision: Decision | None, failure: Failure | None) -> str:
    """What decided how it ended, in a word where the decision names no rule."""
    if failure:
        return _RULES.get(failure.Error, "call")
    if decision is None:
        return "settings"
    broken = any(verdict.status is Status.BROKEN for verdict in decision.verdicts)
    return decision.rule or ("mode" if broken and not decision.changes else "policies")


def _undo(run: Run | None) -> dict[str, str]:
    """Of an undo: the execution that was undone, who wanted it, and until when it stays so."""
    if run is None or run.undo is None:
        return {}
    undo, approval = run.undo, run.approval
    return {
        "undo": undo.execution,
        "requester": run.requester,
        "approver": (approval.arn or approval.by) if approval else undo.approver,
        "exempt_until": undo.until,
    }


def _ending(
    decision: Decision | None, resolved: Resolved | None, failure: Failure | None
) -> tuple[Outcome, str, str]:
    """Outcome, error and reason."""
    if failure is not None:
        reason = _sentence(failure)
        if failure.Error == "ResourceGone":
            return Outcome.GONE, "", reason
        if failure.Error == "ChangedSincePlan":
            return Outcome.CHANGED_SINCE_PLAN, "", reason
        if failure.Error == "LimitReached":
            return Outcome.LIMITED, "", reason
        return Outcome.FAILED, failure.Error, reason
    # An approval that was not given is in `resolved`, after the decision that asked for it.
    if resolved is not None and resolved.outcome is not None:
        return resolved.outcome, "", resolved.reason
    if decision is not None:
        return decision.outcome, "", decision.reason or _summary(decision)
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
        return _listed(decision.changes)
    compliant = sum(v.status is Status.COMPLIANT for v in decision.verdicts)
    apply = sum(v.status is not Status.NOT_APPLICABLE for v in decision.verdicts)
    return f"Complies with {compliant} of {apply} policies that apply."


def _listed(changes: Sequence[Change]) -> str:
    return "; ".join(f"{c.setting}: {as_change(c.before, c.after)}" for c in changes)


def tell(task: Task, entry: dict[str, Any]) -> int:
    """Send the message and the event; how many of the two could not be sent.

    What was done is done and in the ledger, so that nothing that goes wrong here may fail the execution.
    """
    failed = 0
    ended = datetime.now(UTC)
    over = 0 if entry.get("halted") else _messages_over(entry)
    if over > 1:
        metrics.add("MessagesLeftOut", 1)
    for send in (_put_event,) if over > 1 else (_publish_last if over else _publish, _put_event):
        try:
            started = datetime.fromisoformat(task.execution.started)
            send(notification.notification(entry, task.resource_type, started, ended))
        except Exception as error:
            failed += 1
            what = str(error) if isinstance(error, RightstateError) else str(defect(error))
            logger.error("A notification could not be sent.", by=send.__name__, reason=what)
    return failed


def _messages_over(entry: Mapping[str, Any]) -> int:
    """How many messages about the account are over the limit of this hour. What cannot be counted is sent."""
    try:
        return limits.over(entry["resource"].partition("/")[0], "messages")
    except RightstateError as error:
        logger.error("A message could not be counted.", reason=str(error))
        return 0


def _publish_last(told: Notification) -> None:
    """Instead of a message, one about those that are left out."""
    channels.publish(
        Message(
            f"Rightstate: no more messages about {told.account} in this hour",
            f"There were {limits.limit('messages')} messages about account {told.account} in this "
            "hour, which is the limit. What follows is in the ledger and on the event bus, and is counted in "
            "the metric MessagesLeftOut. Messages about halts are still sent.\n\n"
            f"  rightstate history --deployed --account {told.account}\n\n"
            "Look what happens in the account. The hub's parameter MessagesPerHour is the limit.\n",
        )
    )


def _publish(told: Notification) -> None:
    channels.publish(
        Message(
            notification.subject(told),
            notification.as_message(told),
            {
                "outcome": told.outcome,
                "account": told.account,
                "resource_type": told.resource_type,
                "urgency": "high" if told.halted else "normal",
            },
        )
    )


def _put_event(told: Notification) -> None:
    channels.put_event(
        {
            "Source": notification.SOURCE,
            "DetailType": notification.DETAIL_TYPE,
            "Resources": [arn for arn in (told.execution, told.arn) if arn],
            "Detail": notification.as_detail(told),
        }
    )


def _count(task: RecordTask, entry: Mapping[str, Any], untold: int) -> None:
    metrics.add("Executions", 1, ResourceType=task.resource_type, Outcome=entry["outcome"])
    if entry["halted"]:
        metrics.add("Halts", len(entry["halted"]))
    if not _waited(task):
        took = int(entry["seconds"] * 1000)
        metrics.add("Duration", took, MetricUnit.Milliseconds, ResourceType=task.resource_type)
        if (lag := _lag(entry["event"], datetime.fromisoformat(entry["ended"]))) is not None:
            metrics.add("EventLag", lag, MetricUnit.Milliseconds)
    found = entry["outcome"] in (Outcome.REMEDIATED, Outcome.REPORTED)
    if found and _swept(task):
        metrics.add("MissedByEvents", 1)
    count_untold(untold)


def count_untold(untold: int) -> None:
    """Count what could not be sent."""
    if untold:
        metrics.add("NotificationsFailed", untold)


def _lag(event: Mapping[str, Any] | None, ended: datetime) -> int | None:
    """Milliseconds from the event to its end here; None where there is no event, or none with a time."""
    try:
        made = datetime.fromisoformat(event["time"]) if event else None
    except ValueError:
        return None
    if made is None or made.tzinfo is None:
        return None
    return max(0, int((ended - made).total_seconds() * 1000))


def _waited(task: RecordTask) -> bool:
    """Whether it has waited for a person or for infrastructure as code, which says nothing of our pace."""
    run = Resolved.model_validate(task.state["resolved"]).run if "resolved" in task.state else None
    asked = task.state.get("decision", {}).get("ask")
    return bool(asked or (run and (run.approval or (run.event and exemptions.delays(run.managed)))))


def _swept(task: RecordTask) -> bool:
    """Whether a sweep has come to the resource, and no event."""
    run = Resolved.model_validate(task.state["resolved"]).run if "resolved" in task.state else None
    return bool(run and run.sweep)
