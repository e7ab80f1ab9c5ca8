"""What the tests know of security groups."""

import boto3

from tests.support.answers import Readers, or_error
from tests.support.tags import LISTED
from tests.types import Dependent, Expected


def _read(session: boto3.Session, name: str) -> Readers:
    ec2 = session.client("ec2")
    return {"group": or_error(ec2.describe_security_groups, GroupIds=[name])}


_RULE = "arn:{partition}:ec2:{region}:{account}:security-group-rule/sgr-0f1e2d3c4b5a69788"

EXPECTED = Expected(
    arn="arn:{partition}:ec2:{region}:{account}:security-group/{id}",
    read=_read,
    tag=lambda session, name, arn: session.client("ec2").create_tags(Resources=[name], Tags=LISTED),
    beside={
        "ec2:AuthorizeSecurityGroupEgress": [_RULE],
        "ec2:AuthorizeSecurityGroupIngress": [_RULE],
    },
    dependent=(
        Dependent(
            action="ec2:CreateTags",
            checked_on=_RULE,
            key="ec2:CreateAction",
            allowed=["AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress"],
            refused=["RunInstances", None],
        ),
    ),
    names={
        "sg-0a1b2c3d4e5f60718": "sg-0a1b2c3d4e5f60718",
        "sg-1a2b3c4d": "sg-1a2b3c4d",
    },
    config_id=("sg-0a1b2c3d4e5f60718", "sg-0a1b2c3d4e5f60718"),
    # The rules, and the interfaces that use them, of a hundred groups at a time.
    listed=0.05,
)
