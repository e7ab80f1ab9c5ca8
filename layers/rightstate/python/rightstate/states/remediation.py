"""Assume role, describe, decide, apply and verify: what the states between the first and the last do."""

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from rightstate import guards, limits
from rightstate.aws.errors import named_errors
from rightstate.aws.sessions import Phase, Session, open_session
from rightstate.catalogue import load
from rightstate.clock import now, written
from rightstate.deciding import exemptions, planner, undoing
from rightstate.deciding.exemptions import Excuses
from rightstate.deciding.planner import may_change, settings_to_read
from rightstate.errors import (
    ChangedSincePlan,
    Interrupted,
    LimitReached,
    NotReady,
    NotVerified,
    RightstateError,
    Unavailable,
)
from rightstate.models.decision import Decision, Intent, Outcome, Status, Undo, Written
from rightstate.models.settings import Account
from rightstate.models.tasks import (
    Applied,
    ApplyTask,
    DecideTask,
    Described,
    Identity,
    ReadBack,
    ReadBackTask,
    Run,
    RunTask,
    Verified,
    VerifyTask,
)
from rightstate.policy import Mode
from rightstate.resource_type import Call, Change, Observed, ResourceType, Tags
from rightstate.states import resolve

SECONDS_PER_HOUR = 3600


def assume_role(task: RunTask) -> Identity:
    """Prove that the member's role can be assumed and is the account's. Raises RoleNotAssumed,
    WrongAccount."""
    return _session(task, Phase.READ).identity


def describe(task: RunTask) -> Described:
    """Read the settings that the enabled policies need.

    Raises ResourceGone, and NotReady where the resource is busy and some policy may change it: what a
    busy resource shows is not yet what it will be.
    """
    resource_type = load(task.resource_type)
    read_at = now()
    observed = _read(task, resource_type, _settings(task, resource_type))
    check_ready(task.run, resource_type, observed)
    excuses = exemptions.of_run(task.run, resource_type, _tags(task, resource_type), read_at)
    return Described(observed=observed, read_at=read_at, excuses=excuses)


def check_ready(run: Run, resource_type: ResourceType, observed: Observed) -> None:
    """Raise NotReady where the resource is busy and some policy may change it."""
    busy = resource_type.busy(observed)
    changing = {name: each for name, each in run.policies.items() if name not in run.excuses}
    if busy and (run.undo or may_change(changing)):
        raise NotReady(f"{busy} Nothing was changed yet; it is looked at again.")


def decide(task: DecideTask) -> Decision:
    """Decide on what was described; where a plan was approved, only as it was. Raises PlanConflict.

    What infrastructure as code manages, and the account's settings delay, is decided on once the time is up.
    """
    resource_type, run = load(task.resource_type), task.run
    observed, until = task.described.observed, _delayed_until(task)
    if run.approval and (over := _over(run)):
        return Decision(
            apply=False,
            outcome=Outcome.DENIED,
            rule=f"approval {run.approval.id}",
            reason=f"{over} Nothing was changed.",
        )
    if run.undo:
        return _undo_to_approve(
            run, run.undo, undoing.decide(resource_type, run.resource, run.undo, observed), observed
        )
    if until and now() < until:
        every = {**task.described.excuses, **run.excuses}
        decision = planner.decide(resource_type, run.resource, run.policies, observed, every)
        if any(each.status is Status.MANAGED and each.mode is not Mode.REPORT for each in decision.verdicts):
            return decision.model_copy(
                update={"apply": False, "changes": (), "calls": (), "wait": True, "wait_until": until}
            )
    excuses = _excuses(task)
    if run.approved:
        decision = planner.decide_as_approved(
            resource_type, run.resource, run.policies, observed, run.approved, excuses
        )
    else:
        decision = planner.decide(resource_type, run.resource, run.policies, observed, excuses)
    plan = planner.fingerprint_of(observed, decision)
    return _to_approve(task, resource_type, decision.model_copy(update={"plan": plan}))


def _over(run: Run) -> str:
    """Why an approval holds no longer; empty while it does."""
    if run.approval and run.approval.not_after and now() > run.approval.not_after:
        return f"Approved until {run.approval.not_after} only, which has passed."
    return ""


def _to_approve(task: DecideTask, resource_type: ResourceType, decision: Decision) -> Decision:
    """The decision with what has to be approved first: changes of policies in mode `approve`.

    What other policies want is done at once. Its changes made, or in a batch, which is not to wait for
    people, another execution asks.
    """
    run = task.run
    asking = tuple(
        verdict.policy
        for verdict in decision.verdicts
        if verdict.status is Status.BROKEN and verdict.mode is Mode.APPROVE
    )
    if not asking or decision.outcome is Outcome.CHANGED_SINCE_PLAN:
        return decision
    if decision.apply:
        return decision.model_copy(update={"pending": asking})
    lifted = {
        name: configured.model_copy(update={"mode": Mode.AUTO}) if name in asking else configured
        for name, configured in run.policies.items()
    }
    observed = task.described.observed
    wanted = planner.decide(resource_type, run.resource, lifted, observed, _excuses(task))
    # Of the decision as it will be with the approval, which is what the request shows.
    decision = decision.model_copy(update={"plan": planner.fingerprint_of(observed, wanted)})
    if asked_before := _asked_before(run, decision):
        return decision.model_copy(update=asked_before)
    asked = {
        "outcome": Outcome.AWAITING_APPROVAL,
        "reason": "Its change waits for an approval, which another execution asks for.",
        "rule": "mode approve",
    }
    if run.batch:
        return decision.model_copy(update={**asked, "pending": asking})
    changes = {"changes": wanted.changes, "calls": wanted.calls}
    return decision.model_copy(update={**asked, **_asking(), **changes})


def _asking() -> dict[str, Any]:
    return {"ask": True, "ask_seconds": SECONDS_PER_HOUR * int(os.environ["APPROVAL_HOURS"])}


def _asked_before(run: Run, decision: Decision) -> dict[str, Any]:
    """How it ends where somebody is asked about the same plan already, or has denied it lately; empty where
    not."""
    if not (run.asked and run.asked.plan == decision.plan and now() < run.asked.until):
        return {}
    outcome, reason = guards.about(run.asked, undo=run.undo is not None)
    return {"apply": False, "outcome": outcome, "reason": reason, "rule": f"approval {run.asked.id}"}


def _undo_to_approve(run: Run, undo: Undo, decision: Decision, observed: Observed) -> Decision:
    """The decision of an undo, with what has to be approved first: it breaks policies in mode `approve`.

    Once approved, it is the decision that was approved or none.
    """
    if run.approval:
        plan = planner.fingerprint_of(observed, decision)
        if decision.apply and plan == run.approval.plan:
            return decision.model_copy(update={"plan": plan})
        why = (
            "What was read is not as it was when the undo was approved."
            if decision.apply
            else decision.reason
        )
        return Decision(
            apply=False,
            outcome=Outcome.CHANGED_SINCE_PLAN,
            rule=f"approval {run.approval.id}",
            reason=why if "Nothing was changed." in why else f"{why} Nothing was changed.",
        )
    if not (decision.apply and undo.asking):
        return decision
    decision = decision.model_copy(update={"plan": planner.fingerprint_of(observed, decision)})
    if asked_before := _asked_before(run, decision):
        return decision.model_copy(update={**asked_before, "changes": (), "calls": ()})
    return decision.model_copy(
        update={
            "apply": False,
            "outcome": Outcome.AWAITING_APPROVAL,
            "reason": f"The undo waits for an approval: it breaks {', '.join(undo.asking)}, in mode approve.",
            "rule": "mode approve",
            **_asking(),
        }
    )


def _excuses(task: DecideTask | ApplyTask) -> Excuses:
    """Those that count once nothing is waited for any more."""
    delayed = exemptions.delays(task.run.managed)
    read = {
        policy: excuse
        for policy, excuse in task.described.excuses.items()
        if not (delayed and excuse.kind == "managed")
    }
    return {**read, **task.run.excuses}


def _delayed_until(task: DecideTask) -> str:
    """When a resource that is to be looked at again later may be changed; empty for at once."""
    managed = task.run.managed
    # Where no event has started it, as in a sweep, nobody is at work on the resource.
    if managed is None or not exemptions.delays(managed) or task.run.event is None:
        return ""
    started = datetime.fromisoformat(task.execution.started)
    return written(started + timedelta(minutes=managed.delay_minutes))


def apply(task: ApplyTask) -> Applied:
    """Make the calls of the decision, in order. An error says which were made before it.

    What has been switched off, exempted or halted meanwhile is not done: the execution may have waited. A
    second try may come much later, so it decides again on what it finds: what has been made by then is not
    made again, and what has become stronger or must not be written any more is left alone. So it does where
    another execution may have changed the resource since it was read. Raises Locked while one does.

    What it may write is noted in the guard before the first call: the function may be killed at any point,
    and then another try, Read back or the record of its death go by that.
    """
    resource_type = load(task.resource_type)
    me = task.execution.id
    intent = _intent(me, task.decision).model_copy(update={"read_at": task.described.read_at})
    guard = guards.acquire(_named(task), me, None if task.retries else intent)
    run = task.run if task.run.undo else resolve.still(task.run, resource_type)
    otherwise = (run.policies, run.excuses) != (task.run.policies, task.run.excuses)
    overtaken = guard.changed_since(task.described.read_at, me)
    decision, before = task.decision, Intent(execution=me, changes=(), calls=())
    if task.retries or overtaken or otherwise or guard.owner == me:
        observed = _seen_again(task, resource_type)
        task = task.model_copy(update={"run": run})
        noted = guard.intent_of(me) or before
        # What an earlier try may have written, and is there.
        before = _shown(noted, observed)
        decision = _decided_again(task, resource_type, observed, before.changes, _unseen(noted))
        if not decision.calls and not before.changes:
            settled = overtaken and decision.outcome in (Outcome.COMPLIANT, Outcome.UNDONE)
            by = {"settled_by": guard.released_by or guard.owner} if settled else {"instead": decision}
            return Applied(operations=(), **by)
        intent = _intent(me, decision, before)
        if decision.calls:
            guards.intend(_named(task), intent)
    if guard.owner != me and not task.retries:
        try:
            _within_limit(task.run)
        except LimitReached:
            guards.intend(_named(task), intent.of(()))
            raise
    session = _session(task, _writing(task))
    made: list[Call] = []
    for call in decision.calls:
        concerned = [c for c in decision.changes if c.setting in call.settings]
        try:
            with named_errors(gone=resource_type.gone, busy=resource_type.busy_errors):
                resource_type.apply(session.client, task.run.resource, call, concerned)
        except RightstateError as error:
            # What AWS has refused is not written; of what it has not answered that is not known.
            written = [*made, call] if isinstance(error, Unavailable) else made
            settings = {setting for each in written for setting in each.settings}
            settings |= {change.setting for change in before.changes}
            # If it cannot be noted, what was noted before still holds.
            with suppress(RightstateError):
                whole = all(change.setting in settings for change in intent.changes)
                guards.intend(_named(task), intent.of(settings, whole))
            so_far = _so_far([each.operation for each in made], task, error)
            raise type(error)(f"{call.operation} failed. {error} {so_far}") from None
        made.append(call)
    return Applied(operations=intent.operations, changes=intent.changes)


def _intent(execution: str, decision: Decision, before: Intent | None = None) -> Intent:
    """What is written with the calls of the decision, and was before."""
    calls = tuple(Written(operation=call.operation, settings=call.settings) for call in decision.calls)
    if before is None:
        return Intent(execution=execution, changes=decision.changes, calls=calls)
    changes = _both(before.changes, decision.changes)
    return Intent(execution=execution, changes=changes, calls=(*before.calls, *calls))


def _unseen(noted: Intent) -> str:
    """What to say where a fresh read shows none of the changes that earlier tries may have made."""
    if not noted.changes:
        return "Nothing was changed."
    settings = ", ".join(change.setting for change in noted.changes)
    return f"A try before this one may have changed {settings}, which a fresh read does not show."


def _shown(intent: Intent, observed: Observed) -> Intent:
    """What of it the fresh read shows."""
    return intent.of({c.setting for c in intent.changes if c.want.holds(observed.get(c.setting))})


def _within_limit(run: Run) -> None:
    """Raise LimitReached where the account has had as many changes in this hour as it may.

    What a person has asked for, as an undo, an approved change or a batch, does not count.
    """
    if run.undo or run.approval or run.batch:
        return
    account = run.resource.account
    if limits.over(account, "changes"):
        raise LimitReached(
            f"Account {account} has had {limits.limit('changes')} changes in this hour, which is the limit. "
            "Nothing was changed. The next event or sweep looks at the resource again."
        )


def _both(before: Sequence[Change], changes: Sequence[Change]) -> tuple[Change, ...]:
    """What several tries have changed: from what the first has found to what the last has written."""
    first = {change.setting: change.before for change in before}
    last = {change.setting for change in changes}
    return (
        *(change for change in before if change.setting not in last),
        *(
            change.model_copy(update={"before": first[change.setting]}) if change.setting in first else change
            for change in changes
        ),
    )


def _so_far(made: list[str], task: ApplyTask, error: RightstateError) -> str:
    """What has been changed when a call fails, as far as one try can know."""
    if made:
        return f"Changed before that: {', '.join(made)}."
    if task.retries:
        return "This try changed nothing; one before it may have."
    if isinstance(error, Unavailable):
        return "Whether it took effect is not known."
    return "Nothing was changed."


def _seen_again(task: ApplyTask, resource_type: ResourceType) -> Observed:
    # The function that applies may assume the role that writes alone, which reads too.
    observed = _read(task, resource_type, _settings(task, resource_type), _writing(task))
    if busy := resource_type.busy(observed):
        raise NotReady(f"{busy} It is looked at again before anything is changed.")
    return observed


def _decided_again(
    task: ApplyTask, resource_type: ResourceType, observed: Observed, before: Sequence[Change], unseen: str
) -> Decision:
    """The decision on what is found now. `before` are the changes that are made already; without any,
    `unseen` says what is known of earlier tries.

    Raises NotReady while a change would be held; ChangedSincePlan where what was approved is not to be had
    any more, and Interrupted where some of it is made by then.
    """
    run = task.run
    if run.undo:
        return _undo_again(task, run.undo, resource_type, observed, before, unseen)
    decision = planner.decide(resource_type, run.resource, run.policies, observed, _excuses(task))
    missing = {c.setting for c in task.decision.changes if not c.want.holds(observed.get(c.setting))}
    left = sorted(missing - {change.setting for change in decision.changes})
    if why := _over(run) or (run.approved and _not_as_approved(task.decision, decision, left)):
        if before:
            done = ", ".join(each.setting for each in before)
            raise Interrupted(f"{why} Changed before that: {done}.")
        raise ChangedSincePlan(f"{why} {unseen}")
    if not run.policies:
        why = "Its policies were switched off while it waited."
        return Decision(apply=False, outcome=Outcome.OFF, reason=f"{why} {unseen}", rule="settings")
    if hindered := [setting for setting in left if setting in resource_type.held(observed)]:
        reasons = (verdict.reason for verdict in decision.verdicts if verdict.reason)
        raise NotReady(f"{next(reasons, decision.reason)} Not written meanwhile: {', '.join(hindered)}.")
    return decision


def _undo_again(
    task: ApplyTask,
    undo: Undo,
    resource_type: ResourceType,
    observed: Observed,
    before: Sequence[Change],
    unseen: str,
) -> Decision:
    """What is left of an undo. One that was approved, and of which nothing is made yet, is not made at all
    where something else has changed a setting, or its time is over."""
    if over := _over(task.run):
        if before:
            raise Interrupted(f"{over} Changed before that: {', '.join(each.setting for each in before)}.")
        raise ChangedSincePlan(f"{over} {unseen}")
    try:
        return undoing.decide_again(resource_type, task.run.resource, undo, observed)
    except (NotVerified, Interrupted) as error:
        if task.run.approval and not before:
            raise ChangedSincePlan(f"{error} {unseen}") from None
        raise


def _not_as_approved(approved: Decision, decision: Decision, left: Sequence[str]) -> str:
    """What is not as it was approved, in words; empty where all is. `left` would not be changed any more."""
    other = [*_not_in(approved, decision), *left]
    return f"Not as it was approved any more, and left alone: {', '.join(other)}." if other else ""


def _not_in(approved: Decision, decision: Decision) -> list[str]:
    """The settings that the decision would change otherwise than it was approved, be it from another value:
    who approved has not seen what that would take away."""
    known = set(map(_as_shown, approved.changes))
    return [change.setting for change in decision.changes if _as_shown(change) not in known]


def _as_shown(change: Change) -> tuple[str, str]:
    return change.setting, json.dumps([change.before, change.after], default=list)


def verify(task: VerifyTask) -> Verified:
    """Read again what was written.

    Raises NotReady while the resource is still at it, though it may show the change already; NotVerified
    where it shows another value.
    """
    resource_type = load(task.resource_type)
    if task.applied.instead:
        return Verified(observed={})
    if task.retries:
        guards.keep(_named(task), task.execution.id)
    changes = task.applied.changes or task.decision.changes
    wanted = frozenset({change.setting for change in changes} | set(resource_type.facts))
    observed = _read(task, resource_type, wanted)
    missing = [c.setting for c in changes if not c.want.holds(observed.get(c.setting))]
    busy = resource_type.busy(observed)
    if busy or set(missing) & set(resource_type.held(observed)):
        seen = f"Not yet seen: {', '.join(missing)}." if missing else "Every change is seen already."
        raise NotReady(f"{busy or 'The change is pending.'} {seen}")
    if not missing:
        return Verified(observed={c.setting: observed.get(c.setting) for c in changes})
    raise NotVerified(
        f"The change was made, but a fresh read does not show it: {', '.join(missing)}. Look whether "
        "something else sets it back, e.g. infrastructure as code."
    )


# Some of AWS's reads show a change late; there is no more to wait for where a call has failed.
_LATE_READS = 3


def read_back(task: ReadBackTask) -> ReadBack:
    """What the execution has changed, as far as a fresh read shows it, where Apply or Verify has failed.

    After Verify these are the changes that were made; after Apply those that are there of what it may have
    written. Raises NotReady while the resource may still be at them, and NotVerified while a later read may
    show them.
    """
    resource_type, applied = load(task.resource_type), task.applied
    guard = guards.keep(_named(task), task.execution.id)
    if applied:
        changes = () if applied.settled_by else applied.changes or task.decision.changes
        written = Intent(execution="", changes=changes, calls=())
    else:
        noted = guard.intent_of(task.execution.id) if guard else None
        written = noted or Intent(execution="", changes=(), calls=())
    if not written.changes:
        return ReadBack(observed={})
    wanted = frozenset({change.setting for change in written.changes} | set(resource_type.facts))
    observed = _read(task, resource_type, wanted)
    shown = _shown(written, observed)
    missing = [c.setting for c in written.changes if c not in shown.changes]
    busy = resource_type.busy(observed)
    if busy and applied:
        # It has been waited for; what it shows before it has settled proves nothing.
        shown, missing = written.of(()), [change.setting for change in written.changes]
    if not applied:
        if busy or set(missing) & set(resource_type.held(observed)):
            raise NotReady(f"{busy or 'A change is pending.'} What was written is read when it has settled.")
        if missing and task.retries < _LATE_READS:
            raise NotVerified(f"Not seen, or not yet: {', '.join(missing)}. It is read again.")
    return ReadBack(
        observed={c.setting: observed.get(c.setting) for c in shown.changes},
        changes=written.changes if applied else shown.changes,
        operations=applied.operations if applied else shown.operations,
        complete=written.whole and not missing,
    )


def _named(task: RunTask) -> str:
    """account/region/type/id, as the tables name the resource."""
    resource = task.run.resource
    return f"{resource.account}/{resource.region}/{task.resource_type}/{resource.id}"


def _settings(task: RunTask, resource_type: ResourceType) -> frozenset[str]:
    if task.run.undo:
        return undoing.settings_to_read(resource_type, task.run.undo)
    return settings_to_read(resource_type, task.run.policies)


def _writing(task: RunTask) -> Phase:
    return Phase.UNDO if task.run.undo else Phase.APPLY


def _session(task: RunTask, phase: Phase) -> Session:
    run = task.run
    account = Account(
        account=run.resource.account,
        role_arn=run.role_arn,
        read_role_arn=run.read_role_arn,
        external_id=run.external_id,
    )
    return open_session(account, load(task.resource_type), run.resource, phase, task.execution.name)


def _read(
    task: RunTask, resource_type: ResourceType, settings: frozenset[str], phase: Phase = Phase.READ
) -> Observed:
    session = _session(task, phase)
    with named_errors(gone=resource_type.gone, busy=resource_type.busy_errors):
        return resource_type.describe(session.client, task.run.resource, settings)


def _tags(task: RunTask, resource_type: ResourceType) -> Tags:
    """Read only where something depends on them."""
    if resource_type.tags is None or not exemptions.needs_tags(task.run):
        return {}
    session = _session(task, Phase.READ)
    with named_errors(gone=resource_type.gone, busy=resource_type.busy_errors):
        return resource_type.tags(session.client, task.run.resource)
