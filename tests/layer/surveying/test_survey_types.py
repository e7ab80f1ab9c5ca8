"""A survey sees what describe sees, of every type and every setting (on moto)."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws

from rightstate.catalogue import load, names
from rightstate_cli.simulation import examples, moto_gaps
from rightstate_cli.simulation.keeping import KeepingSession
from tests.support import cycle
from tests.support.surveyed import World, place_of


@pytest.fixture(scope="module", params=names())
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    resource_type, example = load(request.param), examples.load(request.param)
    with mock_aws(), moto_gaps.fill():
        session = KeepingSession(place_of(resource_type).region)
        made = [example.create(session, example.name, example.policy), *example.also]
        made += [example.create(session, each, policy) for each, policy in example.others.items()]
        yield World(resource_type, cycle.Account(region=session.region_name), frozenset(made))


@given(data=st.data())
@settings(max_examples=12)
def test_a_survey_and_describe_agree_on_whatever_settings_are_asked_for(
    world: World, data: st.DataObject
) -> None:
    wanted = data.draw(st.sets(st.sampled_from(sorted(world.resource_type.settings))))
    _agree(world, frozenset({*wanted, *world.resource_type.facts}))


def test_a_survey_and_describe_agree_on_every_setting(world: World) -> None:
    _agree(world, frozenset(world.resource_type.settings))


def _agree(world: World, asked: frozenset[str]) -> None:
    seen = world.survey(asked)
    assert world.made <= set(seen) == set(world.resource_type.find(world.account.client, world.place))
    for each in seen.values():
        assert each.error is None
        assert each.observed == world.resource_type.describe(world.account.client, each.resource, asked)


def test_a_survey_and_a_single_read_agree_on_the_tags(world: World) -> None:
    facts = frozenset(world.resource_type.facts)
    for each in world.survey(facts, tags=True).values():
        tags = world.resource_type.tags
        assert each.tags == (tags(world.account.client, each.resource) if tags else {})
    assert all(each.tags is None for each in world.survey(facts).values())
