"""How a plan reads: lists no further than it has read, hides nothing, and ends when it is left."""

from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from rightstate.catalogue import load
from rightstate.errors import Denied
from rightstate.models import Account, Described, Enabled
from rightstate.policy import Mode
from rightstate.resource_type import Place
from rightstate_cli import planning
from rightstate_cli.target import Target

ACCOUNT, REGION = "123456789012", "us-east-1"
MANY = 5000


class Listed:
    """A listing of many queues that counts how many of them have been asked for."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, clients: Any, place: Place) -> Iterator[str]:
        for number in range(MANY):
            self.count += 1
            yield f"queue-{number}"


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> Listed:
    monkeypatch.setattr(planning, "open_session", lambda *given: SimpleNamespace(client=None))
    return Listed()


def target(find: Any, place: Place | None = None) -> Target:
    place = place or Place(account=ACCOUNT, region=REGION)
    return Target(
        place=place,
        account=Account(
            account=place.account, policies={"sqs-server-side-encryption": Enabled(mode=Mode.AUTO)}
        ),
        types=(replace(load("sqs-queue"), find=find),),
        resources=(),
    )


def test_no_more_is_listed_than_is_taken_and_some_ahead(listed: Listed) -> None:
    found = planning.list_resources([target(listed)])
    for taken in range(1, 300):
        next(found)
        assert listed.count <= taken + planning._AHEAD + 1
    found.close()


def test_a_listing_that_is_left_ends(listed: Listed) -> None:
    found = planning.list_resources(
        [target(listed), target(listed, Place(account=ACCOUNT, region="eu-west-1"))]
    )
    next(found)
    found.close()
    assert listed.count < MANY


def test_everything_is_planned_once_with_few_resources_waiting_for_it(
    listed: Listed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "describe", lambda task: Described(observed={"Encryption": "SSE-SQS"}))
    told: list[tuple[int, int]] = []
    items = list(planning.plan([target(listed)], lambda done, found: told.append((done, found))))
    assert len({item.resource for item in items if isinstance(item, planning.Item)}) == len(items) == MANY
    assert max(found - done for done, found in told) <= planning._AHEAD
    assert told[-1] == (MANY, MANY)


def test_a_place_that_cannot_be_listed_is_told_with_its_account_and_region(listed: Listed) -> None:
    def denied(clients: Any, place: Place) -> Iterator[str]:
        raise Denied("no")
        yield

    there = Place(account="444455556666", region="eu-west-1")
    found = list(planning.plan([target(denied, there)], lambda done, found: None))
    assert found == [
        planning.Unlisted(account="444455556666", region="eu-west-1", resource_type="sqs-queue", reason="no")
    ]
