"""What remediations would do, resource by resource, without doing it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime
from queue import Queue
from threading import Event
from typing import Any

from pydantic import BaseModel

from rightstate.aws_errors import named_errors
from rightstate.errors import NotReady, ResourceGone, RightstateError
from rightstate.exemptions import delays
from rightstate.identify import at_home
from rightstate.models import Decision, Execution, Outcome, Run, RunTask, Status
from rightstate.planner import decide, digest
from rightstate.remediation import describe
from rightstate.resolve import excused
from rightstate.resource_type import Resource, ResourceType
from rightstate.sessions import Phase, open_session
from rightstate.step import defect
from rightstate_cli.target import Target

READERS = 16
"""Reads at a time. botocore keeps 10 connections a client; services differ, so more are of use."""
_AHEAD = 4 * READERS
"""So many resources are listed or asked about ahead of what has been read: what is known of a resource before
it is read is held in memory for these alone."""


class Item(BaseModel):
    """One resource of a plan.

    `status` is `broken` (something would be changed), `compliant`, `not-applicable`, `held`, `busy`, `gone`,
    `unreadable` or, where all that is broken is excused, `exempt`, `halted` or `managed`; `reason` says why
    where there is something to say. `policies` are those that were asked about, `state` is the digest of what
    the decision was made on.
    """

    account: str
    region: str
    resource_type: str
    resource: str
    arn: str | None
    status: str
    reason: str = ""
    policies: tuple[str, ...] = ()
    state: str | None = None
    decision: Decision | None = None


class Unlisted(BaseModel):
    """A resource type whose resources could not be listed."""

    account: str
    region: str
    resource_type: str
    reason: str


Found = tuple[Target, ResourceType, Resource]


def list_resources(targets: Sequence[Target]) -> Iterator[Found | Unlisted]:
    """The resources that the targets name, or all that there are of their types, listed side by side.

    A page is listed when what was listed before it has been taken.
    """
    for target in targets:
        yield from ((target, *named) for named in target.resources)
    to_list = [(target, each) for target in targets if not target.resources for each in target.types]
    found: Queue[Found | Unlisted | None] = Queue(_AHEAD)
    left = Event()
    running = len(to_list)
    with ThreadPoolExecutor(READERS) as listers:
        for target, resource_type in to_list:
            listers.submit(_list, target, resource_type, found.put, left)
        try:
            while running:
                each = found.get()
                if each is None:
                    running -= 1
                else:
                    yield each
        finally:
            # Nobody takes any more: let those that wait to hand over a resource come to their end.
            left.set()
            while running:
                running -= found.get() is None


def plan(targets: Sequence[Target], progress: Callable[[int, int], None]) -> Iterator[Item | Unlisted]:
    """Describe and decide, many resources at a time. `progress` is told (done, found so far)."""
    done = found = 0
    pending: set[Future[Item]] = set()
    with ThreadPoolExecutor(READERS) as readers:
        for each in list_resources(targets):
            if isinstance(each, Unlisted):
                yield each
                continue
            pending.add(readers.submit(_item, *each))
            found += 1
            ready, pending = wait(
                pending, timeout=None if len(pending) >= _AHEAD else 0, return_when=FIRST_COMPLETED
            )
            done += len(ready)
            progress(done, found)
            yield from (each.result() for each in ready)
        while pending:
            ready, pending = wait(pending, return_when=FIRST_COMPLETED)
            done += len(ready)
            progress(done, found)
            yield from (each.result() for each in ready)


def _list(
    target: Target,
    resource_type: ResourceType,
    found: Callable[[Found | Unlisted | None], None],
    left: Event,
) -> None:
    """Hand over each resource of the type as soon as it is listed, and None at the end."""
    place = at_home(resource_type, target.place)
    try:
        if not left.is_set():
            session = open_session(target.account, resource_type, place, Phase.READ, RUN.name)
            with named_errors():
                for each in resource_type.find(session.client, place):
                    found((target, resource_type, Resource(**place.model_dump(), id=each)))
                    if left.is_set():
                        break
    except Exception as error:  # One type's trouble never hides the others.
        found(
            Unlisted(
                account=place.account,
                region=place.region,
                resource_type=resource_type.name,
                reason=str(_ours(error)),
            )
        )
    found(None)


def _item(target: Target, resource_type: ResourceType, resource: Resource) -> Item:
    policies = target.policies(resource_type, resource)
    decision = state = None
    try:
        task = RunTask(
            resource_type=resource_type.name,
            execution=RUN,
            run=Run(
                resource=resource,
                role_arn=target.account.role_arn,
                external_id=target.account.external_id,
                policies=policies,
                **_excused(target, resource_type, resource, policies),
            ),
        )
        described = describe(task)
        observed = described.observed
        excuses = {**described.excuses, **task.run.excuses}
        decision = decide(resource_type, resource, policies, observed, excuses)
        state = digest(observed)
        status, reason = _status(decision)
    except NotReady as busy:
        status, reason = "busy", str(busy)
    except ResourceGone as gone:
        status, reason = "gone", str(gone)
    except Exception as error:  # One resource's trouble never hides the others.
        status, reason = "unreadable", str(_ours(error))
    arn = resource_type.arn_of(resource)
    return Item(
        account=resource.account,
        region=resource.region,
        resource_type=resource_type.name,
        resource=resource.id,
        arn=None if "*" in arn else arn,
        status=status,
        reason=reason,
        policies=tuple(policies),
        state=state,
        decision=decision,
    )


def _excused(
    target: Target, resource_type: ResourceType, resource: Resource, policies: Iterable[str]
) -> dict[str, Any]:
    """As an execution would be; what is only to be looked at later is planned as it will be changed then."""
    guard = target.guard(resource_type, resource)
    found = excused(resource_type, target.account, resource, policies, guard)
    return {**found, "managed": None} if delays(found["managed"]) else found


def _ours(error: Exception) -> RightstateError:
    return error if isinstance(error, RightstateError) else defect(error)


def _status(decision: Decision) -> tuple[str, str]:
    if decision.apply:
        return "broken", ""
    statuses = {verdict.status for verdict in decision.verdicts}
    if Status.HELD in statuses:
        return "held", decision.reason
    if Status.MANAGED in statuses and Status.BROKEN not in statuses and Status.HALTED not in statuses:
        return "managed", decision.reason
    if decision.outcome is Outcome.REPORTED:
        return "broken", decision.reason
    return decision.outcome.value, decision.reason


RUN = Execution(
    id="arn:aws:states:::execution:plan",
    name=f"rightstate-plan-{datetime.now(UTC):%Y%m%dT%H%M%SZ}",
    started=datetime.now(UTC).isoformat(),
    state_machine="",
)
"""What reads for a plan, as CloudTrail has it in the sessions' names."""
