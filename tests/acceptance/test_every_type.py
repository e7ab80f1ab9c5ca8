"""Each resource type, from an event on the bus to the resource in its account."""

import pytest

from rightstate.catalogue import load, names
from rightstate.identify import identify
from rightstate.resource_type import Place
from rightstate_cli.simulation import examples
from tests.acceptance.emulator import ACCOUNT
from tests.acceptance.hub import Hub, event_about
from tests.support.server import REGION, Server

pytestmark = pytest.mark.acceptance


@pytest.mark.parametrize("resource_type", names())
def test_an_event_about_a_resource_in_a_wrong_state_puts_it_right(
    hub: Hub, member: Server, resource_type: str
) -> None:
    policy = examples.load(resource_type).policy
    made = member.make(resource_type, f"deployed-{resource_type}", ACCOUNT, policy)
    hub.enable(policy)
    assert not holds(member, resource_type, policy, made)

    [event] = hub.send(event_about(resource_type, policy, made))
    execution = hub.follow(event, resource_type)

    assert (execution.status, execution.outcome, execution.reason) == (
        "SUCCEEDED",
        "remediated",
        execution.reason,
    )
    assert holds(member, resource_type, policy, made)
    entry = hub.entry(execution)
    assert (entry["outcome"], entry["event"]["id"]) == ("remediated", event)
    assert entry["calls"]


def holds(member: Server, resource_type: str, policy: str, resource: str) -> bool:
    """Whether the resource, read anew by the account's own administrator, is as the policy wants it."""
    loaded = load(resource_type)
    wants = loaded.policy(policy).bound_wants({})
    named = identify(loaded, Place(account=ACCOUNT, region=REGION), resource)
    settings = frozenset(wants) | set(loaded.facts)
    observed = loaded.describe(member.session(ACCOUNT).client, named, settings)
    return all(want.holds(observed.get(setting)) for setting, want in wants.items())
