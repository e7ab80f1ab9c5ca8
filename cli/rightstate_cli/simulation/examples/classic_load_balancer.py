"""A Classic Load Balancer without connection draining."""

import boto3

from rightstate_cli.simulation.examples import Example


def _create(session: boto3.Session, name: str, policy: str) -> str:
    session.client("elb").create_load_balancer(
        LoadBalancerName=name,
        Listeners=[
            {"Protocol": "HTTP", "LoadBalancerPort": 80, "InstanceProtocol": "HTTP", "InstancePort": 8080}
        ],
        AvailabilityZones=[f"{session.region_name}a"],
    )
    return name


EXAMPLE = Example(
    name="storefront",
    policy="classic-lb-connection-draining",
    event="ModifyLoadBalancerAttributes",
    recorded=("CreateLoadBalancer",),
    create=_create,
)
