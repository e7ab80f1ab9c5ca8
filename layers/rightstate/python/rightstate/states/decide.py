"""Decide: what to change, and what a person has to approve first."""

import os
from datetime import datetime, timedelta
from typing import Any

from rightstate.accounts import exemptions
from rightstate.catalogue import load
from rightstate.clock import now, written
from rightstate.deciding import planner, undoing
from rightstate.guarding import guards
from rightstate.models.decision import Decision, Outcome, Status, Undo
from rightstate.models.tasks import DecideTask, Run
from rightstate.policy import Mode
from rightstate.resource_type import Observed, ResourceType
from rightstate.states.reading import excuses_of, expired_approval

SECONDS_PER_HOUR = 3600


def decide(task: DecideTask) -> Decision:
    """Decide on what was described. An approved plan is carried out only as it was approved. Raises
    PlanConflict.

    If infrastructure as code manages the resource and the account's settings delay changes, the decision
    waits for that time.
    """
    resource_type, run = load(task.resource_type), task.run
    observed, until = task.described.observed, _delayed_until(task)
    if run.approval and (over := expired_approval(run)):
        return Decision(
            apply=False,
            outcome=Outcome.DENIED,
            rule=f"approval {run.approval.id}",
            reason=f"{over} Nothing was changed.",
        )
    if run.undo:
        undone = undoing.decide(resource_type, run.resource, run.undo, observed)
        return _undo_to_approve(run, run.undo, resource_type, undone, observed)
    if until and now() < until:
        every = {**task.described.excuses, **run.excuses}
        decision = planner.decide(resource_type, run.resource, run.policies, observed, every)
        if any(each.status is Status.MANAGED and each.mode is not Mode.REPORT for each in decision.verdicts):
            return decision.model_copy(
                update={"apply": False, "changes": (), "calls": (), "wait": True, "wait_until": until}
            )
    excuses = excuses_of(task)
    if run.approved:
        decision = planner.decide_as_approved(
            resource_type, run.resource, run.policies, observed, run.approved, excuses
        )
    else:
        decision = planner.decide(resource_type, run.resource, run.policies, observed, excuses)
    plan = planner.fingerprint_of(resource_type, observed, decision)
    return _to_approve(task, resource_type, decision.model_copy(update={"plan": plan}))


def _to_approve(task: DecideTask, resource_type: ResourceType, decision: Decision) -> Decision:
    """The decision with what has to be approved first: changes of policies in mode `approve`.

    The changes of other policies are made at once. Another execution asks for the approval after that, or
    where this one is of a batch, which does not wait for people.
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
    wanted = planner.decide(resource_type, run.resource, lifted, observed, excuses_of(task))
    # Of the decision as it will be with the approval, which is what the request shows.
    decision = decision.model_copy(update={"plan": planner.fingerprint_of(resource_type, observed, wanted)})
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
    """How it ends if a request for the same plan waits already, or was denied lately. Empty if neither."""
    if not (run.asked and run.asked.plan == decision.plan and now() < run.asked.until):
        return {}
    outcome, reason = guards.about(run.asked, undo=run.undo is not None)
    return {"apply": False, "outcome": outcome, "reason": reason, "rule": f"approval {run.asked.id}"}


def _undo_to_approve(
    run: Run, undo: Undo, resource_type: ResourceType, decision: Decision, observed: Observed
) -> Decision:
    """The decision of an undo, with what has to be approved first: it breaks policies in mode `approve`.

    Once approved, it is exactly the approved decision, or nothing is changed.
    """
    if run.approval:
        plan = planner.fingerprint_of(resource_type, observed, decision)
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
    plan = planner.fingerprint_of(resource_type, observed, decision)
    decision = decision.model_copy(update={"plan": plan})
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


def _delayed_until(task: DecideTask) -> str:
    """The time from which a delayed resource may be changed. Empty for at once."""
    managed = task.run.managed
    # Where no event has started it, as in a sweep, nobody is at work on the resource.
    if managed is None or not exemptions.delays(managed) or task.run.event is None:
        return ""
    started = datetime.fromisoformat(task.execution.started)
    return written(started + timedelta(minutes=managed.delay_minutes))
