"""What is read of a subnet, what is written, and which are left alone."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from rightstate.catalogue import load
from rightstate.errors import InvalidInput, ResourceGone
from rightstate.models.decision import Outcome, Status
from rightstate.resource_type import Place, Resource
from rightstate_cli.simulation import examples
from tests.support.cycle import Account, decide, enabled, plan, reasons, remediate

SUBNET = load("subnet")
PLACE = Place(account="123456789012", region="us-east-1")
IPV4, IPV6 = (each.id for each in SUBNET.policies)


@pytest.fixture
def account() -> Iterator[Account]:
    with mock_aws():
        yield Account()


def made() -> Resource:
    subnet = examples.load("subnet").create(boto3.Session(region_name="us-east-1"), "", "")
    return Resource(**PLACE.model_dump(), id=subnet)


def test_each_attribute_takes_a_call_and_then_nothing_is_written(account: Account) -> None:
    resource = made()
    decision = remediate(SUBNET, account, resource, enabled(SUBNET))
    assert [list(call.parameters) for call in decision.calls] == [
        ["SubnetId", "MapPublicIpOnLaunch"],
        ["SubnetId", "AssignIpv6AddressOnCreation"],
    ]
    assert account.calls == ["ec2:DescribeSubnets", *["ec2:ModifySubnetAttribute"] * 2]
    assert plan(SUBNET, account, resource, enabled(SUBNET)).outcome is Outcome.COMPLIANT


@pytest.mark.parametrize("associated", ["itself", "main", "elsewhere"])
def test_a_subnet_with_a_way_out_is_held_where_that_is_asked_for(account: Account, associated: str) -> None:
    resource, ec2 = made(), boto3.client("ec2", "us-east-1")
    [subnet] = ec2.describe_subnets(SubnetIds=[resource.id])["Subnets"]
    vpc = subnet["VpcId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    if associated == "main":
        of_vpc = [{"Name": "vpc-id", "Values": [vpc]}]
        table = ec2.describe_route_tables(Filters=of_vpc)["RouteTables"][0]["RouteTableId"]
    else:
        table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    if associated == "itself":
        ec2.associate_route_table(RouteTableId=table, SubnetId=resource.id)
    decision = plan(SUBNET, account, resource, enabled(SUBNET, IPV4, hold_public=True))
    held = decision.verdicts[0].status is Status.HELD
    assert held is (associated != "elsewhere")
    assert plan(SUBNET, account, resource, enabled(SUBNET, IPV4)).apply


@pytest.mark.parametrize(
    ("observed", "status"),
    [
        ({"SharedBy": "999999999999"}, Status.NOT_APPLICABLE),
        ({"Ipv6Native": True}, Status.NOT_APPLICABLE),
        ({"TagKeys": ["public"]}, Status.EXEMPT),
        ({"TagKeys": ["Public", "team"]}, Status.BROKEN),
    ],
)
def test_what_is_not_ours_or_is_so_on_purpose_is_left_alone(observed: dict[str, Any], status: Status) -> None:
    resource = Resource(**PLACE.model_dump(), id="subnet-1a2b3c4d")
    broken = {"MapPublicIpOnLaunch": True, "AssignIpv6AddressOnCreation": True}
    decision = decide(SUBNET, resource, enabled(SUBNET, allow_tag="public"), {**broken, **observed})
    assert {verdict.status for verdict in decision.verdicts} == {status}
    assert (status is Status.BROKEN) or all(reasons(decision))


def test_a_new_default_vpc_concerns_its_subnets(account: Account) -> None:
    resource = made()
    [subnet] = boto3.client("ec2", "us-east-1").describe_subnets(SubnetIds=[resource.id])["Subnets"]
    assert SUBNET.members
    assert list(SUBNET.members(account.client, PLACE, subnet["VpcId"])) == [("us-east-1", resource.id)]
    with pytest.raises(ResourceGone, match="no subnet"):
        SUBNET.members(account.client, PLACE, "vpc-1a2b3c4d")
    with pytest.raises(InvalidInput, match="cannot be the id of a VPC"):
        SUBNET.members(account.client, PLACE, "*")


def test_a_subnet_that_does_not_exist_is_gone(account: Account) -> None:
    account.client("ec2").describe_subnets = lambda **given: {"Subnets": []}
    with pytest.raises(ResourceGone):
        plan(SUBNET, account, Resource(**PLACE.model_dump(), id="subnet-1a2b3c4d"), enabled(SUBNET))
