"""What the tests know of transit gateways."""

from tests.support.answers import of_one
from tests.support.tags import LISTED
from tests.types import Busy, Expected

EXPECTED = Expected(
    arn="arn:{partition}:ec2:{region}:{account}:transit-gateway/{id}",
    read=of_one("ec2", "TransitGatewayIds", "describe_transit_gateways", many=True),
    tag=lambda session, name, arn: session.client("ec2").create_tags(Resources=[name], Tags=LISTED),
    busy=Busy("DescribeTransitGateways", ("TransitGateways", 0, "State"), "modifying"),
    names={"tgw-0a1b2c3d4e5f60718": "tgw-0a1b2c3d4e5f60718"},
    config_id=("tgw-0a1b2c3d4e5f60718", "tgw-0a1b2c3d4e5f60718"),
)
