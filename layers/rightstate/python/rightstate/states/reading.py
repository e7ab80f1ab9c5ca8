"""What the states of one execution share: the session in the member, a fresh read, and what still counts."""

from rightstate.accounts import exemptions
from rightstate.accounts.exemptions import Excuses
from rightstate.aws.errors import named_errors
from rightstate.aws.sessions import Phase, Session, open_session
from rightstate.catalogue import load
from rightstate.clock import now
from rightstate.deciding import planner, undoing
from rightstate.models.decision import Intent
from rightstate.models.settings import Account
from rightstate.models.tasks import ApplyTask, DecideTask, Run, RunTask
from rightstate.resource_type import Observed, ResourceType, Tags


def resource_key(task: RunTask) -> str:
    """account/region/type/id, as the tables name the resource."""
    resource = task.run.resource
    return f"{resource.account}/{resource.region}/{task.resource_type}/{resource.id}"


def settings_read_for(task: RunTask, resource_type: ResourceType) -> frozenset[str]:
    if task.run.undo:
        return undoing.settings_to_read(resource_type, task.run.undo)
    return planner.settings_to_read(resource_type, task.run.policies)


def writing_phase(task: RunTask) -> Phase:
    return Phase.UNDO if task.run.undo else Phase.APPLY


def session_of(task: RunTask, phase: Phase) -> Session:
    run = task.run
    account = Account(
        account=run.resource.account,
        role_arn=run.role_arn,
        read_role_arn=run.read_role_arn,
        external_id=run.external_id,
    )
    return open_session(account, load(task.resource_type), run.resource, phase, task.execution.name)


def read(
    task: RunTask, resource_type: ResourceType, settings: frozenset[str], phase: Phase = Phase.READ
) -> Observed:
    session = session_of(task, phase)
    with named_errors(gone=resource_type.gone, busy=resource_type.busy_errors):
        return resource_type.describe(session.client, task.run.resource, settings)


def read_tags(task: RunTask, resource_type: ResourceType) -> Tags:
    """Read only where something depends on them."""
    if resource_type.tags is None or not exemptions.needs_tags(task.run):
        return {}
    session = session_of(task, Phase.READ)
    with named_errors(gone=resource_type.gone, busy=resource_type.busy_errors):
        return resource_type.tags(session.client, task.run.resource)


def expired_approval(run: Run) -> str:
    """Why an approval holds no longer; empty while it does."""
    if run.approval and run.approval.not_after and now() > run.approval.not_after:
        return f"Approved until {run.approval.not_after} only, which has passed."
    return ""


def excuses_of(task: DecideTask | ApplyTask) -> Excuses:
    """Those that count once nothing is waited for any more."""
    delayed = exemptions.delays(task.run.managed)
    read = {
        policy: excuse
        for policy, excuse in task.described.excuses.items()
        if not (delayed and excuse.kind == "managed")
    }
    return {**read, **task.run.excuses}


def shown_changes(intent: Intent, observed: Observed) -> Intent:
    """What of it the fresh read shows."""
    return intent.of({c.setting for c in intent.changes if c.want.holds(observed.get(c.setting))})
