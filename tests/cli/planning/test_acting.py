"""What is looked at is accounted for once, and what needs nothing is not executed. The account is made up."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from threading import Event
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from hypothesis import given
from hypothesis import strategies as st

from rightstate.catalogue import load
from rightstate.errors import NotReady
from rightstate.listing import Shared
from rightstate.models.settings import Account, Enabled
from rightstate.policy import Mode
from rightstate.resource_type import Listing, Observed, Place, Resource
from rightstate.states import assessment
from rightstate.states.assessment import Page
from rightstate_cli.executions.executions import NOT_STARTED
from rightstate_cli.planning import survey
from rightstate_cli.planning.acting import Acting
from rightstate_cli.planning.target import Target

PLACE = Place(account="123456789012", region="us-east-1")
POLICY = "sqs-server-side-encryption"
PAGE = 3
REFUSED = {"denied": "AccessDenied", "throttled": "ThrottlingException", "gone": "QueueDoesNotExist"}
EXECUTED = {"broken", "denied", "throttled", "silent", "defect", "busy"}
STATES = ("compliant", "broken", "busy", "silent", "defect", *REFUSED)


def refuse(state: str) -> None:
    if state in REFUSED:
        raise ClientError({"Error": {"Code": REFUSED[state], "Message": "no"}}, "GetQueueAttributes")
    if state == "silent":
        raise EndpointConnectionError(endpoint_url="https://sqs.us-east-1.amazonaws.com")
    if state == "defect":
        raise ZeroDivisionError
    if state == "busy":
        raise NotReady("It is being created.")


@dataclass
class Queues:
    """The queues of an account, each with its state; the list fails before that page."""

    states: Sequence[str]
    fails_before: int | None = None
    looks: list[Page] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        """Those that can be listed."""
        last = len(self.states) if self.fails_before is None else self.fails_before * PAGE
        return [f"queue-{number}" for number in range(len(self.states))][:last]

    def target(self, mode: Mode = Mode.AUTO) -> Target:
        listing = Listing(
            pages=self._pages, id_of=str, one=lambda clients, resource: resource.id, observe=self._observe
        )
        return Target(
            place=PLACE,
            account=Account(account=PLACE.account, policies={POLICY: Enabled(mode=mode)}),
            types=(replace(load("sqs-queue"), listing=listing),),
            resources=(),
        )

    def found(self, mode: Mode = Mode.AUTO) -> Any:
        return survey.plan(
            [self.target(mode)], lambda done, found: None, lambda of, place, page: self.looks.append(page)
        )

    def _pages(self, clients: Any, place: Place, token: str) -> Iterator[tuple[Sequence[str], str]]:
        every = [f"queue-{number}" for number in range(len(self.states))]
        for number, first in enumerate(range(0, max(1, len(every)), PAGE)):
            if number == self.fails_before:
                refuse("throttled")
            yield every[first : first + PAGE], str(number + 1) if every[first + PAGE :] else ""

    def _observe(self, clients: Any, resource: Resource, answer: str, asked: Any, shared: Shared) -> Observed:
        state = self.states[int(answer.removeprefix("queue-"))]
        refuse(state)
        return {"Encryption": "none" if state == "broken" else "SSE-SQS"}


@contextmanager
def signed_in() -> Iterator[None]:
    with patch.object(assessment, "open_session", lambda *given: SimpleNamespace(client=None)):
        yield


def outcomes(acting: Acting) -> Mapping[str, str]:
    assert all(each.status == NOT_STARTED and not each.name for each in acting.ended)
    return {each.resource: each.outcome for each in acting.ended}


@given(
    states=st.lists(st.sampled_from(STATES), max_size=12),
    fails_before=st.none() | st.integers(0, 3),
    stopped_after=st.none() | st.integers(0, 12),
)
def test_every_resource_that_is_listed_is_accounted_for_once_whatever_the_answers(
    states: list[str], fails_before: int | None, stopped_after: int | None
) -> None:
    pages = max(1, -(-len(states) // PAGE))
    queues = Queues(states, fails_before if fails_before is not None and fails_before < pages else None)
    stop = Event()
    with signed_in():
        acting = Acting(queues.found(), stop)
        begun = acting.starts()
        started = [each.input["resource"] for each in islice(begun, stopped_after)]
        stop.set()
        # What was found before is left as it is.
        assert not list(begun)
    state_of = dict(zip([f"queue-{number}" for number in range(len(states))], states, strict=True))
    assert {state_of[each] for each in started} <= EXECUTED
    assert not {state_of[each] for each in outcomes(acting)} & EXECUTED
    accounted = Counter([*started, *outcomes(acting)])
    assert set(accounted.values()) <= {1}
    if stopped_after is None:
        assert sorted(accounted) == sorted(queues.names)
        assert [each.resource_type for each in acting.unlisted] == ["sqs-queue"] * (
            queues.fails_before is not None
        )
        looked_at = [each.resource.id for page in queues.looks for each in page.assessed]
        assert looked_at == queues.names
        assert any(not page.next for page in queues.looks) == (queues.fails_before is None)
    else:
        assert set(accounted) <= set(queues.names)


@pytest.mark.parametrize(
    ("state", "mode", "outcome"),
    [
        ("compliant", Mode.AUTO, "compliant"),
        ("gone", Mode.AUTO, "gone"),
        ("broken", Mode.REPORT, "reported"),
        ("broken", Mode.AUTO, None),
        ("broken", Mode.APPROVE, None),
        ("busy", Mode.AUTO, None),
        ("denied", Mode.REPORT, None),
    ],
)
def test_a_resource_is_executed_where_there_is_something_to_do_and_else_ends_as_its_execution_would(
    state: str, mode: Mode, outcome: str | None
) -> None:
    with signed_in():
        acting = Acting(Queues([state]).found(mode), Event())
        started = list(acting.starts())
    assert [each.input["resource"] for each in started] == ["queue-0"] * (outcome is None)
    assert list(outcomes(acting).values()) == ([outcome] if outcome else [])


def test_the_first_execution_is_started_before_everything_is_looked_at() -> None:
    queues = Queues(["broken"] * 300)
    with signed_in():
        begun = Acting(queues.found(), Event()).starts()
        next(begun)
        assert len(queues.looks) < 100
        begun.close()  # type: ignore[attr-defined]
