"""Verify and Read back: what a fresh read shows of the changes."""

from rightstate.catalogue import load
from rightstate.errors import NotReady, NotVerified
from rightstate.guarding import guards
from rightstate.models.decision import Intent
from rightstate.models.tasks import ReadBack, ReadBackTask, Verified, VerifyTask
from rightstate.states.reading import read, resource_key, shown_changes

# Some AWS reads show a change late. After a failed call, more reads than this show nothing new.
_LATE_READS = 3


def verify(task: VerifyTask) -> Verified:
    """Read again what was written.

    Raises NotReady while the change is in progress, even if the resource shows the new value already. Raises
    NotVerified where it shows another value.
    """
    resource_type = load(task.resource_type)
    if task.applied.instead:
        return Verified(observed={})
    if task.retries:
        guards.keep(resource_key(task), task.execution.id)
    changes = task.applied.changes or task.decision.changes
    wanted = frozenset({change.setting for change in changes} | set(resource_type.facts))
    observed = read(task, resource_type, wanted)
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


def read_back(task: ReadBackTask) -> ReadBack:
    """What the execution has changed, as far as a fresh read shows it, where Apply or Verify has failed.

    After Verify these are the changes that were made. After Apply these are the noted changes that a fresh
    read shows. Raises NotReady while changes may be in progress, and NotVerified while a later read may show
    them.
    """
    resource_type, applied = load(task.resource_type), task.applied
    guard = guards.keep(resource_key(task), task.execution.id)
    if applied:
        changes = () if applied.settled_by else applied.changes or task.decision.changes
        written = Intent(execution="", changes=changes, calls=())
    else:
        noted = guard.intent_of(task.execution.id) if guard else None
        written = noted or Intent(execution="", changes=(), calls=())
    if not written.changes:
        return ReadBack(observed={})
    wanted = frozenset({change.setting for change in written.changes} | set(resource_type.facts))
    observed = read(task, resource_type, wanted)
    shown = shown_changes(written, observed)
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
