"""How a survey goes: page by page, with a token after each, hiding nothing. Its lists are made up."""

import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from rightstate.catalogue import load
from rightstate.errors import Defect, Denied, ResourceGone, Throttled
from rightstate.listing import Once, Shared, pages
from rightstate.resource_type import Listing, Place, Resource, ResourceType
from rightstate.surveying.survey import Page, survey

REGION = "us-east-1"
QUEUE = load("sqs-queue")
PLACE = Place(account="123456789012", region=REGION)
TYPED = frozenset({"QueueUrl"})


def named(count: int) -> list[str]:
    return [f"queue-{number:04}" for number in range(count)]


def described_one_by_one(ids: Sequence[str], describe: Any = None) -> ResourceType:
    """A type that declares nothing but find and describe."""
    return replace(
        QUEUE,
        listing=None,
        tags=None,
        find=lambda clients, place: iter(ids),
        describe=describe or (lambda clients, resource, asked: {"QueueUrl": resource.id}),
    )


def listed(ids: Sequence[str], observe: Any, size: int = 10, **options: Any) -> ResourceType:
    """A type whose list gives that many a page; a token is the number of those before it."""

    def page_by_page(clients: Any, place: Place, token: str) -> Iterator[tuple[Sequence[str], str]]:
        first = int(token or 0)
        while True:
            following = str(first + size) if first + size < len(ids) else ""
            yield ids[first : first + size], following
            if not following:
                return
            first += size

    listing = Listing(
        pages=page_by_page, id_of=str, one=lambda clients, resource: resource.id, observe=observe
    )
    return replace(QUEUE, listing=listing, **options)


def url(clients: Any, resource: Resource, answer: str, asked: frozenset[str], shared: Shared) -> Any:
    return {"QueueUrl": answer}


def ids_of(found: Iterator[Page]) -> list[str]:
    return [seen.resource.id for page in found for seen in page.seen]


def no_clients(service: str) -> Any:
    raise AssertionError(f"{service} was asked for")


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 250])
def test_a_type_that_has_only_find_and_describe_is_surveyed_whole(count: int) -> None:
    found = list(survey(described_one_by_one(named(count)), no_clients, PLACE, TYPED))
    assert ids_of(iter(found)) == named(count)
    assert max(len(page.seen) for page in found) <= 100
    assert [bool(page.next) for page in found] == [True] * (len(found) - 1) + [False]


@given(count=st.integers(0, 350), pages_before=st.integers(0, 3), gone=st.booleans())
def test_a_survey_goes_on_after_any_page_in_another_process_and_misses_nothing(
    count: int, pages_before: int, gone: bool
) -> None:
    ids = named(count)
    for resource_type in described_one_by_one(ids), listed(ids, url, size=100):
        before: list[str] = []
        token = ""
        for number, page in enumerate(survey(resource_type, no_clients, PLACE, TYPED)):
            before += [seen.resource.id for seen in page.seen]
            token = page.next
            if number == pages_before:
                break
        then = resource_type
        if token and gone and not resource_type.listing:
            # The one that the token names is deleted before it is gone on with.
            then = described_one_by_one([each for each in ids if each != token])
        after = ids_of(survey(then, no_clients, PLACE, TYPED, token=token)) if token else []
        assert {*before, *after} == set(ids)
        assert gone or not set(before) & set(after)


def test_a_page_is_listed_when_the_one_before_it_has_been_taken() -> None:
    taken: list[str] = []

    def observe(clients: Any, resource: Resource, answer: str, asked: Any, shared: Shared) -> Any:
        taken.append(answer)
        return {}

    found = survey(listed(named(1000), observe), no_clients, PLACE, TYPED)
    for number in range(1, 5):
        next(found)
        assert len(taken) == 10 * number


def test_what_cannot_be_read_is_given_with_its_error_and_hides_nothing_else() -> None:
    def observe(clients: Any, resource: Resource, answer: str, asked: Any, shared: Shared) -> Any:
        codes = {"queue-0003": "AccessDenied", "queue-0005": "QueueDoesNotExist"}
        if answer in codes:
            raise ClientError({"Error": {"Code": codes[answer], "Message": "no"}}, "GetQueueAttributes")
        if answer == "queue-0007":
            raise ZeroDivisionError
        return {"QueueUrl": answer}

    found = [
        seen for page in survey(listed(named(20), observe), no_clients, PLACE, TYPED) for seen in page.seen
    ]
    errors = {seen.resource.id: type(seen.error) for seen in found if seen.error}
    assert errors == {"queue-0003": Denied, "queue-0005": ResourceGone, "queue-0007": Defect}
    assert [seen.resource.id for seen in found] == named(20)
    assert all(seen.observed == {"QueueUrl": seen.resource.id} for seen in found if not seen.error)


def test_what_is_throttled_is_read_once_more_with_fewer_at_a_time() -> None:
    at_once, most, lock = 0, 0, threading.Lock()
    tried: Counter[str] = Counter()

    def observe(clients: Any, resource: Resource, answer: str, asked: Any, shared: Shared) -> Any:
        nonlocal at_once, most
        with lock:
            tried[answer] += 1
            again = tried[answer] > 1
            at_once += 1
            if again:
                most = max(most, at_once)
        try:
            if not again or answer == "queue-0004":
                raise ClientError({"Error": {"Code": "Throttling", "Message": "no"}}, "GetQueueAttributes")
            return {"QueueUrl": answer}
        finally:
            with lock:
                at_once -= 1

    resource_type = listed(named(10), observe, readers=8)
    [page] = survey(resource_type, no_clients, PLACE, TYPED)
    assert [type(seen.error) for seen in page.seen if seen.error] == [Throttled]
    assert set(tried.values()) == {2}
    assert most <= 2


def test_no_more_is_read_at_a_time_than_the_type_allows() -> None:
    at_once, most, lock = 0, 0, threading.Lock()
    full = threading.Barrier(3, timeout=10)

    def observe(clients: Any, resource: Resource, answer: str, asked: Any, shared: Shared) -> Any:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        full.wait()
        with lock:
            at_once -= 1
        return {}

    resource_type = listed(named(27), observe, size=9, readers=3)
    assert ids_of(survey(resource_type, no_clients, PLACE, TYPED)) == named(27)
    assert most == 3


def test_a_list_that_is_refused_is_an_error_after_the_pages_before_it() -> None:
    class Refusing:
        def list_queues(self, **given: Any) -> Mapping[str, Any]:
            if given.get("NextToken"):
                raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "ListQueues")
            return {"QueueUrls": ["https://sqs/1/first"], "NextToken": "more"}

    found = survey(QUEUE, lambda service: Refusing(), PLACE, frozenset({"QueueUrl"}))
    assert [seen.resource.id for seen in next(found).seen] == ["first"]
    with pytest.raises(Denied, match="ListQueues"):
        next(found)


def test_a_client_is_asked_for_anew_for_each_page_so_that_credentials_can_be_renewed() -> None:
    asked: list[str] = []

    class Client:
        def list_things(self, **given: Any) -> Mapping[str, Any]:
            return {"Things": [given.get("NextToken", "first")], "NextToken": "" if given else "second"}

    def clients(service: str) -> Client:
        asked.append(service)
        return Client()

    assert list(pages(clients, "s", "list_things", "Things", "")) == [(["first"], "second"), (["second"], "")]
    assert asked == ["s", "s"]


# --- What resources share ---


def test_a_shared_read_is_made_once_however_many_ask_for_it() -> None:
    once, made = Once(), []
    begin = threading.Barrier(8, timeout=10)
    answers: list[int] = []

    def ask() -> None:
        begin.wait()
        answers.append(once("key", lambda: made.append(1) or len(made)))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (answers, made) == ([1] * 8, [1])


def test_a_shared_read_that_has_failed_is_made_again_by_the_next_who_asks() -> None:
    once = Once()
    with pytest.raises(ZeroDivisionError):
        once("key", lambda: 1 // 0)
    assert once("key", lambda: 2) == 2


def test_one_that_is_gone_does_not_hide_the_others_of_its_batch() -> None:
    asked: list[Sequence[str]] = []

    def read(ids: Sequence[str]) -> dict[str, str]:
        asked.append(ids)
        if "b" in ids:
            raise ClientError({"Error": {"Code": "LoadBalancerNotFound"}}, "DescribeTags")
        return {each: each.upper() for each in ids}

    shared = Shared(())
    ids = ["a", "b", "c", "d"]
    assert [shared.batch("tags", own, ids, 2, read) for own in "cd"] == ["C", "D"]
    assert asked == [("c", "d")]
    assert shared.batch("tags", "a", ids, 2, read) == "A"
    with pytest.raises(ClientError):
        shared.batch("tags", "b", ids, 2, read)


def test_what_is_the_same_in_the_whole_place_is_read_once_and_what_a_page_shares_once_a_page() -> None:
    made: Counter[str] = Counter()

    def observe(clients: Any, resource: Resource, answer: str, asked: frozenset[str], shared: Shared) -> Any:
        shared.once("page", lambda: made.update(["page"]))
        shared.once_in_place("place", lambda: made.update(["place"]))
        return {"QueueUrl": answer}

    seen = [each for page in survey(listed(named(30), observe), None, PLACE, TYPED) for each in page.seen]
    assert len(seen) == 30
    assert made == {"page": 3, "place": 1}
