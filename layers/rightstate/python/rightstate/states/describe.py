"""Assume role and Describe: prove that the account can be reached, and read the resource."""

from rightstate.accounts import exemptions
from rightstate.aws.sessions import Phase
from rightstate.catalogue import load
from rightstate.clock import now
from rightstate.deciding.planner import may_change
from rightstate.errors import NotReady
from rightstate.models.tasks import Described, Identity, Run, RunTask
from rightstate.resource_type import Observed, ResourceType
from rightstate.states.reading import read, read_tags, session_of, settings_read_for


def assume_role(task: RunTask) -> Identity:
    """Prove that the member's role can be assumed and is the account's. Raises RoleNotAssumed,
    WrongAccount."""
    return session_of(task, Phase.READ).identity


def describe(task: RunTask) -> Described:
    """Read the settings that the enabled policies need.

    Raises ResourceGone, and NotReady where the resource is busy and some policy may change it: what a
    busy resource shows is not yet what it will be.
    """
    resource_type = load(task.resource_type)
    read_at = now()
    observed = read(task, resource_type, settings_read_for(task, resource_type))
    check_ready(task.run, resource_type, observed)
    excuses = exemptions.of_run(task.run, resource_type, read_tags(task, resource_type), read_at)
    return Described(observed=observed, read_at=read_at, excuses=excuses)


def check_ready(run: Run, resource_type: ResourceType, observed: Observed) -> None:
    """Raise NotReady where the resource is busy and some policy may change it."""
    busy = resource_type.busy(observed)
    changing = {name: each for name, each in run.policies.items() if name not in run.excuses}
    if busy and (run.undo or may_change(changing)):
        raise NotReady(f"{busy} Nothing was changed yet; it is looked at again.")
