"""Observe all resources of a type in an account and region, with as few calls as AWS's lists allow.

A survey is read page by page. Only one page is in memory, whatever the number of resources. Each page names
the token with which another process can go on after it.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from rightstate.aws.errors import named_errors
from rightstate.errors import RightstateError, Throttled
from rightstate.executions.step import defect
from rightstate.listing import PAGE, Answer, Once, Shared
from rightstate.resource_type import Clients, Listing, Observed, Place, Resource, ResourceType, Tags

A = TypeVar("A")
T = TypeVar("T")

READERS = 16
"""Reads at a time."""


@dataclass(frozen=True)
class Seen:
    """A resource with its settings, and its tags where they were asked for; or why it could not be read."""

    resource: Resource
    observed: Observed | None = None
    tags: Tags | None = None
    error: RightstateError | None = None


@dataclass(frozen=True)
class Page:
    """Some resources, and the token with which the survey goes on after them; empty after the last."""

    seen: tuple[Seen, ...]
    next: str


def survey(
    resource_type: ResourceType,
    clients: Clients,
    place: Place,
    settings: frozenset[str],
    *,
    tags: bool = False,
    token: str = "",
    readers: Executor | None = None,
) -> Iterator[Page]:
    """The named settings of every resource of the type in the place, page by page.

    `tags` asks for the tags too. `token` is a page's `next`: what was seen before it is left out. `readers`
    makes the reads that the lists do not spare; it may serve several surveys. `clients` is asked for a client
    anew for each page and resource, so that it may renew the credentials.

    A resource that cannot be read is given with its error and hides no other. Raises Denied, Throttled,
    Unavailable and CallFailed where a page cannot be listed; the pages before it stand.
    """
    listing = resource_type.listing or _described_one_by_one(resource_type)
    with ExitStack() as stack:
        readers = readers or stack.enter_context(ThreadPoolExecutor(READERS))
        found = iter(listing.pages(clients, place, token))
        in_place = Once()
        while True:
            with named_errors():
                page = next(found, None)
            if page is None:
                return
            answers, following = page
            shared = Shared(answers, in_place)
            seen = _seen(resource_type, listing, clients, place, settings, tags, shared, readers)
            yield Page(tuple(seen), following)


def _seen(
    resource_type: ResourceType,
    listing: Listing,
    clients: Clients,
    place: Place,
    settings: frozenset[str],
    tags: bool,
    shared: Shared,
    readers: Executor,
) -> Iterator[Seen]:
    answers = shared.answers

    def read(answer: Answer) -> Seen | None:
        resource = Resource(**place.model_dump(), id=listing.id_of(answer))
        try:
            with named_errors(gone=resource_type.gone, busy=resource_type.busy_errors):
                observed = listing.observe(clients, resource, answer, settings, shared)
                if observed is None:
                    return None
                own = _tags(resource_type, listing, clients, resource, answer, shared) if tags else None
        except RightstateError as error:
            return Seen(resource, error=error)
        except Exception as error:  # One resource's trouble never hides the others.
            return Seen(resource, error=defect(error))
        return Seen(resource, observed, own)

    found = list(side_by_side(readers, read, answers, resource_type.readers))
    # botocore has tried three times by then. Fewer at a time may be what AWS allows.
    throttled = [at for at, each in enumerate(found) if each and isinstance(each.error, Throttled)]
    fewer = max(1, resource_type.readers // 4)
    again = side_by_side(readers, read, [answers[at] for at in throttled], fewer)
    for at, each in zip(throttled, again, strict=True):
        found[at] = each
    return (each for each in found if each)


def _tags(
    resource_type: ResourceType,
    listing: Listing,
    clients: Clients,
    resource: Resource,
    answer: Answer,
    shared: Shared,
) -> Tags:
    if listing.tags:
        return listing.tags(clients, resource, answer, shared)
    return resource_type.tags(clients, resource) if resource_type.tags else {}


def side_by_side(
    readers: Executor, read: Callable[[A], T], items: Iterable[A], at_once: int = READERS
) -> Iterator[T]:
    """What `read` makes of each item, in their order, that number at a time and not further ahead."""
    pending: deque[Future[T]] = deque()
    for item in items:
        if len(pending) >= at_once:
            yield pending.popleft().result()
        pending.append(readers.submit(read, item))
    while pending:
        yield pending.popleft().result()


def _described_one_by_one(resource_type: ResourceType) -> Listing:
    """For a type that declares nothing but `find` and `describe`."""
    return Listing(
        pages=lambda clients, place, token: _found(resource_type, clients, place, token),
        id_of=lambda answer: str(answer["id"]),
        one=lambda clients, resource: {"id": resource.id},
        observe=lambda clients, resource, answer, settings, shared: resource_type.describe(
            clients, resource, settings
        ),
    )


def _found(
    resource_type: ResourceType, clients: Clients, place: Place, token: str
) -> Iterator[tuple[Sequence[Any], str]]:
    """What `find` names. The token is the last identifier of a page; the list is read again to there."""
    found = iter(resource_type.find(clients, place))
    if token and token not in found:
        # It is gone by now. To see some twice is better than to miss any.
        found = iter(resource_type.find(clients, place))
    page = [{"id": each} for each in islice(found, PAGE)]
    while len(page) == PAGE:
        yield page, page[-1]["id"]
        page = [{"id": each} for each in islice(found, PAGE)]
    yield page, ""
