"""Classic Load Balancers. The type load-balancer is for later generations, which have another API."""

from collections.abc import Mapping, Sequence
from typing import Any

from rightstate.event_rule import Rule, Subject
from rightstate.in_code import InCode
from rightstate.listing import PAGE, Answer, Shared, paged
from rightstate.policies.classic_load_balancer import POLICIES
from rightstate.resource_type import (
    Call,
    Change,
    Clients,
    Listing,
    Observed,
    Resource,
    ResourceType,
    Setting,
    Tags,
    send,
    tags_in,
)

_ENABLED, _TIMEOUT = "ConnectionDraining.Enabled", "ConnectionDraining.Timeout"


def _observe(
    clients: Clients, resource: Resource, balancer: Answer, settings: frozenset[str], shared: Shared
) -> Observed:
    # Only this call tells the attributes, of one load balancer at a time.
    draining = _draining(clients, resource)
    observed = {_ENABLED: draining.get("Enabled"), _TIMEOUT: draining.get("Timeout")}
    return {name: value for name, value in observed.items() if name in settings}


def _draining(clients: Clients, resource: Resource) -> Mapping[str, Any]:
    answer = clients("elb").describe_load_balancer_attributes(LoadBalancerName=resource.id)
    draining: Mapping[str, Any] = answer["LoadBalancerAttributes"].get("ConnectionDraining", {})
    return draining


def _tags(clients: Clients, resource: Resource, balancer: Answer, shared: Shared) -> Tags:
    def of_several(names: Sequence[str]) -> Mapping[str, Tags]:
        described = clients("elb").describe_tags(LoadBalancerNames=list(names))["TagDescriptions"]
        return {each["LoadBalancerName"]: tags_in(each["Tags"]) for each in described}

    names = [each["LoadBalancerName"] for each in shared.answers]
    # API reference, DescribeTags: 20 load balancers at most.
    return shared.batch("tags", resource.id, names, 20, of_several)


_LISTING = Listing(
    pages=paged(
        "elb",
        "describe_load_balancers",
        "LoadBalancerDescriptions",
        given="Marker",
        answered="NextMarker",
        PageSize=PAGE,
    ),
    id_of=lambda balancer: str(balancer["LoadBalancerName"]),
    one=lambda clients, resource: {"LoadBalancerName": resource.id},
    observe=_observe,
    tags=_tags,
)


def _calls(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    after = {_TIMEOUT: observed.get(_TIMEOUT), **{change.setting: change.after for change in changes}}
    return [
        _modify(
            resource,
            {"Enabled": after.get(_ENABLED, True), "Timeout": after[_TIMEOUT]},
            [each.setting for each in changes],
        )
    ]


def _modify(resource: Resource, draining: Mapping[str, Any], settings: Sequence[str]) -> Call:
    return Call(
        service="elb",
        operation="ModifyLoadBalancerAttributes",
        parameters={
            "LoadBalancerName": resource.id,
            "LoadBalancerAttributes": {"ConnectionDraining": dict(draining)},
        },
        settings=tuple(settings),
    )


def _apply(clients: Clients, resource: Resource, call: Call, changes: Sequence[Change]) -> None:
    """Send the draining attributes as they now are, with our changes in them.

    Attributes that the call leaves out stay, but those of draining come as one structure; so the timeout
    goes with it, and one that was set since the decision is kept.
    """
    current = _draining(clients, resource)
    wants = {change.setting.rpartition(".")[2]: change.want for change in changes}
    missing = {name: want for name, want in wants.items() if not want.holds(current.get(name))}
    wanted = {**current, **{name: want.target(current.get(name)) for name, want in missing.items()}}
    if wanted != current:
        send(clients, resource, _modify(resource, wanted, call.settings), changes)


RESOURCE_TYPE = ResourceType(
    name="classic-load-balancer",
    title="Classic Load Balancer",
    service="elb",
    policies=POLICIES,
    settings={
        name: Setting(
            read=f"DescribeLoadBalancerAttributes:LoadBalancerAttributes.{name}",
            write=f"ModifyLoadBalancerAttributes:LoadBalancerAttributes.{name}",
        )
        for name in (_ENABLED, _TIMEOUT)
    },
    in_code={
        _ENABLED: InCode(
            "AWS::ElasticLoadBalancing::LoadBalancer/ConnectionDrainingPolicy.Enabled",
            "aws_elb.connection_draining",
        ),
        _TIMEOUT: InCode(
            "AWS::ElasticLoadBalancing::LoadBalancer/ConnectionDrainingPolicy.Timeout",
            "aws_elb.connection_draining_timeout",
        ),
    },
    arn="arn:{partition}:elasticloadbalancing:{region}:{account}:loadbalancer/{id}",
    # API reference, CreateLoadBalancer: up to 32 letters, digits and hyphens, none of these at an end.
    id_pattern=r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,30}[A-Za-z0-9])?",
    config_type="AWS::ElasticLoadBalancing::LoadBalancer",
    listing=_LISTING,
    rules=(
        Rule(
            "LoadBalancerCalls",
            "elasticloadbalancing",
            ("CreateLoadBalancer", "ModifyLoadBalancerAttributes"),
            Subject(("requestParameters.loadBalancerName",)),
            # Both generations of load balancers have calls of these names.
            where={"apiVersion": ["2012-06-01"]},
        ),
    ),
    calls=_calls,
    apply=_apply,
    read_actions=(
        "elasticloadbalancing:DescribeLoadBalancerAttributes",
        "elasticloadbalancing:DescribeLoadBalancers",
        "elasticloadbalancing:DescribeTags",
    ),
    write_actions=("elasticloadbalancing:ModifyLoadBalancerAttributes",),
    # API reference, ConnectionDraining: what it is where none is given.
    nearest={_TIMEOUT: 300},
    write_resources=("arn:{partition}:elasticloadbalancing:{region}:{account}:loadbalancer/{id}",),
    gone=("LoadBalancerNotFound",),
)
