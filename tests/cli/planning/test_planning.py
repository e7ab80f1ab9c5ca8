"""How a plan reads: lists no further than it has read, hides nothing, and ends when it is left."""

from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from rightstate.catalogue import load
from rightstate.errors import Denied
from rightstate.listing import PAGE
from rightstate.models.settings import Account, Enabled
from rightstate.policy import Mode
from rightstate.resource_type import Observed, Place, Resource
from rightstate.states import assessment
from rightstate_cli.planning import survey
from rightstate_cli.planning.target import Target

ACCOUNT, REGION = "123456789012", "us-east-1"
MANY = 5000
PLACE = {"account": ACCOUNT, "region": REGION}


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
    monkeypatch.setattr(assessment, "open_session", lambda *given: SimpleNamespace(client=None))
    return Listed()


def encrypted(*given: Any) -> Observed:
    return {"Encryption": "SSE-SQS"}


def target(find: Any, place: Place | None = None) -> Target:
    place = place or Place(account=ACCOUNT, region=REGION)
    return Target(
        place=place,
        account=Account(
            account=place.account, policies={"sqs-server-side-encryption": Enabled(mode=Mode.AUTO)}
        ),
        types=(replace(load("sqs-queue"), listing=None, find=find, describe=encrypted),),
        resources=(),
    )


def test_everything_is_planned_once_and_surveyed_few_pages_ahead(listed: Listed) -> None:
    told: list[tuple[int, int]] = []
    items = []
    for item in survey.plan([target(listed)], lambda done, found: told.append((done, found))):
        items.append(item)
        # Its own page, those that wait to be taken, the one that waits to be handed over and the next one.
        assert listed.count <= len(items) + (survey._PAGES_AHEAD + 3) * PAGE
    assert len({item.resource for item in items if isinstance(item, survey.Item)}) == len(items) == MANY
    assert told[-1] == (MANY, MANY)


def test_a_plan_that_is_left_ends(listed: Listed) -> None:
    found = survey.plan(
        [target(listed), target(listed, Place(account=ACCOUNT, region="eu-west-1"))], lambda done, found: None
    )
    next(found)
    found.close()
    assert listed.count < MANY


def test_an_error_of_ours_in_a_plan_is_raised_and_leaves_nothing_out_silently(
    listed: Listed, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = replace(target(listed), resources=((load("sqs-queue"), Resource(**PLACE, id="q")),))

    def fails(*given: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(survey, "assess_one", fails)
    with pytest.raises(ZeroDivisionError):
        list(survey.plan([named], lambda done, found: None))


def test_a_place_that_cannot_be_listed_is_told_with_its_account_and_region(listed: Listed) -> None:
    def denied(clients: Any, place: Place) -> Iterator[str]:
        raise Denied("no")
        yield

    there = Place(account="444455556666", region="eu-west-1")
    found = list(survey.plan([target(denied, there)], lambda done, found: None))
    assert found == [
        survey.Unlisted(account="444455556666", region="eu-west-1", resource_type="sqs-queue", reason="no")
    ]
