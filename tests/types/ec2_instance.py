"""What the tests know of EC2 instances."""

import boto3

from tests.support.answers import Readers, or_error
from tests.support.tags import LISTED
from tests.types import Busy, Expected


def _read(session: boto3.Session, name: str) -> Readers:
    ec2 = session.client("ec2")
    return {
        "instance": or_error(ec2.describe_instances, InstanceIds=[name]),
        "protection": or_error(
            ec2.describe_instance_attribute, InstanceId=name, Attribute="disableApiTermination"
        ),
    }


EXPECTED = Expected(
    arn="arn:{partition}:ec2:{region}:{account}:instance/{id}",
    read=_read,
    tag=lambda session, name, arn: session.client("ec2").create_tags(Resources=[name], Tags=LISTED),
    busy=Busy(
        "DescribeInstances",
        ("Reservations", 0, "Instances", 0, "Monitoring", "State"),
        "disabling",
        policy="ec2-detailed-monitoring",
    ),
    names={
        "i-0a1b2c3d4e5f60718": "i-0a1b2c3d4e5f60718",
        "i-1a2b3c4d": "i-1a2b3c4d",
        "arn:aws:ec2:eu-west-1:111122223333:instance/i-0a1b2c3d4e5f60718": "i-0a1b2c3d4e5f60718",
    },
    config_id=("i-0a1b2c3d4e5f60718", "i-0a1b2c3d4e5f60718"),
    iam_prefixes={"cloudwatch": "cloudwatch"},  # its calls are signed for monitoring
    read_one_by_one=("cloudwatch:GetMetricStatistics", "ec2:DescribeInstanceAttribute"),
)
