"""VPC subnets: whether new network interfaces get public addresses by themselves."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from rightstate.errors import InvalidInput, ResourceGone
from rightstate.event_rule import Rule, Subject
from rightstate.identify import shown
from rightstate.in_code import InCode
from rightstate.listing import PAGE, Answer, Shared, paged, pages, the_one
from rightstate.policies.subnet import POLICIES
from rightstate.resource_type import (
    Call,
    Case,
    Change,
    Clients,
    Listing,
    Observed,
    Place,
    Resource,
    ResourceType,
    Setting,
    listed_tags,
    tags_in,
)
from rightstate.wants import Value, as_list

# EC2 User Guide, Resource IDs: 8 characters until 2016, 17 since.
_HEX = r"(?:[0-9a-f]{17}|[0-9a-f]{8})"
_ARN = "arn:{partition}:ec2:{region}:{account}:subnet/{id}"


def _members(clients: Clients, place: Place, group: str) -> list[tuple[str, str]]:
    """The subnets of a default VPC, which come with it."""
    if not re.fullmatch(f"vpc-{_HEX}", group):
        raise InvalidInput(f"{shown(group)} cannot be the id of a VPC. Nothing was changed.")
    of_vpc = [{"Name": "vpc-id", "Values": [group]}]
    found = clients("ec2").describe_subnets(Filters=of_vpc)["Subnets"]
    if not found:
        raise ResourceGone(f"VPC {group} has no subnet (yet, or any more).")
    return [(place.region, each["SubnetId"]) for each in found]


def _one(clients: Clients, resource: Resource) -> Answer:
    return the_one(clients("ec2").describe_subnets(SubnetIds=[resource.id])["Subnets"], "DescribeSubnets")


def _observe(
    clients: Clients, resource: Resource, subnet: Answer, settings: frozenset[str], shared: Shared
) -> Observed:
    observed: dict[str, Value] = {
        "MapPublicIpOnLaunch": bool(subnet.get("MapPublicIpOnLaunch")),
        "AssignIpv6AddressOnCreation": bool(subnet.get("AssignIpv6AddressOnCreation")),
        "Ipv6Native": bool(subnet.get("Ipv6Native")),
        "SharedBy": None if subnet["OwnerId"] == resource.account else subnet["OwnerId"],
        "TagKeys": sorted(tags_in(subnet.get("Tags", ()))),
    }
    if "InternetGateway" in settings:
        vpcs = sorted({each["VpcId"] for each in shared.answers})
        tables = shared.once("tables", lambda: _route_tables(clients, vpcs))
        observed["InternetGateway"] = _leads_out(subnet, tables)
    return {name: observed[name] for name in settings}


def _route_tables(clients: Clients, vpcs: Sequence[str]) -> list[Mapping[str, Any]]:
    of_vpcs = [{"Name": "vpc-id", "Values": list(vpcs)}]
    listed = pages(
        clients, "ec2", "describe_route_tables", "RouteTables", "", Filters=of_vpcs, MaxResults=PAGE
    )
    return [table for page, _ in listed for table in page]


def _leads_out(subnet: Mapping[str, Any], tables: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the subnet's route table, or else its VPC's main one, has a route to an internet gateway."""

    def named(key: str, value: Any, table: Mapping[str, Any]) -> bool:
        return any(each.get(key) == value for each in table["Associations"])

    own = [each for each in tables if named("SubnetId", subnet["SubnetId"], each)]
    main = [each for each in tables if each["VpcId"] == subnet["VpcId"] and named("Main", True, each)]
    return any(
        str(route.get("GatewayId", "")).startswith("igw-")
        for table in (own or main)
        for route in table["Routes"]
    )


_LISTING = Listing(
    pages=paged("ec2", "describe_subnets", "Subnets", MaxResults=PAGE),
    id_of=lambda subnet: str(subnet["SubnetId"]),
    one=_one,
    observe=_observe,
    tags=listed_tags,
)


def _calls(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    """For an undo too. A call takes one attribute (API reference, ModifySubnetAttribute)."""
    return [
        Call(
            service="ec2",
            operation="ModifySubnetAttribute",
            parameters={"SubnetId": resource.id, change.setting: {"Value": change.after}},
            settings=(change.setting,),
        )
        for change in changes
    ]


_WRITTEN = ("MapPublicIpOnLaunch", "AssignIpv6AddressOnCreation")
_SET_BACK_BY = ("CreateDefaultSubnet", "CreateDefaultVpc", "CreateSubnet", "ModifySubnetAttribute")

RESOURCE_TYPE = ResourceType(
    name="subnet",
    title="VPC subnet",
    service="ec2",
    policies=POLICIES,
    settings={
        **{
            name: Setting(
                read=f"DescribeSubnets:Subnets[].{name}",
                write=f"ModifySubnetAttribute:{name}.Value",
                set_back_by=_SET_BACK_BY,
            )
            for name in _WRITTEN
        },
        "Ipv6Native": Setting(read="DescribeSubnets:Subnets[].Ipv6Native"),
        "SharedBy": Setting(read="DescribeSubnets:Subnets[].OwnerId"),
        "TagKeys": Setting(read="DescribeSubnets:Subnets[].Tags[].Key"),
        "InternetGateway": Setting(read="DescribeRouteTables:RouteTables[].Routes[].GatewayId"),
    },
    in_code={
        "MapPublicIpOnLaunch": InCode(
            "AWS::EC2::Subnet/MapPublicIpOnLaunch", "aws_subnet.map_public_ip_on_launch"
        ),
        "AssignIpv6AddressOnCreation": InCode(
            "AWS::EC2::Subnet/AssignIpv6AddressOnCreation", "aws_subnet.assign_ipv6_address_on_creation"
        ),
    },
    cases={
        "of-another-account": Case(
            reason="Another account owns the subnet and shares it.",
            holds=lambda observed: observed.get("SharedBy") is not None,
            reads=("SharedBy",),
        ),
        "ipv6-native": Case(
            reason="The subnet is for IPv6 only, so that an interface has no other address.",
            holds=lambda observed: observed.get("Ipv6Native") is True,
            reads=("Ipv6Native",),
        ),
        "allowed": Case(
            reason="The subnet has the tag allow_tag, and assigns addresses on purpose.",
            holds=lambda observed: observed["allow_tag"] in as_list(observed.get("TagKeys")),
            reads=("TagKeys",),
            switch="allow_tag",
        ),
        "public": Case(
            reason="The subnet's route table leads to an internet gateway, so that what is launched "
            "there may need the address. With hold_public=false it is changed.",
            holds=lambda observed: observed.get("InternetGateway") is True,
            reads=("InternetGateway",),
            switch="hold_public",
        ),
    },
    arn=_ARN,
    id_pattern=f"subnet-{_HEX}",
    config_type="AWS::EC2::Subnet",
    listing=_LISTING,
    rules=(
        Rule("NewSubnets", "ec2", ("CreateSubnet",), Subject(("responseElements.subnet.subnetId",))),
        Rule(
            "NewDefaultSubnets",
            "ec2",
            ("CreateDefaultSubnet",),
            Subject(("responseElements.CreateDefaultSubnetResponse.subnet.subnetId",)),
            name="subnet-default",
        ),
        Rule(
            "NewDefaultVpcs",
            "ec2",
            ("CreateDefaultVpc",),
            Subject(("responseElements.CreateDefaultVpcResponse.vpc.vpcId",), kind="group"),
            name="subnet-default-vpc",
        ),
        Rule(
            "ChangedSubnets",
            "ec2",
            ("ModifySubnetAttribute",),
            Subject(("requestParameters.subnetId",)),
            name="subnet-changed",
        ),
    ),
    calls=_calls,
    members=_members,
    read_actions=("ec2:DescribeRouteTables", "ec2:DescribeSubnets"),
    write_actions=("ec2:ModifySubnetAttribute",),
    write_resources=(_ARN,),
    gone=("InvalidSubnetID.NotFound",),
)
