"""Apply: make the calls of the decision, in order, if the decision still holds.

The function may be killed at any point. So it notes in the resource's guard what it may write before it makes
the first call. A later try, Read back and Record death read that note.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from rightstate.aws.errors import named_errors
from rightstate.catalogue import load
from rightstate.deciding import planner, undoing
from rightstate.errors import (
    ChangedSincePlan,
    Interrupted,
    LimitReached,
    NotReady,
    NotVerified,
    RightstateError,
    Unavailable,
)
from rightstate.guarding import guards, limits
from rightstate.guarding.guards import Guard
from rightstate.models.decision import Decision, Intent, Outcome, Undo, Written
from rightstate.models.tasks import Applied, ApplyTask
from rightstate.resource_type import Call, Change, Observed, ResourceType
from rightstate.states import resolve
from rightstate.states.approved import other_than_approved
from rightstate.states.reading import (
    excuses_of,
    expired_approval,
    read,
    resource_key,
    session_of,
    settings_read_for,
    shown_changes,
    writing_phase,
)


@dataclass(frozen=True)
class Work:
    """What is left to do. `earlier` is what earlier tries have written; `intent` covers both."""

    decision: Decision
    earlier: Intent
    intent: Intent

    @property
    def nothing_written(self) -> bool:
        """Whether neither this try nor an earlier one writes anything."""
        return not self.decision.calls and not self.earlier.changes


def apply(task: ApplyTask) -> Applied:
    """Make the calls of the decision, in order. An error says which calls were made before it.

    Decides again, on a fresh read, where the decision may be out of date: on a retry, after another execution
    has changed the resource, or after a policy was switched off, exempted or halted. Changes that are already
    made are not made again, and a setting that became stronger is left alone.

    Raises Locked while another execution applies, LimitReached, NotReady, ChangedSincePlan, Interrupted,
    NotVerified, and what the calls are answered with.
    """
    resource_type = load(task.resource_type)
    planned = _as_planned(task)
    guard = guards.acquire(resource_key(task), task.execution.id, None if task.retries else planned.intent)
    current = _with_current_settings(task, resource_type)

    if _out_of_date(task, current, guard):
        observed = _read_again(task, resource_type)
        work = _decided_again(current, resource_type, observed, guard)
        if work.nothing_written:
            return _nothing_to_do(current, work.decision, guard)
        if work.decision.calls:
            guards.intend(resource_key(task), work.intent)
    else:
        work = planned

    if guard.owner != task.execution.id and not task.retries:
        _count_as_change(current, work.intent)
    _make_calls(current, resource_type, work)
    # What the decision says already is not said again: an execution's state is limited.
    others = () if work.intent.changes == task.decision.changes else work.intent.changes
    return Applied(operations=work.intent.operations, changes=others)


def _as_planned(task: ApplyTask) -> Work:
    """The decision as it was made, before anything is written."""
    calls = _noted_calls(task.decision)
    intent = Intent(
        execution=task.execution.id,
        changes=task.decision.changes,
        calls=calls,
        read_at=task.described.read_at,
    )
    return Work(task.decision, _nothing(task), intent)


def _with_current_settings(task: ApplyTask, resource_type: ResourceType) -> ApplyTask:
    """The task with the policies and excuses of now. An undo depends on neither."""
    if task.run.undo:
        return task
    return task.model_copy(update={"run": resolve.still(task.run, resource_type)})


def _out_of_date(task: ApplyTask, current: ApplyTask, guard: Guard) -> bool:
    """Whether the decision may no longer fit the resource or the settings."""
    me = task.execution.id
    reconfigured = (current.run.policies, current.run.excuses) != (task.run.policies, task.run.excuses)
    changed_by_another = guard.changed_since(task.described.read_at, me)
    tried_before = bool(task.retries) or guard.owner == me
    return tried_before or changed_by_another or reconfigured


def _read_again(task: ApplyTask, resource_type: ResourceType) -> Observed:
    # The function that applies may assume only the role that writes, which may read too.
    observed = read(task, resource_type, settings_read_for(task, resource_type), writing_phase(task))
    if busy := resource_type.busy(observed):
        raise NotReady(f"{busy} It is looked at again before anything is changed.")
    return observed


def _decided_again(task: ApplyTask, resource_type: ResourceType, observed: Observed, guard: Guard) -> Work:
    """What is left to do, decided on the fresh read."""
    noted = guard.intent_of(task.execution.id) or _nothing(task)
    earlier = shown_changes(noted, observed)
    made, not_shown = earlier.changes, _not_shown(noted)
    if undo := task.run.undo:
        decision = _undo_again(task, undo, resource_type, observed, made, not_shown)
    else:
        decision = _remediate_again(task, resource_type, observed, made, not_shown)
    intent = Intent(
        execution=task.execution.id,
        changes=_from_first_to_last(earlier.changes, decision.changes),
        calls=(*earlier.calls, *_noted_calls(decision)),
    )
    return Work(decision, earlier, intent)


def _nothing_to_do(task: ApplyTask, decision: Decision, guard: Guard) -> Applied:
    """How it ends without a call: another execution has made the change, or it is no longer wanted."""
    changed_by_another = guard.changed_since(task.described.read_at, task.execution.id)
    if changed_by_another and decision.outcome in (Outcome.COMPLIANT, Outcome.UNDONE):
        return Applied(operations=(), settled_by=guard.released_by or guard.owner)
    return Applied(operations=(), instead=decision)


def _count_as_change(task: ApplyTask, intent: Intent) -> None:
    """Count this execution among the account's changes of this hour. Raises LimitReached.

    What a person asked for, as an undo, an approved change or a batch, does not count.
    """
    run, account = task.run, task.run.resource.account
    if run.undo or run.approval or run.batch or not limits.over(account, "changes"):
        return
    # Nothing is written, so the guard must not say that something may be.
    guards.intend(resource_key(task), intent.of(()))
    raise LimitReached(
        f"Account {account} has had {limits.limit('changes')} changes in this hour, which is the limit. "
        "Nothing was changed. The next event or sweep looks at the resource again."
    )


def _make_calls(task: ApplyTask, resource_type: ResourceType, work: Work) -> None:
    """Make the calls of the decision, in order. An error says which calls were made before it."""
    session = session_of(task, writing_phase(task))
    made: list[Call] = []
    for call in work.decision.calls:
        concerned = [change for change in work.decision.changes if change.setting in call.settings]
        try:
            with named_errors(gone=resource_type.gone, busy=resource_type.busy_errors):
                resource_type.apply(session.client, task.run.resource, call, concerned)
        except RightstateError as error:
            _note_failure(task, work, made, call, error)
            so_far = _so_far([each.operation for each in made], task, error)
            raise type(error)(f"{call.operation} failed. {error} {so_far}") from None
        made.append(call)


def _note_failure(
    task: ApplyTask, work: Work, made: Sequence[Call], failed: Call, error: RightstateError
) -> None:
    """Note in the guard what may be written after a call has failed."""
    # A call that AWS has refused wrote nothing. A call without an answer may have written.
    written = [*made, failed] if isinstance(error, Unavailable) else made
    settings = {setting for each in written for setting in each.settings}
    settings |= {change.setting for change in work.earlier.changes}
    complete = all(change.setting in settings for change in work.intent.changes)
    # If this cannot be noted, the earlier note still holds.
    with suppress(RightstateError):
        guards.intend(resource_key(task), work.intent.of(settings, complete))


def _so_far(made: list[str], task: ApplyTask, error: RightstateError) -> str:
    """What has been changed when a call fails, as far as one try can know."""
    if made:
        return f"Changed before that: {', '.join(made)}."
    if task.retries:
        return "This try changed nothing. An earlier try may have."
    if isinstance(error, Unavailable):
        return "Whether it took effect is not known."
    return "Nothing was changed."


# --- Deciding again ---


def _remediate_again(
    task: ApplyTask,
    resource_type: ResourceType,
    observed: Observed,
    earlier: Sequence[Change],
    not_shown: str,
) -> Decision:
    """The decision on the fresh read. `earlier` are the changes that are made already; without any,
    `not_shown` says what is known of earlier tries.

    Raises NotReady while a change has to wait; ChangedSincePlan where the approved change is no longer
    possible, and Interrupted where some of it is made by then.
    """
    run = task.run
    decision = planner.decide(resource_type, run.resource, run.policies, observed, excuses_of(task))
    missing = {c.setting for c in task.decision.changes if not c.want.holds(observed.get(c.setting))}
    left = sorted(missing - {change.setting for change in decision.changes})
    differs = expired_approval(run)
    if run.approved and not differs:
        differs = other_than_approved(task.decision, decision, left)
    if differs:
        raise _stopped(differs, earlier, not_shown)
    if not run.policies:
        why = "Its policies were switched off while it waited."
        return Decision(apply=False, outcome=Outcome.OFF, reason=f"{why} {not_shown}", rule="settings")
    if held := [setting for setting in left if setting in resource_type.held(observed)]:
        reasons = (verdict.reason for verdict in decision.verdicts if verdict.reason)
        raise NotReady(f"{next(reasons, decision.reason)} Not written meanwhile: {', '.join(held)}.")
    return decision


def _undo_again(
    task: ApplyTask,
    undo: Undo,
    resource_type: ResourceType,
    observed: Observed,
    earlier: Sequence[Change],
    not_shown: str,
) -> Decision:
    """What is left of an undo.

    An approved undo whose approval has expired, or of which another call has changed a setting, is not made.
    Raises ChangedSincePlan then, or Interrupted where some of it is made by then.
    """
    if expired := expired_approval(task.run):
        raise _stopped(expired, earlier, not_shown)
    try:
        return undoing.decide_again(resource_type, task.run.resource, undo, observed)
    except (NotVerified, Interrupted) as error:
        if task.run.approval and not earlier:
            raise ChangedSincePlan(f"{error} {not_shown}") from None
        raise


def _stopped(why: str, earlier: Sequence[Change], not_shown: str) -> RightstateError:
    if earlier:
        return Interrupted(f"{why} Changed before that: {', '.join(each.setting for each in earlier)}.")
    return ChangedSincePlan(f"{why} {not_shown}")


# --- What is noted ---


def _nothing(task: ApplyTask) -> Intent:
    return Intent(execution=task.execution.id, changes=(), calls=())


def _noted_calls(decision: Decision) -> tuple[Written, ...]:
    return tuple(Written(operation=call.operation, settings=call.settings) for call in decision.calls)


def _not_shown(noted: Intent) -> str:
    """What to say where a fresh read shows none of the changes that earlier tries may have made."""
    if not noted.changes:
        return "Nothing was changed."
    settings = ", ".join(change.setting for change in noted.changes)
    return f"An earlier try may have changed {settings}, but a fresh read does not show it."


def _from_first_to_last(earlier: Sequence[Change], changes: Sequence[Change]) -> tuple[Change, ...]:
    """The changes of several tries: from the value that the first try found to the value that the last one
    writes."""
    first = {change.setting: change.before for change in earlier}
    last = {change.setting for change in changes}
    return (
        *(change for change in earlier if change.setting not in last),
        *(
            change.model_copy(update={"before": first[change.setting]}) if change.setting in first else change
            for change in changes
        ),
    )
