"""What remediations would do, resource by resource, without doing it."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import UTC, datetime
from queue import Queue

from pydantic import BaseModel

from rightstate.aws_errors import named_errors
from rightstate.errors import NotReady, ResourceGone, RightstateError
from rightstate.identify import at_home
from rightstate.models import Decision, Execution, Outcome, Run, RunTask, Status
from rightstate.planner import decide
from rightstate.remediation import describe
from rightstate.resource_type import Resource, ResourceType
from rightstate.sessions import Phase, open_session
from rightstate.step import defect
from rightstate_cli.target import Target

READERS = 16
"""Reads at a time. botocore keeps 10 connections a client; services differ, so more are of use."""


class Item(BaseModel):
    """One resource of a plan.

    `status` is `broken` (something would be changed), `compliant`, `not-applicable`, `held`, `busy`,
    `gone` or `unreadable`; `reason` says why where there is something to say.
    """

    account: str
    region: str
    resource_type: str
    resource: str
    status: str
    reason: str = ""
    decision: Decision | None = None


class Unlisted(BaseModel):
    """A resource type whose resources could not be listed."""

    resource_type: str
    reason: str


def list_resources(target: Target) -> Iterator[tuple[ResourceType, Resource] | Unlisted]:
    """The resources that the target names, or all that there are of its types, listed side by side."""
    if target.resources:
        yield from target.resources
        return
    found: Queue[tuple[ResourceType, Resource] | Unlisted | None] = Queue()
    with ThreadPoolExecutor(READERS) as listers:
        for resource_type in target.types:
            listers.submit(_list, target, resource_type, found.put)
        for _ in target.types:
            while (each := found.get()) is not None:
                yield each


def plan(target: Target, progress: Callable[[int, int], None]) -> Iterator[Item | Unlisted]:
    """Describe and decide, many resources at a time. `progress` is told (done, found so far)."""
    done = found = 0
    with ThreadPoolExecutor(READERS) as readers:
        pending = set()
        for each in list_resources(target):
            if isinstance(each, Unlisted):
                yield each
                continue
            pending.add(readers.submit(_item, target, *each))
            found += 1
            progress(done, found)
        for ready in as_completed(pending):
            done += 1
            progress(done, found)
            yield ready.result()


def _list(
    target: Target,
    resource_type: ResourceType,
    found: Callable[[tuple[ResourceType, Resource] | Unlisted | None], None],
) -> None:
    """Hand over each resource of the type as soon as it is listed, and None at the end."""
    place = at_home(resource_type, target.place)
    try:
        session = open_session(target.account, resource_type, place, Phase.READ, _RUN.name)
        with named_errors():
            for each in resource_type.find(session.client, place):
                found((resource_type, Resource(**place.model_dump(), id=each)))
    except Exception as error:  # One type's trouble never hides the others.
        found(Unlisted(resource_type=resource_type.name, reason=str(_ours(error))))
    found(None)


def _item(target: Target, resource_type: ResourceType, resource: Resource) -> Item:
    decision = None
    try:
        decision = _decision(target, resource_type, resource)
        status, reason = _status(decision)
    except NotReady as busy:
        status, reason = "busy", str(busy)
    except ResourceGone as gone:
        status, reason = "gone", str(gone)
    except Exception as error:  # One resource's trouble never hides the others.
        status, reason = "unreadable", str(_ours(error))
    return Item(
        account=resource.account,
        region=resource.region,
        resource_type=resource_type.name,
        resource=resource.id,
        status=status,
        reason=reason,
        decision=decision,
    )


def _decision(target: Target, resource_type: ResourceType, resource: Resource) -> Decision:
    ids = {policy.id for policy in resource_type.policies}
    policies = {name: enabled for name, enabled in target.account.policies.items() if name in ids}
    task = RunTask(
        resource_type=resource_type.name,
        execution=_RUN,
        run=Run(
            resource=resource,
            role_arn=target.account.role_arn,
            external_id=target.account.external_id,
            policies=policies,
        ),
    )
    return decide(resource_type, resource, policies, describe(task).observed)


def _ours(error: Exception) -> RightstateError:
    return error if isinstance(error, RightstateError) else defect(error)


def _status(decision: Decision) -> tuple[str, str]:
    if decision.apply:
        return "broken", ""
    if any(verdict.status is Status.HELD for verdict in decision.verdicts):
        return "held", decision.reason
    if decision.outcome is Outcome.REPORTED:
        return "broken", decision.reason
    return decision.outcome.value, decision.reason


_RUN = Execution(
    id="arn:aws:states:::execution:plan",
    name=f"rightstate-plan-{datetime.now(UTC):%Y%m%dT%H%M%SZ}",
    started=datetime.now(UTC).isoformat(),
    state_machine="",
)
