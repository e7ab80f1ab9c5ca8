"""Assume role, describe, decide, apply and verify: what the states between the first and the last do."""

import json

from rightstate import planner
from rightstate.aws_errors import named_errors
from rightstate.catalogue import load
from rightstate.errors import NotReady, NotVerified, RightstateError, Unavailable
from rightstate.models import (
    Account,
    Applied,
    ApplyTask,
    DecideTask,
    Decision,
    Described,
    Identity,
    RunTask,
    Verified,
)
from rightstate.planner import may_change, settings_to_read
from rightstate.resource_type import Observed, ResourceType
from rightstate.sessions import Phase, Session, open_session


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
    observed = _read(task, resource_type, settings_to_read(resource_type, task.run.policies))
    busy = resource_type.busy(observed)
    if busy and may_change(task.run.policies):
        raise NotReady(f"{busy} Nothing was changed yet; it is looked at again.")
    return Described(observed=observed)


def decide(task: DecideTask) -> Decision:
    """Decide on what was described; where a plan was approved, only as it was. Raises PlanConflict."""
    resource_type, run = load(task.resource_type), task.run
    if run.approved:
        return planner.decide_as_approved(
            resource_type, run.resource, run.policies, task.observed, run.approved
        )
    return planner.decide(resource_type, run.resource, run.policies, task.observed)


def apply(task: ApplyTask) -> Applied:
    """Make the calls of the decision, in order. An error says which were made before it.

    A second try may come much later, so it decides again on what it finds: what has been made by then is
    not made again, and what has become stronger or must not be written any more is left alone.
    """
    resource_type = load(task.resource_type)
    decision = _decided_again(task, resource_type) if task.retries else task.decision
    session = _session(task, Phase.APPLY)
    made: list[str] = []
    for call in decision.calls:
        concerned = [c for c in decision.changes if c.setting in call.settings]
        try:
            with named_errors(gone=resource_type.gone, busy=resource_type.busy_errors):
                resource_type.apply(session.client, task.run.resource, call, concerned)
        except RightstateError as error:
            raise type(error)(f"{call.operation} failed. {error} {_so_far(made, task, error)}") from None
        made.append(call.operation)
    return Applied(operations=tuple(made))


def _so_far(made: list[str], task: ApplyTask, error: RightstateError) -> str:
    """What has been changed when a call fails, as far as one try can know."""
    if made:
        return f"Changed before that: {', '.join(made)}."
    if task.retries:
        return "This try changed nothing; one before it may have."
    if isinstance(error, Unavailable):
        return "Whether it took effect is not known."
    return "Nothing was changed."


def _decided_again(task: ApplyTask, resource_type: ResourceType) -> Decision:
    run = task.run
    observed = _read(task, resource_type, settings_to_read(resource_type, run.policies))
    if busy := resource_type.busy(observed):
        raise NotReady(f"{busy} It is looked at again before anything is changed.")
    decision = planner.decide(resource_type, run.resource, run.policies, observed)
    if run.approved and (other := _not_in(task.decision, decision)):
        raise NotReady(f"Not as it was approved any more, and left alone: {', '.join(other)}.")
    missing = {c.setting for c in task.decision.changes if not c.want.holds(observed.get(c.setting))}
    if hindered := sorted(missing - {change.setting for change in decision.changes}):
        reasons = (verdict.reason for verdict in decision.verdicts if verdict.reason)
        raise NotReady(f"{next(reasons, decision.reason)} Not written meanwhile: {', '.join(hindered)}.")
    return decision


def _not_in(approved: Decision, decision: Decision) -> list[str]:
    """The settings that the decision would change otherwise than it was approved."""
    known = {(change.setting, json.dumps(change.after, default=list)) for change in approved.changes}
    return [
        change.setting
        for change in decision.changes
        if (change.setting, json.dumps(change.after, default=list)) not in known
    ]


def verify(task: ApplyTask) -> Verified:
    """Read again what was written.

    Raises NotReady while the resource is still at it, though it may show the change already; NotVerified
    where it shows another value.
    """
    resource_type = load(task.resource_type)
    changes = task.decision.changes
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


def _session(task: RunTask, phase: Phase) -> Session:
    run = task.run
    account = Account(account=run.resource.account, role_arn=run.role_arn, external_id=run.external_id)
    return open_session(account, load(task.resource_type), run.resource, phase, task.execution.name)


def _read(task: RunTask, resource_type: ResourceType, settings: frozenset[str]) -> Observed:
    session = _session(task, Phase.READ)
    with named_errors(gone=resource_type.gone, busy=resource_type.busy_errors):
        return resource_type.describe(session.client, task.run.resource, settings)
