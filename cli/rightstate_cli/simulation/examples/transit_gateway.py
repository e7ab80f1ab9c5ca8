"""A transit gateway that accepts attachments of other accounts by itself."""

import boto3

from rightstate_cli.simulation.examples import Example


def _create(session: boto3.Session, name: str, policy: str) -> str:
    options = {"AutoAcceptSharedAttachments": "enable"}
    made = session.client("ec2").create_transit_gateway(Options=options)  # type: ignore[arg-type]
    return made["TransitGateway"]["TransitGatewayId"]


EXAMPLE = Example(
    name="tgw-0a1b2c3d4e5f60718",
    policy="transit-gateway-no-auto-accept",
    event="ModifyTransitGateway",
    create=_create,
)
