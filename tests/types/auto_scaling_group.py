"""What the tests know of auto scaling groups."""

from typing import Any

from tests.support.answers import of_one
from tests.support.tags import LISTED
from tests.types import Expected


def _tag(session: Any, name: str, arn: str) -> None:
    marks = {"ResourceId": name, "ResourceType": "auto-scaling-group", "PropagateAtLaunch": False}
    session.client("autoscaling").create_or_update_tags(Tags=[{**marks, **each} for each in LISTED])


EXPECTED = Expected(
    arn="arn:{partition}:autoscaling:{region}:{account}:autoScalingGroup:"
    "930d940e-891e-4781-a11a-7b0acd480f03:autoScalingGroupName/{id}",
    read=of_one("autoscaling", "AutoScalingGroupNames", "describe_auto_scaling_groups", many=True),
    tag=_tag,
    also_calls=("elb",),
    # Asked of groups that do not use the checks of their load balancers yet.
    read_one_by_one=("elbv2:DescribeTargetHealth",),
    rarely_read={
        "elasticloadbalancing:DescribeInstanceHealth": "asked of a Classic Load Balancer of a group",
    },
    names={
        "checkout-web": "checkout-web",
        "Blue (2019) web/api": "Blue (2019) web/api",
        "arn:aws:autoscaling:eu-west-1:111122223333:autoScalingGroup:"
        "c5ed6c2b-9f1a-4b6e-8d0f-3a2b1c0d9e8f:autoScalingGroupName/checkout-web": "checkout-web",
    },
    elsewhere={
        "arn:aws:autoscaling:us-east-1:111122223333:autoScalingGroup:x:autoScalingGroupName/web": "region",
    },
)
