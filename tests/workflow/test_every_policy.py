"""Each policy, from an event, through the real rules, definition and functions."""

import pytest

from rightstate.catalogue import find_policy, load_all
from rightstate_cli.embedded.engine import Engine
from rightstate_cli.executions.executions import Execution
from tests.support.calls import Calls
from tests.support.entries import entry_of
from tests.support.member import broken, enable, event_about

POLICIES = [policy.id for each in load_all() for policy in each.policies]


@pytest.mark.parametrize("policy", POLICIES)
def test_a_resource_that_breaks_it_is_remediated_from_an_event_and_then_left_alone(
    hub: Engine, calls: Calls, policy: str
) -> None:
    enable(hub, policy)
    resource = broken(policy)
    execution = sent(hub, policy, resource)
    assert_remediated(hub, execution, policy, resource)
    calls.made.clear()
    again = sent(hub, policy, resource)
    assert (again.status, again.outcome) == ("SUCCEEDED", "compliant")
    assert calls.writes == []
    assert len(again.steps) <= 7


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
