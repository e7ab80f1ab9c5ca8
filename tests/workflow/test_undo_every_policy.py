"""Each policy's change, taken back through the real definition: the resource is as it was, field by field."""

from typing import Any

import pytest

from rightstate.catalogue import find_policy, load_all
from rightstate.policy import Reversibility
from rightstate_cli.embedded.engine import Engine
from rightstate_cli.executions.executions import Start
from tests.support import raw
from tests.support.member import broken, enable, session, start_input
from tests.support.undoing import arn_of, exempt, undo
from tests.types import expected, known

POLICIES = [
    policy.id
    for each in load_all()
    for policy in each.policies
    if policy.reversibility is not Reversibility.NOT
]
NOT_REVERSIBLE = [
    policy.id for each in load_all() for policy in each.policies if policy.reversibility is Reversibility.NOT
]

# What cannot be had again, and what it is instead.
NEAREST = {policy: left for name in known() for policy, left in expected(name).nearest.items()}


@pytest.mark.parametrize("policy", POLICIES)
def test_the_resource_is_as_it_was_when_the_change_is_undone(hub: Engine, policy: str) -> None:
    resource_type = find_policy(policy)[0].name
    enable(hub, policy)
    resource = broken(policy)
    before = seen(resource_type, resource)
    [changed] = hub.run([Start(resource_type=resource_type, input=start_input(resource))])
    assert (changed.outcome, changed.resource) == ("remediated", resource)
    assert seen(resource_type, resource) != before
    exempt(hub, resource_type, resource, policy)
    undone = undo(hub, resource_type, resource, arn_of(hub, changed), consent=True)
    assert (undone.outcome, undone.status) == ("undone", "SUCCEEDED"), undone.reason
    assert seen(resource_type, resource) == {**before, **NEAREST.get(policy, {})}
    assert ("which AWS does not allow again" in undone.reason) is (policy in NEAREST)


@pytest.mark.parametrize("policy", NOT_REVERSIBLE)
def test_an_undo_of_what_cannot_be_undone_says_why_and_changes_nothing(hub: Engine, policy: str) -> None:
    resource_type = find_policy(policy)[0].name
    enable(hub, policy)
    resource = broken(policy)
    [changed] = hub.run([Start(resource_type=resource_type, input=start_input(resource))])
    after = seen(resource_type, resource)
    exempt(hub, resource_type, resource, policy)
    undone = undo(hub, resource_type, resource, arn_of(hub, changed), consent=True)
    assert (changed.outcome, undone.outcome) == ("remediated", "undo-refused")
    assert seen(resource_type, resource) == after


def seen(resource_type: str, resource: str) -> dict[str, Any]:
    found = dict(raw.described(session(), resource_type, resource))
    if instance := found.get("instance"):
        # moto still shows a retention of Performance Insights that are off, which AWS does not.
        hidden: tuple[str, ...] = ()
        hidden += (
            () if instance.get("PerformanceInsightsEnabled") else ("PerformanceInsightsRetentionPeriod",)
        )
        # RDS takes a role for monitoring with an interval only; moto keeps it without one.
        hidden += () if instance.get("MonitoringInterval") else ("MonitoringRoleArn", "MonitoringInterval")
        found["instance"] = {key: value for key, value in instance.items() if key not in hidden}
    return found
