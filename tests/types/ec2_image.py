"""What the tests know of AMIs."""

import boto3

from tests.support.answers import Readers, or_error
from tests.support.tags import LISTED
from tests.types import Expected


def _read(session: boto3.Session, name: str) -> Readers:
    ask = session.client("ec2").describe_image_attribute
    return {"permissions": or_error(ask, ImageId=name, Attribute="launchPermission")}


EXPECTED = Expected(
    arn="arn:{partition}:ec2:{region}::image/{id}",
    read=_read,
    tag=lambda session, name, arn: session.client("ec2").create_tags(Resources=[name], Tags=LISTED),
    names={
        "ami-0a1b2c3d4e5f60718": "ami-0a1b2c3d4e5f60718",
        "ami-1a2b3c4d": "ami-1a2b3c4d",
    },
    elsewhere={"arn:aws:ec2:us-east-1::image/ami-1a2b3c4d": "region"},
    not_in_config="Config records no images.",
)
