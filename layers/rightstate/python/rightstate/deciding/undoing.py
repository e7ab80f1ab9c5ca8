"""Undo: the changes of an execution taken back. What is decided is pure; the ledger is read with `find`."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from rightstate import storage
from rightstate.accounts import settings
from rightstate.accounts.exemptions import covers, resource_name
from rightstate.aws.errors import named_errors
from rightstate.errors import Interrupted, InvalidInput, NotVerified
from rightstate.models.decision import Decision, Outcome, Undo
from rightstate.models.settings import Account, Exemption
from rightstate.models.start import StartInput
from rightstate.policy import Mode
from rightstate.resource_type import Change, Observed, Resource, ResourceType
from rightstate.storage.table import equals
from rightstate.wants import Restored, Value, as_change, as_text, same

# --- What is to be undone ---


class Entry(BaseModel):
    """The fields of a ledger entry that an undo reads. `resource` is account/region/type/id."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    resource: str
    outcome: str
    changes: tuple[Change, ...] = ()
    calls: tuple[str, ...] = ()
    verified: Mapping[str, Value] = {}
    settled_by: str = ""


def find(
    resource_type: ResourceType, resource: Resource, account: Account, start: StartInput, now: str
) -> Undo:
    """What the execution `start.undo` has changed of the resource, according to the ledger.

    Raises InvalidInput where it changed nothing, or where no exemption would keep the undo in place, and
    SettingsUnreadable.
    """
    execution = str(start.undo)
    found = _entry(resource_type, resource, execution)
    exemptions = keeping(resource_type, resource, account, found.changes, now)
    return Undo(
        execution=execution,
        changes=found.changes,
        asking=asking(resource_type, account, found.changes),
        seen=found.verified,
        certain=found.outcome == Outcome.REMEDIATED,
        consent=bool(start.consent),
        approver=", ".join(sorted({each.approver for each in exemptions})),
        until=min((each.until for each in exemptions), default=""),
    )


def asking(resource_type: ResourceType, account: Account, changes: Sequence[Change]) -> tuple[str, ...]:
    """The policies of the changes that are in mode `approve` for the account. Raises SettingsUnreadable."""
    enabled = settings.enabled(account, resource_type)
    return tuple(
        policy for policy in _policies(changes) if policy in enabled and enabled[policy].mode is Mode.APPROVE
    )


def _policies(changes: Sequence[Change]) -> list[str]:
    return sorted({policy for change in changes for policy in change.policies})


def _entry(resource_type: ResourceType, resource: Resource, execution: str) -> Entry:
    name = f"{resource.account}/{resource_name(resource_type, resource)}"
    with named_errors():
        found = storage.ledger().query(name, where=[[equals("execution", execution)]])
        item = next(found, None)
    if item is None:
        raise InvalidInput(
            f"The ledger has no entry of execution {execution} for {name}. Nothing was changed. `rightstate "
            "history --deployed` lists executions; the ledger keeps them for as long as LedgerDays says."
        )
    return entry(execution, item)


def entry(execution: str, item: Mapping[str, Any]) -> Entry:
    """The ledger's item about that execution.

    Raises InvalidInput where it cannot be read, or says that nothing was changed.
    """
    try:
        found = Entry.model_validate(item)
    except ValidationError:
        raise InvalidInput(
            f"The ledger's entry of execution {execution} is not understood. Nothing was changed. Restore "
            "by hand what it says was changed."
        ) from None
    if why := _nothing_to_undo(found):
        raise InvalidInput(f"Execution {execution} cannot be undone: {why} Nothing was changed.")
    return found


def _nothing_to_undo(found: Entry) -> str:
    if found.outcome == Outcome.DIED and not found.changes:
        return (
            "it died, and what it had changed by then is not known. Look at the resource, and set it by hand."
        )
    if found.settled_by or not found.changes:
        return f"it ended {found.outcome} and has changed nothing."
    if found.outcome == Outcome.REMEDIATED:
        return ""
    if found.outcome in (Outcome.FAILED, Outcome.DIED):
        # What it has changed, or may have: a setting that is as it was before needs no restoring.
        return "" if found.calls else "it failed, and which of its calls took effect is not known."
    if found.outcome == Outcome.UNDONE:
        return "it is an undo itself. To have its changes back, remove the exemption and start the resource."
    return f"it ended {found.outcome}."


def keeping(
    resource_type: ResourceType, resource: Resource, account: Account, changes: Sequence[Change], now: str
) -> list[Exemption]:
    """For each policy of the changes, the exemption that lasts longest.

    A policy in mode `approve` needs none, because it changes nothing without an approval. So none is in force
    while the undo waits for its approval, or after a denial. Raises InvalidInput where another policy has
    none, and SettingsUnreadable.
    """
    exemptions = []
    ask_first = asking(resource_type, account, changes)
    for policy in _policies(changes):
        found = [each for each in account.exemptions if covers(each, policy, resource_type, resource, now)]
        if found:
            exemptions.append(max(found, key=lambda each: each.until))
        elif policy not in ask_first:
            by_undo = "" if ask_first else "`rightstate undo` makes one; so does "
            raise InvalidInput(
                f"No exemption keeps {policy} from making its change again with the next event. Nothing was "
                f"changed. {by_undo}`rightstate exempt add --account {resource.account} --resource "
                f"{resource_name(resource_type, resource)} --policy {policy}`"
                f"{' makes one.' if ask_first else '.'}"
            )
    return exemptions


# --- What is decided ---


def settings_to_read(resource_type: ResourceType, undo: Undo) -> frozenset[str]:
    """The settings that were changed, and those that restoring them depends on."""
    return frozenset(
        {*(change.setting for change in undo.changes), *resource_type.facts, *resource_type.restore_reads}
    )


def decide(resource_type: ResourceType, resource: Resource, undo: Undo, observed: Observed) -> Decision:
    """Restore every setting, if each still has the value that the execution gave it, and all of them can be
    restored."""
    left = _left(resource_type, undo, observed)
    # Of what was changed for certain, a setting that is back has been set back by somebody else.
    if undo.certain and left:
        left = list(zip(undo.changes, restoring(resource_type, undo.changes), strict=True))
    restored = [back for _, back in left]
    if why := _refusal(resource_type, undo, left, observed):
        return Decision(apply=False, outcome=Outcome.UNDO_REFUSED, reason=f"{why} Nothing was changed.")
    return _decision(resource_type, resource, undo, restored, observed)


def decide_again(resource_type: ResourceType, resource: Resource, undo: Undo, observed: Observed) -> Decision:
    """The decision when some of it may have been done already.

    Raises NotVerified where another call has changed a setting meanwhile. Raises Interrupted where the rest
    must not be restored any more, e.g. because other pending changes would be made with it.
    """
    left = _left(resource_type, undo, observed)
    if other := [change for change, _ in left if not _as_set(change, undo, observed)]:
        raise NotVerified(
            f"Something else has changed meanwhile what was to be restored: {_three_ways(other, observed)}."
        )
    remaining = [back for _, back in left]
    if why := _hindrance(resource_type, remaining, observed):
        raise Interrupted(f"{why} Not restored: {', '.join(back.setting for back in remaining)}.")
    return _decision(resource_type, resource, undo, remaining, observed)


def _left(resource_type: ResourceType, undo: Undo, observed: Observed) -> list[tuple[Change, Change]]:
    """The changes whose settings are not as they were before, each with the one that takes it back."""
    return [
        (change, back)
        for change, back in zip(undo.changes, restoring(resource_type, undo.changes), strict=True)
        if not back.want.holds(observed.get(back.setting))
    ]


def _decision(
    resource_type: ResourceType,
    resource: Resource,
    undo: Undo,
    restored: Sequence[Change],
    observed: Observed,
) -> Decision:
    calls = (resource_type.restore or resource_type.calls)(resource, restored, observed) if restored else ()
    return Decision(
        apply=True,
        outcome=Outcome.UNDONE,
        reason=_summary(resource_type, undo, restored),
        changes=tuple(restored),
        calls=tuple(calls),
    )


def restoring(resource_type: ResourceType, changes: Sequence[Change]) -> list[Change]:
    """The changes that take those back."""
    return [_restoring(resource_type, change) for change in changes]


def _restoring(resource_type: ResourceType, change: Change) -> Change:
    before = resource_type.nearest.get(change.setting) if change.before is None else change.before
    return change.model_copy(update={"before": change.after, "after": before, "want": Restored(value=before)})


def _refusal(
    resource_type: ResourceType, undo: Undo, left: Sequence[tuple[Change, Change]], observed: Observed
) -> str:
    """Why nothing is restored; empty if it is."""
    restored = [back for _, back in left]
    if not left:
        return " ".join(
            ("Every setting is already as it was before that execution.", *_never(resource_type, undo))
        )
    if other := [change for change, _ in left if not _as_set(change, undo, observed)]:
        return f"Changed since by something else, and left alone: {_three_ways(other, observed)}."
    if why := _hindrance(resource_type, restored, observed):
        return why
    destroyed = [what for change in restored if (what := resource_type.destroys(change))]
    if destroyed and not undo.consent:
        return f"It would destroy something: {' '.join(destroyed)} It needs your consent (--consent)."
    return ""


def _hindrance(resource_type: ResourceType, restored: Sequence[Change], observed: Observed) -> str:
    """Why the earlier values cannot be restored now, or must not be; empty if they can."""
    held = resource_type.held(observed)
    return resource_type.irrecoverable(restored, observed) or next(
        (held[change.setting] for change in restored if change.setting in held), ""
    )


def _as_set(change: Change, undo: Undo, observed: Observed) -> bool:
    """Whether the setting still is as the execution has set it."""
    now = observed.get(change.setting)
    seen = undo.seen.get(change.setting)
    # AWS may show a text otherwise than it was written, e.g. the ARN of a key for its alias.
    return same(now, change.after) or (isinstance(seen, str) and now == seen)


def _three_ways(changes: Sequence[Change], observed: Observed) -> str:
    return "; ".join(
        f"{each.setting} was {as_text(each.before)}, was set to {as_text(each.after)} and is now "
        f"{as_text(observed.get(each.setting))}"
        for each in changes
    )


def _summary(resource_type: ResourceType, undo: Undo, restored: Sequence[Change]) -> str:
    what = "; ".join(f"{each.setting}: {as_change(each.before, each.after)}" for each in restored)
    return " ".join((f"{what}." if what else "Everything is restored already.", *_never(resource_type, undo)))


def _never(resource_type: ResourceType, undo: Undo) -> list[str]:
    """What cannot be as it was again, and what it is instead."""
    return [
        f"{change.setting} had not been set, which AWS does not allow again; it is "
        f"{as_text(resource_type.nearest[change.setting])} instead."
        for change in undo.changes
        if change.before is None and change.setting in resource_type.nearest
    ]
