"""Each policy, from an event, through the real rules, definition and functions, and its change taken back."""

from typing import Any

import pytest

from rightstate.catalogue import find_policy, load_all
from rightstate.policy import Reversibility
from rightstate_cli.embedded.engine import Engine
from rightstate_cli.executions.executions import Execution
from tests.support import raw
from tests.support.calls import Calls
from tests.support.entries import entry_of
from tests.support.member import broken, enable, event_about, session
from tests.support.undoing import arn_of, exempt, undo
from tests.types import expected, known

POLICIES = [policy.id for each in load_all() for policy in each.policies]

# What cannot be had again, and what it is instead.
NEAREST = {policy: left for name in known() for policy, left in expected(name).nearest.items()}


@pytest.mark.parametrize("policy", POLICIES)
def test_a_resource_is_remediated_from_an_event_and_left_alone_until_the_change_is_undone(
    hub: Engine, calls: Calls, policy: str
) -> None:
    """What cannot be undone stays as it is, and the undo says so."""
    resource_type, about = find_policy(policy)
    enable(hub, policy)
    resource = broken(policy)
    before = seen(resource_type.name, resource)
    changed = sent(hub, policy, resource)
    assert_remediated(hub, changed, policy, resource)
    after = seen(resource_type.name, resource)
    assert after != before

    calls.made.clear()
    again = sent(hub, policy, resource)
    assert (again.status, again.outcome) == ("SUCCEEDED", "compliant")
    assert calls.writes == []
    assert len(again.steps) <= 7

    exempt(hub, resource_type.name, resource, policy)
    undone = undo(hub, resource_type.name, resource, arn_of(hub, changed), consent=True)
    if about.reversibility is Reversibility.NOT:
        assert undone.outcome == "undo-refused"
        assert seen(resource_type.name, resource) == after
        return
    assert (undone.outcome, undone.status) == ("undone", "SUCCEEDED"), undone.reason
    assert seen(resource_type.name, resource) == {**before, **NEAREST.get(policy, {})}
    assert ("which AWS does not allow again" in undone.reason) is (policy in NEAREST)


def sent(hub: Engine, policy: str, resource: str) -> Execution:
    # An event may start several types, as that of the S3 settings of an account does.
    name = find_policy(policy)[0].name
    [match] = [
        each for each in hub.matches(event_about(policy, resource)) if each.start.resource_type == name
    ]
    [execution] = hub.run([match.start])
    return execution


def assert_remediated(hub: Engine, execution: Execution, policy: str, resource: str) -> None:
    assert (execution.status, execution.outcome, execution.reason) != ("FAILED", "failed", execution.reason)
    assert (execution.outcome, execution.resource) == ("remediated", resource)
    assert len(execution.steps) <= 9
    entry = entry_of(hub, execution)
    assert entry["outcome"] == "remediated"
    assert {change["setting"] for change in entry["changes"]} == set(find_policy(policy)[1].wants)
    for change in entry["changes"]:
        assert change["before"] != change["after"]
        assert entry["verified"][change["setting"]] == change["after"]
        assert change["policies"] == [policy]


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
