"""What a list API answers about many resources at once, and the reads that these resources share."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from threading import Lock
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from rightstate.errors import ResourceGone

Answer = Any
"""What a list says of one resource: what a describe call says of it, or its name alone. It stays in memory;
only the settings made from it are passed on."""

PAGE = 100
"""Resources a page, where the API lets one choose. RDS, Redshift and Auto Scaling give no more than that."""

T = TypeVar("T")


def the_one(found: Iterable[Any], operation: str) -> Any:
    """The first of what a describe call answers about one resource. Raises ResourceGone where it is empty."""
    for each in found:
        return each
    raise ResourceGone(f"The resource does not exist: {operation} does not list it.")


def pages(
    clients: Callable[[str], Any],
    service: str,
    operation: str,
    listed: str,
    token: str,
    *,
    given: str = "NextToken",
    answered: str = "NextToken",
    **parameters: Any,
) -> Iterator[tuple[Sequence[Any], str]]:
    """What the pages of a list hold under `listed`, from the page that `token` names, each with the next
    page's token; that is empty after the last page.

    `operation` is a method of the service's client, which is asked for anew for each page. `given` and
    `answered` are AWS's names of the token in the request and in the answer. botocore's paginators do not
    tell the token of a page, with which another process can go on.
    """
    more = True
    while more:
        call = getattr(clients(service), operation)
        answer = call(**parameters, **({given: token} if token else {}))
        token = answer.get(answered) or ""
        yield answer.get(listed, ()), token
        more = bool(token)


def paged(
    service: str, operation: str, listed: str, **parameters: Any
) -> Callable[[Callable[[str], Any], Any, str], Iterator[tuple[Sequence[Any], str]]]:
    """`Listing.pages` of a list that is asked for in the same way in every account and region."""
    return lambda clients, place, token: pages(clients, service, operation, listed, token, **parameters)


class Once:
    """Calls that are made once for a key. Readers that ask meanwhile wait for the answer.

    An error is raised for everybody who waits, and not kept: the next one to ask makes the call again.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._found: dict[Hashable, Future[Any]] = {}

    def __call__(self, key: Hashable, read: Callable[[], T]) -> T:
        with self._lock:
            known = self._found.get(key)
            found: Future[T] = known or self._found.setdefault(key, Future())
        if known is None:
            try:
                found.set_result(read())
            except BaseException as error:
                with self._lock:
                    self._found.pop(key, None)
                found.set_exception(error)
        return found.result()

    def forget(self) -> None:
        """Make every call again from now on."""
        with self._lock:
            self._found.clear()


class Shared:
    """What the resources of a page have in common: each other's answers, and reads that serve several.

    A resource that is described by itself is the only one of its page. `once` lasts for the page, so that
    memory does not grow with the resources. `once_in_place` lasts for the survey: for what is the same in the
    whole account and region.
    """

    def __init__(self, answers: Sequence[Answer], once_in_place: Once | None = None) -> None:
        self.answers = answers
        self.once = Once()
        self.once_in_place = once_in_place or Once()

    def batch(
        self,
        what: str,
        own: str,
        ids: Sequence[str],
        size: int,
        read: Callable[[Sequence[str]], Mapping[str, T]],
    ) -> T:
        """What `read` says of `own`. It is asked about up to `size` of the `ids` at a time; `what` names the
        question."""
        first = ids.index(own) // size * size
        chunk = tuple(ids[first : first + size])
        try:
            return self.once((what, chunk), lambda: read(chunk))[own]
        except (ClientError, KeyError):
            if len(chunk) == 1:
                raise
            # One of the others may be gone by now, for which AWS refuses the whole call.
            return read((own,))[own]
