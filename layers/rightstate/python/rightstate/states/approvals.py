"""Approvals: a plan waits for somebody else's word, which is looked up and never believed.

What comes back to the waiting state only wakes it. Everyone who has the task's token can send anything; an
approval is what an approver has written into the guards table under an identity that IAM has checked.
"""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

from pydantic import ValidationError

from rightstate import storage
from rightstate.accounts import exemptions
from rightstate.aws.errors import named_errors
from rightstate.catalogue import load
from rightstate.clock import now, written
from rightstate.errors import LimitReached
from rightstate.executions import metrics
from rightstate.guarding import guards, limits
from rightstate.models.approval import Answer, Approval, ApproversDecision, Asked, Choice, Requested
from rightstate.models.decision import Outcome
from rightstate.models.tasks import AskTask, CheckTask, Resolved, Run
from rightstate.states.record import count_untold, tell
from rightstate.storage.table import above, equals

REQUESTS = "approval"
"""The partition of the guards table that all requests are in."""

_KEPT = timedelta(days=30)
_DENIED_FOR = timedelta(days=7)


def request(task: AskTask) -> Requested:
    """Ask for the approval of the decision's changes: note it, and notify the people who can approve it.

    Raises AlreadyAsked where another execution waits for the same, or it was denied lately.
    """
    asked_at = datetime.now(UTC)
    until = asked_at + timedelta(seconds=task.decision.ask_seconds)
    run, decision = task.run, task.decision
    resource = named(task.resource_type, run)
    asked = Asked(
        id=request_id(task.execution.id),
        plan=decision.plan,
        execution=task.execution.id,
        until=written(until),
    )
    account = run.resource.account
    if limits.over(account, "requests"):
        raise LimitReached(
            f"Account {account} has had {limits.limit('requests')} requests for approval in this hour, which "
            "is the limit. Nobody was asked, and nothing was changed. The next event or sweep asks."
        )
    guards.ask(resource, asked)
    arn = load(task.resource_type).arn_of(run.resource)
    requested = Requested(
        id=asked.id,
        resource=resource,
        arn=None if "*" in arn else arn,
        execution=task.execution.id,
        plan=decision.plan,
        policies=tuple(sorted({policy for change in decision.changes for policy in change.policies})),
        changes=decision.changes,
        calls=decision.calls,
        why=run.reason,
        event=run.event,
        requester=run.requester or (run.event.principal_id if run.event else ""),
        requester_arn=run.event.principal if run.event else "",
        proven=_proven(run),
        approvers=run.approvers,
        undo=run.undo.execution if run.undo else "",
        asked_at=written(asked_at),
        until=asked.until,
        token=task.token,
    )
    _put({"id": REQUESTS, "what": asked.id, **requested.model_dump(exclude={"id"}, mode="json")}, until)
    _count_waiting()
    _tell(task, requested)
    # The token opens nothing by itself, but it has no business in the history a second time.
    return requested.model_copy(update={"token": ""})


def request_id(execution: str) -> str:
    """The request of an execution; it makes one at most."""
    return f"ap-{hashlib.sha256(execution.encode()).hexdigest()[:10]}"


def named(resource_type: str, run: Run) -> str:
    """account/region/type/id."""
    return f"{run.resource.account}/{run.resource.region}/{resource_type}/{run.resource.id}"


def check(task: CheckTask) -> Resolved:
    """The run with what was approved, or why it is not to be.

    Approved is what a person other than who caused it has approved: this request, of this execution, with
    this plan, before it expired. Everything else is denied.
    """
    requested = _requested(request_id(task.execution.id))
    resource = named(task.resource_type, task.run)
    if requested is None or requested.execution != task.execution.id:
        return _not_asked(task, guards.read(resource).asked)
    decision = _decision(task, requested)
    refusal = _refusal(task, requested, decision)
    by = decision.by if decision else ""
    if refusal or decision is None:
        _close(requested, Outcome.DENIED, decision)
        denied = by if decision and decision.choice is Choice.DENY else ""
        # Nobody's answer may be asked for again at once; somebody's no may not.
        until = written(datetime.now(UTC) + _DENIED_FOR) if denied else now()
        asked = Asked(
            id=requested.id, plan=requested.plan, execution=task.execution.id, until=until, denied=denied
        )
        guards.answered(resource, asked)
        return Resolved(
            proceed=False,
            outcome=Outcome.DENIED,
            reason=f"{refusal} Nothing was changed.",
            run=task.run,
            place=task.run.resource,
        )
    _close(requested, Outcome.REMEDIATED, decision)
    asked = Asked(
        id=requested.id,
        plan=requested.plan,
        execution=task.execution.id,
        # Until it is made, nobody is to be asked about it again.
        until=decision.not_after or now(),
        approved=by,
    )
    guards.answered(resource, asked)
    return Resolved(proceed=True, run=_approved(task.run, requested, decision), place=task.run.resource)


def abandon(resource: str, execution: str) -> None:
    """Close the request of an execution that has died: nobody need answer it, and another one may ask."""
    requested = _requested(request_id(execution))
    if requested is None or requested.execution != execution:
        return
    guards.forget(resource, execution)
    if not requested.outcome:
        _close(requested, Outcome.DIED, None)


def _approved(run: Run, requested: Requested, decision: ApproversDecision) -> Run:
    approval = Approval(
        id=requested.id,
        plan=requested.plan,
        policies=requested.policies,
        by=decision.by,
        arn=decision.arn,
        at=decision.at,
        reason=decision.reason,
        # A wait until a time that has passed is none.
        not_before=decision.not_before or decision.at,
        not_after=decision.not_after,
    )
    return run.approved_by(approval)


def _not_asked(task: CheckTask, asked: Asked | None) -> Resolved:
    """Another execution has asked before this one could."""
    outcome, reason = Outcome.AWAITING_APPROVAL, "The request for approval could not be made."
    if asked and asked.plan == task.decision.plan:
        outcome, reason = guards.about(asked, undo=task.run.undo is not None)
    return Resolved(
        proceed=False,
        outcome=outcome,
        reason=f"{reason} Nothing was changed.",
        run=task.run,
        place=task.run.resource,
    )


def _refusal(task: CheckTask, requested: Requested, decision: ApproversDecision | None) -> str:
    """Why the answer is no approval; empty if it is one."""
    if decision is None:
        if "decided_by" in task.answer:
            return f"No approver's decision is behind the answer to {requested.id}: it counts for nothing."
        return f"Nobody approved {requested.id} before {requested.until}."
    if (decision.request, decision.execution) != (requested.id, task.execution.id):
        return f"The decision of {decision.by} is about another request than {requested.id}."
    if decision.plan != requested.plan or requested.plan != task.decision.plan:
        return f"The decision of {decision.by} is about another plan than that of {requested.id}."
    if now() > requested.until:
        return f"{requested.id} expired at {requested.until}, before {decision.by} decided."
    if decision.choice is Choice.DENY:
        return f"{decision.by} denied {requested.id}{f': {decision.reason}' if decision.reason else ''}."
    if same_person(requested, decision.by, decision.arn):
        return f"{decision.by} caused the change, and so cannot approve {requested.id}."
    if not _proven(task.run) and not listed(task.run.approvers, decision.by):
        return not_listed(requested, decision.by)
    return ""


def _proven(run: Run) -> bool:
    """Whether it is known who caused it: of an event the caller, as CloudTrail recorded it.

    What an input that is written by hand says of its requester proves nothing.
    """
    return bool(run.event and (run.event.principal_id or run.event.principal))


def listed(approvers: Iterable[str], by: str) -> bool:
    """Whether that aws:userid is one of the account's approvers."""
    return any(fnmatchcase(by, exemptions.literal(pattern)) for pattern in approvers)


def not_listed(requested: Requested, by: str) -> str:
    """Why somebody who is not one of the account's approvers cannot approve it."""
    account = requested.resource.partition("/")[0]
    return (
        f"Who caused {requested.id} is not proven, and {by} is not one of the account's approvers, who alone "
        f"can approve it then. `rightstate accounts set {account} --approver AWS-USERID` names them."
    )


def same_person(requested: Requested, by: str, arn: str) -> bool:
    """Whether who approves is who caused it: the same principal, or the same session or user name, which
    single sign-on gives a person in every role."""
    theirs = {requested.requester, requested.requester_arn} - {""}
    ours = {by, arn} - {""}
    return bool(theirs & ours) or bool({_name(each) for each in theirs} & {_name(each) for each in ours})


def _name(principal: str) -> str:
    """AROAEXAMPLE:ana, arn:aws:sts::1:assumed-role/admin/ana, arn:aws:iam::1:user/ana -> ana."""
    return principal.replace(":", "/").rsplit("/", 1)[-1]


def _requested(request: str) -> Requested | None:
    item = _get(REQUESTS, request)
    return Requested.model_validate(guards.known(item, Requested) | {"id": request}) if item else None


def _decision(task: CheckTask, requested: Requested) -> ApproversDecision | None:
    """The decision that the answer points to."""
    try:
        by = Answer.model_validate(task.answer).decided_by
        item = _get(by, requested.id)
        return (
            ApproversDecision.model_validate(guards.known(item, ApproversDecision) | {"by": by})
            if item
            else None
        )
    except ValidationError:
        return None


def _get(key: str, what: str) -> dict[str, Any] | None:
    with named_errors():
        return storage.guards().get({"id": key, "what": what})


def _put(item: dict[str, Any], until: datetime) -> None:
    with named_errors():
        storage.guards().put({**item, "expires": int((until + _KEPT).timestamp())})


def _close(requested: Requested, outcome: Outcome, decision: ApproversDecision | None) -> None:
    """Take the request from the list of those that wait, and its token out of the table."""
    by, arn = (decision.by, decision.arn) if decision else ("", "")
    closed = requested.model_copy(
        update={"outcome": outcome.value, "decided_by": by, "decided_by_arn": arn, "token": ""}
    )
    item = {"id": REQUESTS, "what": requested.id, **closed.model_dump(exclude={"id"}, mode="json")}
    _put(item, datetime.fromisoformat(requested.until))
    _count_waiting()


def _count_waiting() -> None:
    """Emit how many requests nobody has answered yet. The metric of executions has only those that ended."""
    waiting = storage.guards().query(REQUESTS, where=[[equals("outcome", "")], [above("until", now())]])
    with named_errors():
        metrics.add("WaitingApprovals", sum(1 for _ in waiting))


def _by_whom(requested: Requested) -> str:
    if requested.proven:
        return ""
    if not requested.approvers:
        account = requested.resource.partition("/")[0]
        return (
            " Nobody can approve it: who caused it is not proven, and the account has no approvers. "
            f"`rightstate accounts set {account} --approver AWS-USERID` names them."
        )
    names = ", ".join(requested.approvers)
    return f" Who caused it is not proven, so that one of the account's approvers has to approve it: {names}."


def _tell(task: AskTask, requested: Requested) -> None:
    entry = {
        "resource": requested.resource,
        "arn": requested.arn,
        "execution": requested.execution,
        "outcome": Outcome.AWAITING_APPROVAL,
        "error": "",
        "reason": f"Waits for approval {requested.id} until {requested.until}.{_by_whom(requested)}",
        **({"undo": requested.undo, "requester": requested.requester} if requested.undo else {}),
        "why": requested.why,
        "event": requested.event.model_dump(mode="json") if requested.event else None,
        "verdicts": [verdict.model_dump(mode="json") for verdict in task.decision.verdicts],
        "changes": [change.model_dump(mode="json") for change in requested.changes],
        "calls": [],
        "verified": {},
        "approval": requested.id,
    }
    count_untold(tell(task, entry))
