"""What a survey costs: calls for many resources of each type (on moto)."""

from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cache
from math import ceil

import boto3
import pytest
from moto import mock_aws

from rightstate.catalogue import load, names
from rightstate.deciding.planner import settings_to_read
from rightstate.surveying.survey import survey
from rightstate_cli.simulation import examples, moto_gaps
from rightstate_cli.simulation.keeping import KeepingSession
from tests.support import cycle
from tests.support.surveyed import REGION, World, place_of
from tests.types import expected

A_PAGE = 100
"""Of the lists of most services."""
SOME = 40


@dataclass(frozen=True)
class Cost:
    """The calls for many resources of a type, with all its policies enabled."""

    resources: int
    calls: Counter[str]

    @property
    def each(self) -> float:
        return sum(self.calls.values()) / self.resources


@cache
def cost(name: str) -> Cost:
    resource_type, example = load(name), examples.load(name)
    place = place_of(resource_type)
    with mock_aws(), moto_gaps.fill():
        session = KeepingSession(place.region)
        many = SOME if expected(name).read_one_by_one else A_PAGE
        for number in range(1 if resource_type.per_account else many):
            expected(name).create_one_of_many(session, number, example)
        world = World(resource_type, cycle.Account(region=place.region))
        seen = world.survey(settings_to_read(resource_type, cycle.enabled(resource_type)))
        assert not [each for each in seen.values() if each.error]
        return Cost(len(seen), Counter(world.account.calls))


READ_ONE_BY_ONE = {name: calls for name in names() if (calls := expected(name).read_one_by_one)}
"""Types whose lists do not tell all, with the operations that are called at most once for a resource."""
LISTED = [name for name in names() if name not in READ_ONE_BY_ONE]
"""Types whose lists tell (nearly) all."""


@pytest.mark.parametrize("name", LISTED)
def test_where_lists_tell_the_settings_a_resource_costs_next_to_nothing(name: str) -> None:
    assert cost(name).each <= expected(name).listed


@pytest.mark.parametrize("name", READ_ONE_BY_ONE)
def test_where_lists_do_not_a_resource_costs_one_call_an_operation_and_its_page(name: str) -> None:
    counted = cost(name)
    per_page = {call: n for call, n in counted.calls.items() if call not in READ_ONE_BY_ONE[name]}
    assert counted.calls.keys() - per_page.keys() == set(READ_ONE_BY_ONE[name])
    most = counted.resources * expected(name).times
    assert all(counted.calls[call] <= most for call in READ_ONE_BY_ONE[name])
    # The list; of the load balancers' tags 20 at once.
    assert sum(per_page.values()) <= 1 + ceil(counted.resources / 20)


@pytest.mark.parametrize("name", ["ec2-instance", "kinesis-stream"])
def test_where_aws_allows_twenty_calls_a_second_two_are_made_at_once(name: str) -> None:
    assert load(name).readers == 2


def test_a_bucket_costs_at_most_one_call_for_each_setting_asked_for() -> None:
    s3 = load("s3-bucket")
    asked = settings_to_read(s3, cycle.enabled(s3))
    assert cost("s3-bucket").each <= len(asked)


def test_the_calls_for_the_resources_of_every_type_are_printed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with capsys.disabled():
        print()
        for name in names():
            calls = ", ".join(f"{count} {call}" for call, count in cost(name).calls.most_common())
            print(f"{name:22} {cost(name).resources:4} resources {cost(name).each:6.3f} calls each: {calls}")
    assert all(cost(name).calls for name in names())


@pytest.mark.parametrize("filled", [True, False], ids=["pages as S3", "pages as moto"])
def test_buckets_are_all_found_whether_the_server_pages_as_s3_does_or_cuts_its_list_off(filled: bool) -> None:
    s3 = load("s3-bucket")
    place = place_of(s3)
    with mock_aws(), moto_gaps.fill() if filled else nullcontext():
        client = boto3.client("s3", region_name=REGION)
        for number in range(230):
            client.create_bucket(Bucket=f"survey-{number:03}")
        elsewhere = {"LocationConstraint": "eu-west-1"}
        client.create_bucket(Bucket="survey-elsewhere", CreateBucketConfiguration=elsewhere)
        world = World(s3, cycle.Account(region=REGION))
        expected = {f"survey-{number:03}" for number in range(230)}
        assert set(s3.find(world.account.client, place)) == expected
        first, *rest = survey(s3, world.account.client, place, frozenset({"Bucket"}))
        assert {seen.resource.id for page in (first, *rest) for seen in page.seen} == expected
        again = survey(s3, world.account.client, place, frozenset({"Bucket"}), token=rest[0].next)
        left = [seen.resource.id for page in again for seen in page.seen]
        assert left == [seen.resource.id for page in rest[1:] for seen in page.seen]
