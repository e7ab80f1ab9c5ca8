"""The actions that AWS is asked for while the examples of a type are found, described and mended."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

import botocore.session
from botocore.model import ServiceModel
from moto import mock_aws

from rightstate.catalogue import load
from rightstate.deciding.planner import decide
from rightstate.identify import at_home
from rightstate.models.decision import Decision
from rightstate.resource_type import Observed, Place, Resource
from rightstate_cli.simulation import examples, moto_gaps
from rightstate_cli.simulation.keeping import KeepingSession
from tests.support import cycle
from tests.types import expected, known

# No other test is there, so that what is asked once for a container is asked here too.
REGION = "ap-southeast-2"


@cache
def service_model(service: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model(service)


def action(call: str) -> str:
    """`elbv2:DescribeTags` -> `elasticloadbalancing:DescribeTags`."""
    service, _, name = call.partition(":")
    prefixes, actions = _called_otherwise()
    return actions.get(call, f"{prefixes.get(service, service_model(service).signing_name)}:{name}")


@cache
def _called_otherwise() -> tuple[Mapping[str, str], Mapping[str, str]]:
    every = [expected(name) for name in known()]
    return (
        {service: prefix for each in every for service, prefix in each.iam_prefixes.items()},
        {call: action for each in every for call, action in each.iam_actions.items()},
    )


@dataclass
class Made:
    """What was called for the examples of a type, by phase, and what was planned."""

    read: set[str] = field(default_factory=set)
    applied: dict[Resource, set[str]] = field(default_factory=dict)
    undone: dict[Resource, set[str]] = field(default_factory=dict)
    observed: list[tuple[Resource, Observed]] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    undos: list[Decision] = field(default_factory=list)

    @property
    def apply(self) -> set[str]:
        return set().union(*self.applied.values())

    @property
    def undo(self) -> set[str]:
        return set().union(*self.undone.values())


@cache
def made(name: str) -> Made:
    """List, describe, mend and verify the type's examples, with all its policies enabled; and undo that."""
    resource_type, example = load(name), examples.load(name)
    place = at_home(resource_type, Place(account="123456789012", region=REGION))
    policies = cycle.enabled(resource_type)
    result = Made()
    # moto draws from it, and Hypothesis wants it left alone.
    drawn = random.getstate()
    with mock_aws(), moto_gaps.fill():
        account = cycle.Account(region=place.region)
        session = KeepingSession(place.region)
        found = [example.create(session, example.name, example.policy), *example.also]
        found += [example.create(session, each, policy) for each, policy in example.others.items()]
        assert set(found) <= set(resource_type.find(account.client, place))
        for each in found:
            resource = Resource(**place.model_dump(), id=each)
            observed = cycle.observe(resource_type, account, resource, policies)
            decision = decide(resource_type, resource, policies, observed)
            result.observed.append((resource, observed))
            result.decisions.append(decision)
            if resource_type.tags:
                resource_type.tags(account.client, resource)
            result.read |= actions_of(account)
            cycle.make(resource_type, account, resource, decision)
            result.applied[resource] = actions_of(account)
            cycle.observe(resource_type, account, resource, policies)
            result.read |= actions_of(account)
            undo = cycle.undo(resource_type, account, resource, decision)
            result.undos.append(undo)
            result.read |= actions_of(account)
            cycle.make(resource_type, account, resource, undo)
            result.undone[resource] = actions_of(account)
    random.setstate(drawn)
    return result


def actions_of(account: cycle.Account) -> set[str]:
    """Those of the calls since the last time."""
    calls, account.calls[:] = set(account.calls), []
    return {action(call) for call in calls}
