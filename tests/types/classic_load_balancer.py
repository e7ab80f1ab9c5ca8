"""What the tests know of Classic Load Balancers."""

from functools import partial
from typing import Any

import boto3

from tests.support.answers import Readers
from tests.support.tags import LISTED
from tests.types import Expected


def _attribute(session: boto3.Session, name: str, attribute: str) -> Any:
    # moto adds one of the AdditionalAttributes once more at every change.
    answer = session.client("elb").describe_load_balancer_attributes(LoadBalancerName=name)
    return answer["LoadBalancerAttributes"][attribute]  # type: ignore[literal-required]


def _read(session: boto3.Session, name: str) -> Readers:
    return {
        attribute: partial(_attribute, session, name, attribute)
        for attribute in ("ConnectionDraining", "CrossZoneLoadBalancing", "AccessLog", "ConnectionSettings")
    }


EXPECTED = Expected(
    arn="arn:{partition}:elasticloadbalancing:{region}:{account}:loadbalancer/{id}",
    read=_read,
    tag=lambda session, name, arn: session.client("elb").add_tags(LoadBalancerNames=[name], Tags=LISTED),
    names={
        "storefront": "storefront",
        "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/storefront": "storefront",
    },
    other_kinds=("app/checkout/50dc6c495c0c9188", "-storefront"),
    read_one_by_one=("elb:DescribeLoadBalancerAttributes",),
    # AWS always shows the timeout; it is moto that leaves it out until one is set.
    nearest={
        "classic-lb-connection-draining": {"ConnectionDraining": {"Enabled": False, "Timeout": 300}},
    },
)
