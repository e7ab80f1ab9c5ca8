"""What the tests know of subnets."""

from tests.support.answers import of_one
from tests.support.tags import LISTED
from tests.types import Expected

EXPECTED = Expected(
    arn="arn:{partition}:ec2:{region}:{account}:subnet/{id}",
    read=of_one("ec2", "SubnetIds", "describe_subnets", many=True),
    tag=lambda session, name, arn: session.client("ec2").create_tags(Resources=[name], Tags=LISTED),
    names={
        "subnet-0a1b2c3d4e5f60718": "subnet-0a1b2c3d4e5f60718",
        "subnet-1a2b3c4d": "subnet-1a2b3c4d",
    },
    config_id=("subnet-0a1b2c3d4e5f60718", "subnet-0a1b2c3d4e5f60718"),
    rarely_read={"ec2:DescribeRouteTables": "with hold_public, to spare subnets that are public"},
    # moto begins with a default VPC and six subnets.
    listed=0.02,
)
