"""A group that is open to the internet, and the default group of a VPC, which is open too."""

from typing import Any

import boto3

from rightstate_cli.simulation.examples import Example

_DEFAULT = "security-group-default-closed"


def _create(session: boto3.Session, name: str, policy: str) -> str:
    ec2: Any = session.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    if policy == _DEFAULT:
        filters = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}]
        group: str = ec2.describe_security_groups(Filters=filters)["SecurityGroups"][0]["GroupId"]
        # AWS gives a default group this rule (VPC User Guide, "Default security groups"). moto does not.
        own = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group}]}
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[own])
    else:
        group = ec2.create_security_group(GroupName=name[3:], Description="Web", VpcId=vpc)["GroupId"]
    anywhere = [{"CidrIp": "0.0.0.0/0", "Description": "for a test"}]
    rule = {"IpProtocol": "tcp", "FromPort": 0, "ToPort": 65535, "IpRanges": anywhere}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    return group


EXAMPLE = Example(
    name="sg-0a1b2c3d4e5f60718",
    policy="security-group-no-public-ssh",
    event="AuthorizeSecurityGroupIngress",
    create=_create,
    others={"sg-1a2b3c4d": _DEFAULT},
)
