"""Resolve: what is this execution about, and is anything enabled for it?"""

import hashlib
import os
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import islice
from typing import Any

from rightstate.accounts import exemptions, settings
from rightstate.accounts.exemptions import resource_name
from rightstate.aws.errors import named_errors
from rightstate.aws.sessions import Phase, open_session
from rightstate.catalogue import load
from rightstate.clock import now
from rightstate.deciding import undoing
from rightstate.deciding.planner import may_change
from rightstate.errors import AnotherPlace, InvalidInput, UnexpectedEvent
from rightstate.executions import triggers
from rightstate.executions.starting import start_execution
from rightstate.guarding import guards
from rightstate.identify import at_home, identify, shown
from rightstate.models.backfill import BackfillInput
from rightstate.models.decision import Outcome
from rightstate.models.settings import Account, Enabled, Handling
from rightstate.models.start import Execution, StartInput
from rightstate.models.tasks import Resolved, ResolveTask, Run
from rightstate.policy import Mode
from rightstate.resource_type import Place, Resource, ResourceType

_FEW = 100
"""So many resources of a group are started one by one, which takes some ten seconds; more through the
backfill."""


def resolve(task: ResolveTask) -> Resolved:
    """Check the input and join it with the account's settings.

    An execution that has waited asks again, because much may have been changed meanwhile; an approval that it
    has got by then stays. An input about several resources or a group starts one execution for each of them
    instead. Raises InvalidInput, UnexpectedEvent, UnknownAccount, SettingsUnreadable and, for a group, what
    reading it may raise.
    """
    resource_type = load(task.resource_type)
    trigger = triggers.understood(resource_type, task.input)
    start = trigger.start
    place = at_home(
        resource_type,
        Place(account=start.account, region=start.region, partition=task.execution.partition),
    )
    named = _named(resource_type, place, start, task.input)
    account = settings_of(start.account, _shared_since(start, task))
    if trigger.caused_by and trigger.caused_by == account.role_arn:
        # The rules let none of these calls through; were one to come, it must not start another.
        why = f"{start.event.name if start.event else 'The call'} was made by Rightstate's own role."
        return Resolved(proceed=False, outcome=Outcome.REJECTED, reason=why, place=place)
    if start.undo:
        return _undo(resource_type, account, start, named, place, task.run)
    policies = chosen(resource_type, account, start.policies, start.mode)
    if why := _why_off(resource_type, account, place, policies):
        return Resolved(proceed=False, outcome=Outcome.OFF, reason=why, run=task.run, place=place)
    if start.approved and (off := _not_enabled(resource_type, policies, start)):
        return Resolved(
            proceed=False,
            outcome=Outcome.CHANGED_SINCE_PLAN,
            reason=f"Not enabled any more, though approved: {', '.join(off)}. Nothing was changed.",
            run=task.run,
            place=place,
        )
    if start.resources:
        among = f"the {len(start.resources)} resources named"
        return _fan_out(among, [(each.region, each.id) for each in named], place, start, task.execution)
    if start.group:
        members = _members(resource_type, account, place, start.group, task.execution)
        if len(members) > _FEW and (backfill := os.environ.get("BACKFILL_MACHINE")):
            return _through_backfill(backfill, resource_type, start.group, place, start, task.execution)
        return _fan_out(shown(start.group), members, place, start, task.execution)
    [resource] = named
    guard = _guard(resource_type, resource, policies)
    run = Run(
        resource=resource,
        role_arn=account.role_arn,
        read_role_arn=account.read_role_arn,
        external_id=account.external_id,
        policies=policies,
        reason=start.reason,
        event=start.event,
        approved=start.approved,
        sweep=bool(start.sweep),
        batch=start.batch,
        requester=start.requester or "",
        asked=guard.asked,
        approvers=account.approvers,
        **excused(resource_type, account, resource, policies, guard),
    )
    approval = task.run.approval if task.run else None
    return Resolved(proceed=True, place=place, run=run.approved_by(approval) if approval else run)


def settings_of(account: str, since: datetime | None = None) -> Account:
    """The account's settings, with no exemption that lasts longer than the hub allows."""
    found = settings.read_shared(account, since) if since else settings.read(account)
    return exemptions.limited(found, int(os.environ["EXEMPTION_DAYS"]))


def _shared_since(start: StartInput, task: ResolveTask) -> datetime | None:
    """From when on the settings may have been read: those of a batch share them, as they were when this
    execution started or later. Apply reads them again before it writes.

    None where they have to be read as they are now: by an undo, and after a wait.
    """
    if not start.batch or start.undo or task.run is not None:
        return None
    return datetime.fromisoformat(task.execution.started)


def _guard(resource_type: ResourceType, resource: Resource, policies: Mapping[str, Enabled]) -> guards.Guard:
    """What earlier executions have left to mind; nothing where none of the policies may change anything."""
    if not may_change(policies):
        return guards.Guard()
    return guards.read(f"{resource.account}/{resource.region}/{resource_type.name}/{resource.id}")


def still(run: Run, resource_type: ResourceType) -> Run:
    """The run with what the settings and the guard say by now: what has been switched off, lowered, exempted
    or halted since it was resolved is not done.

    Nothing more is done than the run had. Raises UnknownAccount, SettingsUnreadable and, of the guard,
    Throttled, Unavailable and Denied.
    """
    account = settings_of(run.resource.account)
    enabled = settings.enabled(account, resource_type)
    policies = {
        name: enabled[name].model_copy(update={"mode": _mode_still(run, name, enabled[name].mode)})
        for name in run.policies
        if name in enabled
    }
    if _why_off(resource_type, account, run.resource, policies):
        policies = {}
    guard = _guard(resource_type, run.resource, policies)
    found = excused(resource_type, account, run.resource, policies, guard)
    return run.model_copy(update={"policies": policies, "excuses": found["excuses"]})


def _mode_still(run: Run, policy: str, mode: Mode) -> Mode:
    """What the policy may do by now; an approval still lifts the mode that asks for one."""
    if run.approval and policy in run.approval.policies and mode is Mode.APPROVE:
        mode = Mode.AUTO
    return run.policies[policy].mode.lowered_to(mode)


def excused(
    resource_type: ResourceType,
    account: Account,
    resource: Resource,
    policies: Iterable[str],
    guard: guards.Guard,
) -> dict[str, Any]:
    """What may keep policies from changing the resource, as a run has it: what is known of it, and what its
    tags decide about."""
    at, managed = now(), account.managed
    return {
        "excuses": {**guard.excuses(at), **exemptions.known(account, resource_type, resource, policies, at)},
        "looking": guard.due(at),
        "tagged": exemptions.by_tag(account, resource_type, policies, at),
        "managed": managed if managed.handling is not Handling.REMEDIATE else None,
    }


def _undo(
    resource_type: ResourceType,
    account: Account,
    start: StartInput,
    named: list[Resource],
    place: Place,
    resolved: Run | None,
) -> Resolved:
    """Whatever is enabled for the account: with everything off, a change can still be taken back.

    What a policy in mode `approve` has changed is set back with an approval only: that is the insecure
    direction.
    """
    if not start.resource or start.policies or start.approved or start.mode:
        raise InvalidInput("An undo is about one resource, and all that was changed. Nothing was changed.")
    [resource] = named
    undo = undoing.find(resource_type, resource, account, start, now())
    named_so = f"{resource.account}/{resource_name(resource_type, resource)}"
    run = Run(
        resource=resource,
        role_arn=account.role_arn,
        read_role_arn=account.read_role_arn,
        external_id=account.external_id,
        policies={},
        reason=start.reason,
        requester=start.requester or "",
        undo=undo,
        asked=guards.read(named_so).asked if undo.asking else None,
        approvers=account.approvers,
    )
    approval = resolved.approval if resolved else None
    return Resolved(proceed=True, place=place, run=run.approved_by(approval) if approval else run)


def _why_off(
    resource_type: ResourceType, account: Account, place: Place, policies: Mapping[str, Enabled]
) -> str:
    """Why nothing is to be done there; empty if something may."""
    elsewhere = account.regions and place.region not in account.regions
    if elsewhere and not resource_type.home_regions:
        return f"{place.region} is not one of the account's regions."
    return "" if policies else "No policy of this kind of resource is enabled for the account."


def chosen(
    resource_type: ResourceType, account: Account, policies: Iterable[str] | None, mode: Mode | None
) -> dict[str, Enabled]:
    """The enabled policies that an input does not leave out, with the mode it lowers them to."""
    enabled = settings.enabled(account, resource_type)
    if policies is not None:
        asked = set()
        for name in policies:
            policy = resource_type.policy(name)
            if policy is None:
                raise InvalidInput(
                    f"No policy of {resource_type.name} is named {shown(name)}. Nothing was changed."
                )
            asked.add(policy.id)
        enabled = {name: configured for name, configured in enabled.items() if name in asked}
    lowered = {
        name: configured.model_copy(update={"mode": configured.mode.lowered_to(mode)})
        for name, configured in enabled.items()
    }
    return {name: configured for name, configured in lowered.items() if configured.mode != "off"}


def _not_enabled(
    resource_type: ResourceType, policies: Mapping[str, Enabled], start: StartInput
) -> list[str]:
    """Of the policies that the input names, those that are off."""
    named = (resource_type.policy(name) for name in start.policies or ())
    return [policy.id for policy in named if policy and policy.id not in policies]


def _named(
    resource_type: ResourceType, place: Place, start: StartInput, given: Mapping[str, Any]
) -> list[Resource]:
    """The resources that the input names. What an event calls its resource should be a name of one; it may be
    one of another account, whose resources calls can be about."""
    try:
        return _identified(resource_type, place, start)
    except InvalidInput as error:
        if not triggers.is_of_rule(given):
            raise InvalidInput(str(error)) from None
        if isinstance(error, AnotherPlace):
            raise
        raise UnexpectedEvent(str(error)) from None


def _identified(resource_type: ResourceType, place: Place, start: StartInput) -> list[Resource]:
    """The resources that the input names. Of a list, those that are in the place: an event may name some of
    other accounts and regions beside them."""
    if start.resource:
        return [identify(resource_type, place, start.resource)]
    named, refused = [], None
    for each in start.resources or ():
        try:
            named.append(identify(resource_type, place, each))
        except InvalidInput as error:
            refused = error
    if refused and not named:
        raise refused
    return named


def _members(
    resource_type: ResourceType, account: Account, place: Place, group: str, execution: Execution
) -> list[tuple[str, str]]:
    """Region and identifier of each resource of the group; of a large one no more than show that it is."""
    if resource_type.members is None:
        raise InvalidInput(f"A {resource_type.title} has no groups. Nothing was changed.")
    session = open_session(account, resource_type, place, Phase.READ, execution.name)
    with named_errors(gone=resource_type.gone):
        members = resource_type.members(session.client, place, group)
        return list(islice(members, _FEW + 1) if "BACKFILL_MACHINE" in os.environ else members)


def _fan_out(
    among: str, members: list[tuple[str, str]], place: Place, start: StartInput, execution: Execution
) -> Resolved:
    started = []
    for region, member in members:
        name = _child_name(start.event.id if start.event else execution.name, region, member)
        child = start.model_copy(
            update={"region": region, "resource": member, "resources": None, "group": None}
        )
        start_execution(execution.state_machine, name, child)
        started.append(name)
    return Resolved(
        proceed=False,
        outcome=Outcome.FANNED_OUT,
        reason=f"Started one execution for each of {len(started)} resources of {among}.",
        place=place,
        started=tuple(started[:100]),
    )


def _through_backfill(
    machine: str,
    resource_type: ResourceType,
    group: str,
    place: Place,
    start: StartInput,
    execution: Execution,
) -> Resolved:
    """Have the backfill list the group and start the executions: it has days for that, this function minutes,
    and would begin anew each time."""
    name = _child_name(start.event.id if start.event else execution.name, place.region, group)
    start_execution(
        machine,
        name,
        BackfillInput(
            accounts=(place.account,),
            regions=(place.region,),
            types=(resource_type.name,),
            group=group,
            policies=start.policies,
            mode=start.mode,
            reason=start.reason,
            sweep=bool(start.sweep),
            event=start.event,
            requester=start.requester or "",
        ),
    )
    return Resolved(
        proceed=False,
        outcome=Outcome.FANNED_OUT,
        reason=f"Started the backfill {name} for the more than {_FEW} resources of {shown(group)}.",
        place=place,
    )


def _child_name(parent: str, region: str, member: str) -> str:
    """The same for the same event and resource, so that a repeated event starts nothing twice."""
    digest = hashlib.sha256(f"{region}/{member}".encode()).hexdigest()[:16]
    return f"{parent[:60]}-{digest}"
