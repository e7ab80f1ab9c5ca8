"""What the tests know of Application and Network Load Balancers."""

import boto3

from rightstate_cli.simulation import examples
from tests.support.answers import Readers, or_error
from tests.support.tags import LISTED
from tests.types import Busy, Expected


def _read(session: boto3.Session, identifier: str) -> Readers:
    elbv2 = session.client("elbv2")
    [arn] = [
        each["LoadBalancerArn"]
        for each in elbv2.describe_load_balancers()["LoadBalancers"]
        if each["LoadBalancerArn"].endswith(identifier)
    ]
    return {
        "load balancer": or_error(elbv2.describe_load_balancers, LoadBalancerArns=[arn]),
        "listeners": or_error(elbv2.describe_listeners, LoadBalancerArn=arn),
        "attributes": or_error(elbv2.describe_load_balancer_attributes, LoadBalancerArn=arn),
    }


def _create_one_of_many(session: boto3.Session, number: int, example: examples.Example) -> None:
    example.create(session, f"app/s-{number}/50dc6c495c0c9188", example.policy)


EXPECTED = Expected(
    arn="arn:{partition}:elasticloadbalancing:{region}:{account}:loadbalancer/{id}",
    read=_read,
    tag=lambda session, name, arn: session.client("elbv2").add_tags(ResourceArns=[arn], Tags=LISTED),
    instead={
        "elasticloadbalancing:ModifyListener": [
            "arn:{partition}:elasticloadbalancing:{region}:{account}:listener/{id}/f2f7dc8efc522ab2"
        ]
    },
    busy=Busy(
        "DescribeLoadBalancers", ("LoadBalancers", 0, "State", "Code"), "provisioning", changes_at_once=True
    ),
    names={
        "app/checkout/50dc6c495c0c9188": "app/checkout/50dc6c495c0c9188",
        "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/net/b-2/50dc6c495c0c9188": (
            "net/b-2/50dc6c495c0c9188"
        ),
    },
    elsewhere={
        "arn:aws:elasticloadbalancing:eu-west-1:999999999999:loadbalancer/app/a/50dc6c495c0c9188": "account",
    },
    other_kinds=("checkout", "app/checkout/50dc6c495c0c9188/f2f7dc8efc522ab2"),
    config_id=(
        "arn:aws:elasticloadbalancing:{region}:{account}:loadbalancer/app/checkout/50dc6c495c0c9188",
        "app/checkout/50dc6c495c0c9188",
    ),
    read_one_by_one=("elbv2:DescribeListeners", "elbv2:DescribeLoadBalancerAttributes"),
    create_one_of_many=_create_one_of_many,
)
