"""What is read of a Classic Load Balancer, what is written, and what is left as it is."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.stub import Stubber
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws

from rightstate.aws.errors import named_errors
from rightstate.catalogue import load
from rightstate.errors import ResourceGone
from rightstate.models.decision import Outcome
from rightstate.resource_type import Place, Resource
from rightstate_cli.simulation import moto_gaps
from tests.support.cycle import Account, enabled, observe, plan, remediate

BALANCER = load("classic-load-balancer")
RESOURCE = Resource(account="123456789012", region="us-east-1", id="storefront")
READ, WRITE = "elb:DescribeLoadBalancerAttributes", "elb:ModifyLoadBalancerAttributes"


@pytest.fixture
def account() -> Iterator[Account]:
    with mock_aws(), moto_gaps.fill():
        made = Account()
        made.client("elb").create_load_balancer(
            LoadBalancerName="storefront",
            Listeners=[{"Protocol": "tcp", "LoadBalancerPort": 80, "InstancePort": 8080}],
            AvailabilityZones=["us-east-1a"],
        )
        yield made


def modify(account: Account, **attributes: Any) -> None:
    account.client("elb").modify_load_balancer_attributes(
        LoadBalancerName="storefront", LoadBalancerAttributes=attributes
    )


def attributes(account: Account) -> dict[str, Any]:
    """All but the additional ones, of which moto adds one at each change."""
    answer = account.client("elb").describe_load_balancer_attributes(LoadBalancerName="storefront")
    return {k: v for k, v in answer["LoadBalancerAttributes"].items() if k != "AdditionalAttributes"}


def test_draining_is_enabled_with_one_call_and_then_nothing_is_written(account: Account) -> None:
    account.calls.clear()
    assert remediate(BALANCER, account, RESOURCE, enabled(BALANCER)).outcome is Outcome.REMEDIATED
    assert account.calls == [READ, READ, WRITE]
    assert attributes(account)["ConnectionDraining"] == {"Enabled": True, "Timeout": 300}
    account.calls.clear()
    assert remediate(BALANCER, account, RESOURCE, enabled(BALANCER)).outcome is Outcome.COMPLIANT
    assert account.calls == [READ]


def test_every_other_attribute_stays_as_it_was(account: Account) -> None:
    modify(
        account,
        CrossZoneLoadBalancing={"Enabled": True},
        AccessLog={"Enabled": True, "S3BucketName": "logs", "EmitInterval": 5, "S3BucketPrefix": "elb"},
        ConnectionSettings={"IdleTimeout": 77},
    )
    before = attributes(account)
    account.parameters.clear()
    remediate(BALANCER, account, RESOURCE, enabled(BALANCER))
    assert attributes(account) == {**before, "ConnectionDraining": {"Enabled": True, "Timeout": 300}}
    [written] = [given for name, given in account.parameters if name == "ModifyLoadBalancerAttributes"]
    assert set(written["LoadBalancerAttributes"]) == {"ConnectionDraining"}


def test_a_timeout_of_the_accounts_settings_is_set_where_there_is_none(account: Account) -> None:
    remediate(BALANCER, account, RESOURCE, enabled(BALANCER, timeout_seconds=42))
    assert attributes(account)["ConnectionDraining"] == {"Enabled": True, "Timeout": 42}


@given(timeout=st.integers(1, 3600), preferred=st.integers(1, 3600))
@settings(max_examples=25)
def test_a_timeout_that_is_set_is_kept_whatever_the_settings_prefer(
    account: Account, timeout: int, preferred: int
) -> None:
    modify(account, ConnectionDraining={"Enabled": False, "Timeout": timeout})
    decision = remediate(BALANCER, account, RESOURCE, enabled(BALANCER, timeout_seconds=preferred))
    assert [change.setting for change in decision.changes] == ["ConnectionDraining.Enabled"]
    assert attributes(account)["ConnectionDraining"] == {"Enabled": True, "Timeout": timeout}


@pytest.mark.parametrize("timeout", [1, 300, 3600])
def test_draining_that_is_enabled_is_left_alone_with_any_timeout(account: Account, timeout: int) -> None:
    modify(account, ConnectionDraining={"Enabled": True, "Timeout": timeout})
    decision = plan(BALANCER, account, RESOURCE, enabled(BALANCER, timeout_seconds=60))
    assert (decision.outcome, decision.calls) == (Outcome.COMPLIANT, ())


def test_a_timeout_that_was_set_after_the_decision_is_kept(account: Account) -> None:
    decision = plan(BALANCER, account, RESOURCE, enabled(BALANCER))
    modify(account, ConnectionDraining={"Enabled": False, "Timeout": 15})
    BALANCER.apply(account.client, RESOURCE, decision.calls[0], decision.changes)
    assert attributes(account)["ConnectionDraining"] == {"Enabled": True, "Timeout": 15}


def test_draining_that_somebody_else_has_enabled_meanwhile_is_not_written(account: Account) -> None:
    decision = plan(BALANCER, account, RESOURCE, enabled(BALANCER))
    modify(account, ConnectionDraining={"Enabled": True, "Timeout": 15})
    account.calls.clear()
    BALANCER.apply(account.client, RESOURCE, decision.calls[0], decision.changes)
    assert account.calls == [READ]


def test_one_that_does_not_exist_is_gone(account: Account) -> None:
    missing = RESOURCE.model_copy(update={"id": "missing"})
    with pytest.raises(ResourceGone), named_errors(gone=BALANCER.gone):
        plan(BALANCER, account, missing, enabled(BALANCER))


@pytest.mark.parametrize("seconds", [0, 3601])
def test_a_timeout_that_aws_refuses_is_refused_before(seconds: int) -> None:
    [policy] = BALANCER.policies
    assert not policy.parameters["timeout_seconds"].accepts(seconds)


def test_nothing_of_the_other_attributes_is_observed(account: Account) -> None:
    elb = account.client("elb")
    with Stubber(elb) as stubber:
        stubber.add_response(
            "describe_load_balancer_attributes",
            {
                "LoadBalancerAttributes": {
                    "AccessLog": {"Enabled": True, "S3BucketName": "logs"},
                    "ConnectionDraining": {"Enabled": False, "Timeout": 300},
                }
            },
        )
        observed = observe(BALANCER, account, RESOURCE, enabled(BALANCER))
    assert observed == {"ConnectionDraining.Enabled": False, "ConnectionDraining.Timeout": 300}


PLACE = Place(account="123456789012", region="us-east-1")


def test_load_balancers_are_listed_by_name(account: Account) -> None:
    assert list(BALANCER.find(account.client, PLACE)) == ["storefront"]


def test_a_page_of_the_list_is_read_when_it_is_needed(account: Account) -> None:
    elb = account.client("elb")
    with Stubber(elb) as stubber:
        first = {"LoadBalancerDescriptions": [{"LoadBalancerName": "one"}], "NextMarker": "more"}
        stubber.add_response("describe_load_balancers", first, {"PageSize": 100})
        listing = iter(BALANCER.find(account.client, PLACE))
        assert next(listing) == "one"
        stubber.add_response(
            "describe_load_balancers",
            {"LoadBalancerDescriptions": [{"LoadBalancerName": "two"}]},
            {"Marker": "more", "PageSize": 100},
        )
        assert list(listing) == ["two"]
