"""What is read of a transit gateway, what is written, and which are left alone."""

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from rightstate.catalogue import load
from rightstate.errors import ResourceGone
from rightstate.models.decision import Outcome
from rightstate.resource_type import Resource
from rightstate_cli.simulation import examples
from tests.support.cycle import Account, decide, enabled, plan, remediate

GATEWAY = load("transit-gateway")
RESOURCE = Resource(account="123456789012", region="us-east-1", id="tgw-0a1b2c3d4e5f60718")


@pytest.fixture
def account() -> Iterator[Account]:
    with mock_aws():
        yield Account()


def test_it_accepts_nothing_by_itself_any_more_and_its_other_options_stay(account: Account) -> None:
    made = examples.load("transit-gateway").create(boto3.Session(region_name="us-east-1"), "", "")
    resource = RESOURCE.model_copy(update={"id": made})
    [before] = account.client("ec2").describe_transit_gateways()["TransitGateways"]
    remediate(GATEWAY, account, resource, enabled(GATEWAY))
    [after] = account.client("ec2").describe_transit_gateways()["TransitGateways"]
    assert after["Options"] == {**before["Options"], "AutoAcceptSharedAttachments": "disable"}
    assert plan(GATEWAY, account, resource, enabled(GATEWAY)).outcome is Outcome.COMPLIANT


@pytest.mark.parametrize(
    ("observed", "reason"),
    [({"SharedBy": "999999999999"}, "Another account owns"), ({"State": "deleting"}, "deleted")],
)
def test_what_is_not_ours_or_goes_is_not_applicable(observed: dict[str, str], reason: str) -> None:
    broken = {"AutoAcceptSharedAttachments": "enable", "State": "available"}
    decision = decide(GATEWAY, RESOURCE, enabled(GATEWAY), {**broken, **observed})
    assert decision.outcome is Outcome.NOT_APPLICABLE
    assert reason in decision.reason


@pytest.mark.parametrize(("state", "busy"), [("pending", True), ("modifying", True), ("available", False)])
def test_it_is_changed_once_it_is_available(state: str, busy: bool) -> None:
    assert (GATEWAY.busy({"State": state}) is not None) is busy


def test_a_gateway_that_ec2_does_not_list_is_gone(account: Account) -> None:
    with pytest.raises(ResourceGone):
        plan(GATEWAY, account, RESOURCE, enabled(GATEWAY))
