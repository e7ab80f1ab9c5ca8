"""Each resource type, from an event on the bus to the resource in its account."""

from typing import Any

import pytest

from rightstate.catalogue import find_policy, load, names
from rightstate.identify import identify
from rightstate.resource_type import Place
from rightstate_cli.simulation import examples
from tests.acceptance.emulator import ACCOUNT
from tests.acceptance.hub import Hub, event_about
from tests.support.server import REGION, Server

pytestmark = pytest.mark.acceptance


# The functions find the hub's own topic by AWS_ENDPOINT_URL_SNS, so a member's topics cannot be elsewhere
# here. On AWS there is no such variable. tests/workflow remediates topics.
ON_THE_HUB_S_SERVER = {"sns-topic"}


@pytest.mark.parametrize("resource_type", [each for each in names() if each not in ON_THE_HUB_S_SERVER])
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
    wanted = find_policy(policy)[1]
    wants = wanted.bound_wants(wanted.examples)
    named = identify(loaded, Place(account=ACCOUNT, region=REGION), resource)
    settings = frozenset(wants) | set(loaded.facts)
    session = member.session(ACCOUNT)

    def client(service: str) -> Any:
        return examples.s3_control(session) if service == "s3control" else session.client(service)

    observed = loaded.describe(client, named, settings)
    return all(want.given(observed).holds(observed.get(setting)) for setting, want in wants.items())
