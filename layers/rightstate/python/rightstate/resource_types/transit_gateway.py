"""Transit gateways: whether they accept attachments of other accounts by themselves."""

from collections.abc import Sequence

from rightstate.event_rule import Rule, Subject
from rightstate.in_code import InCode
from rightstate.listing import PAGE, Answer, Shared, paged, the_one
from rightstate.policies.transit_gateway import POLICIES
from rightstate.resource_type import (
    Call,
    Case,
    Change,
    Clients,
    Listing,
    Observed,
    Resource,
    ResourceType,
    Setting,
    listed_tags,
)
from rightstate.wants import Value

_ARN = "arn:{partition}:ec2:{region}:{account}:transit-gateway/{id}"


def _one(clients: Clients, resource: Resource) -> Answer:
    found = clients("ec2").describe_transit_gateways(TransitGatewayIds=[resource.id])["TransitGateways"]
    return the_one(found, "DescribeTransitGateways")


def _observe(
    clients: Clients, resource: Resource, gateway: Answer, settings: frozenset[str], shared: Shared
) -> Observed:
    observed: dict[str, Value] = {
        "AutoAcceptSharedAttachments": gateway["Options"]["AutoAcceptSharedAttachments"],
        "State": gateway["State"],
        "SharedBy": None if gateway["OwnerId"] == resource.account else gateway["OwnerId"],
    }
    return {name: observed[name] for name in settings}


_LISTING = Listing(
    pages=paged("ec2", "describe_transit_gateways", "TransitGateways", MaxResults=PAGE),
    id_of=lambda gateway: str(gateway["TransitGatewayId"]),
    one=_one,
    observe=_observe,
    tags=listed_tags,
)


def _calls(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    """For an undo too. Options that are not named stay (API reference, ModifyTransitGateway)."""
    [change] = changes
    return [
        Call(
            service="ec2",
            operation="ModifyTransitGateway",
            parameters={"TransitGatewayId": resource.id, "Options": {change.setting: change.after}},
            settings=(change.setting,),
        )
    ]


def _busy(observed: Observed) -> str | None:
    state = observed.get("State")
    return f"The transit gateway is {state}." if state in ("pending", "modifying") else None


RESOURCE_TYPE = ResourceType(
    name="transit-gateway",
    title="transit gateway",
    service="ec2",
    policies=POLICIES,
    settings={
        "AutoAcceptSharedAttachments": Setting(
            read="DescribeTransitGateways:TransitGateways[].Options.AutoAcceptSharedAttachments",
            write="ModifyTransitGateway:Options.AutoAcceptSharedAttachments",
            set_back_by=("CreateTransitGateway", "ModifyTransitGateway"),
        ),
        "State": Setting(read="DescribeTransitGateways:TransitGateways[].State"),
        "SharedBy": Setting(read="DescribeTransitGateways:TransitGateways[].OwnerId"),
    },
    in_code={
        "AutoAcceptSharedAttachments": InCode(
            "AWS::EC2::TransitGateway/AutoAcceptSharedAttachments",
            "aws_ec2_transit_gateway.auto_accept_shared_attachments",
        ),
    },
    cases={
        "of-another-account": Case(
            reason="Another account owns the transit gateway and shares it.",
            holds=lambda observed: observed.get("SharedBy") is not None,
            reads=("SharedBy",),
        ),
        "being-deleted": Case(
            reason="The transit gateway is deleted.",
            holds=lambda observed: observed.get("State") in ("deleting", "deleted"),
            reads=("State",),
        ),
    },
    facts=("State",),
    busy=_busy,
    arn=_ARN,
    id_pattern=r"tgw-[0-9a-f]{17}",
    config_type="AWS::EC2::TransitGateway",
    listing=_LISTING,
    rules=(
        Rule(
            "NewGateways",
            "ec2",
            ("CreateTransitGateway",),
            Subject(("responseElements.CreateTransitGatewayResponse.transitGateway.transitGatewayId",)),
        ),
        Rule(
            "ChangedGateways",
            "ec2",
            ("ModifyTransitGateway",),
            Subject(("requestParameters.ModifyTransitGatewayRequest.TransitGatewayId",)),
            name="transit-gateway-changed",
        ),
    ),
    calls=_calls,
    read_actions=("ec2:DescribeTransitGateways",),
    write_actions=("ec2:ModifyTransitGateway",),
    write_resources=(_ARN,),
    gone=("InvalidTransitGatewayID.NotFound",),
    busy_errors=("IncorrectState",),
)
