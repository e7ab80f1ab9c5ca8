"""What remediations would do, resource by resource, without changing anything."""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from queue import Queue
from threading import Event
from typing import TypeVar

from pydantic import BaseModel

from rightstate.errors import RightstateError
from rightstate.executions.step import defect
from rightstate.identify import at_home
from rightstate.models.decision import Decision
from rightstate.models.start import Execution
from rightstate.resource_type import Place, Resource, ResourceType
from rightstate.states.assessment import Assessed, Page, assess, assess_one
from rightstate.surveying.survey import side_by_side
from rightstate_cli.planning.target import Target

T = TypeVar("T")

READERS = 16
"""Reads at a time. botocore keeps 10 connections a client, and several services are read at once."""
_PAGES_AHEAD = 4
"""Pages that are read ahead, beside the one that each survey reads."""


class Item(BaseModel):
    """One resource of a plan.

    `status` is `broken` (something would be changed), `compliant`, `not-applicable`, `held`, `busy`, `gone`,
    `unreadable` or, where all that is broken is excused, `exempt`, `halted` or `managed`; `reason` says why
    where there is something to say. `policies` are those that were asked about, `state` is the digest of what
    the decision was made on. `needs_execution` says that an execution has something to do about it.
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
    needs_execution: bool = False


class Unlisted(BaseModel):
    """A resource type whose resources could not be listed."""

    account: str
    region: str
    resource_type: str
    reason: str


Looked = Callable[[ResourceType, Place, Page], None]
"""Is given each page of a survey, from the threads of the surveys. Pages of one type in one place come in
order. Where the last page (without a `next`) does not come, the survey ended early."""


def unseen(resource_type: ResourceType, place: Place, page: Page) -> None:
    """A `Looked` for surveys that nobody keeps."""


def plan(
    targets: Sequence[Target],
    progress: Callable[[int, int], None],
    looked: Looked = unseen,
) -> Generator[Item | Unlisted, None, None]:
    """Read and decide, many types and places at a time. Named resources are described one by one.

    `progress` is given (done, found so far), `looked` each page.
    """
    done = 0
    found = sum(len(target.resources) for target in targets)
    with ThreadPoolExecutor(READERS) as readers:
        jobs: list[Callable[[], Iterator[list[Item] | Unlisted]]] = []
        for target in targets:
            if target.resources:
                jobs.append(partial(_named, target, readers))
            else:
                jobs += [partial(_surveyed, target, each, readers, looked) for each in target.types]
        for page in _merged(jobs, _PAGES_AHEAD):
            if isinstance(page, Unlisted):
                yield page
                continue
            done += len(page)
            found = max(found, done)
            progress(done, found)
            yield from page


def _merged(jobs: Sequence[Callable[[], Iterator[T]]], ahead: int) -> Iterator[T]:
    """What the jobs yield, in the order in which it comes. At most `ahead` results wait to be taken."""
    found: Queue[T | _End] = Queue(ahead)
    left = Event()
    running = len(jobs)

    def run(job: Callable[[], Iterator[T]]) -> None:
        error = None
        try:
            if not left.is_set():
                for each in job():
                    found.put(each)
                    if left.is_set():
                        break
        except Exception as raised:  # It is raised where the results are taken.
            error = raised
        found.put(_End(error))

    with ThreadPoolExecutor(READERS) as workers:
        for job in jobs:
            workers.submit(run, job)
        try:
            while running:
                each = found.get()
                if not isinstance(each, _End):
                    yield each
                    continue
                running -= 1
                if each.error:
                    raise each.error
        finally:
            # No result is taken any more: let the jobs that wait to hand one over end.
            left.set()
            while running:
                running -= isinstance(found.get(), _End)


@dataclass(frozen=True)
class _End:
    """A job has ended, or failed."""

    error: Exception | None


def _surveyed(
    target: Target, resource_type: ResourceType, readers: Executor, looked: Looked
) -> Iterator[list[Item] | Unlisted]:
    place = at_home(resource_type, target.place)
    policies = target.enabled(resource_type)
    guard_of = partial(target.guard, resource_type)
    try:
        for page in assess(
            target.account, resource_type, place, policies, guard_of, RUN.name, readers=readers
        ):
            looked(resource_type, place, page)
            yield [_item(resource_type, policies, each) for each in page.assessed]
    except Exception as error:  # An error of one type never hides the others.
        yield _unlisted(resource_type, place, error)


def _named(target: Target, readers: Executor) -> Iterator[list[Item] | Unlisted]:
    def read(pair: tuple[ResourceType, Resource]) -> Item:
        resource_type, resource = pair
        policies = target.policies(resource_type, resource)
        guard_of = partial(target.guard, resource_type)
        found = assess_one(target.account, resource_type, resource, policies, guard_of, RUN)
        return _item(resource_type, policies, found)

    yield from ([item] for item in side_by_side(readers, read, target.resources, READERS))


def _unlisted(resource_type: ResourceType, place: Place, error: Exception) -> Unlisted:
    ours = error if isinstance(error, RightstateError) else defect(error)
    return Unlisted(
        account=place.account, region=place.region, resource_type=resource_type.name, reason=str(ours)
    )


def _item(resource_type: ResourceType, policies: Iterable[str], found: Assessed) -> Item:
    resource = found.resource
    status, reason = found.status
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
        state=found.state,
        decision=found.decision,
        needs_execution=found.needs_execution,
    )


RUN = Execution(
    id="arn:aws:states:::execution:plan",
    name=f"rightstate-plan-{datetime.now(UTC):%Y%m%dT%H%M%SZ}",
    started=datetime.now(UTC).isoformat(),
    state_machine="",
)
"""The reader of a plan, which CloudTrail shows in the names of sessions."""
