"""Application, Network and Gateway Load Balancers."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rightstate.event_rule import Rule, Subject
from rightstate.in_code import InCode
from rightstate.listing import PAGE, Answer, Shared, paged
from rightstate.policies.load_balancer import POLICIES
from rightstate.resource_type import (
    Call,
    Case,
    Change,
    Clients,
    Listing,
    Observed,
    Resource,
    ResourceType,
    Setting,
    Tags,
    tags_in,
)
from rightstate.wants import Value, as_list, as_text

_ARN = "arn:{partition}:elasticloadbalancing:{region}:{account}:loadbalancer/{id}"
_PROTECTION = "deletion_protection.enabled"
_PLAIN = "PlainListeners"
_ACTIONS = "ListenerActions"
_PORTS = "HttpsPorts"

# Keys of the tags by which a controller knows the load balancers that it made, and will delete.
_CONTROLLERS = (
    "AmazonECSManaged",  # Amazon ECS, Express Mode
    "eks:eks-cluster-name",  # EKS Auto Mode
    "elasticbeanstalk:environment-id",
    "elbv2.k8s.aws/cluster",  # AWS Load Balancer Controller
    "kubernetes.io/cluster/",  # Kubernetes' own controller; the cluster's name follows
)


def _one(clients: Clients, resource: Resource) -> Answer:
    [found] = clients("elbv2").describe_load_balancers(LoadBalancerArns=[_arn(resource)])["LoadBalancers"]
    return found


def _observe(
    clients: Clients, resource: Resource, found: Answer, settings: frozenset[str], shared: Shared
) -> Observed:
    observed: dict[str, Value] = {"Type": found["Type"], "State": found["State"]["Code"]}
    if _PROTECTION in settings:
        # Only this call tells the attributes, of one load balancer at a time.
        answer = clients("elbv2").describe_load_balancer_attributes(LoadBalancerArn=_arn(resource))
        attributes = answer["Attributes"]
        values = {each["Key"]: each["Value"] for each in attributes}
        observed[_PROTECTION] = values.get(_PROTECTION) == "true"
    if "ControllerTags" in settings:
        # Kubernetes marks with `shared` what it uses and leaves in place.
        owned = [key for key, value in _tags(clients, resource, found, shared).items() if value != "shared"]
        observed["ControllerTags"] = [key for key in owned if key.startswith(_CONTROLLERS)]
    if "Scheme" in settings:
        observed["Scheme"] = found.get("Scheme")
    if settings & {_PLAIN, _ACTIONS, _PORTS} and found["Type"] == "application":
        listening = _listeners(clients, resource)
        observed |= {name: listening[name] for name in settings & listening.keys()}
    return observed


def _listeners(clients: Clients, resource: Resource) -> dict[str, Value]:
    listed = clients("elbv2").get_paginator("describe_listeners").paginate(LoadBalancerArn=_arn(resource))
    listeners = [each for page in listed for each in page["Listeners"]]
    plain = [each for each in listeners if each["Protocol"] == "HTTP" and not _redirects(each)]
    return {
        _PLAIN: sorted(each["ListenerArn"] for each in plain),
        # As texts, because that is what is kept to restore them.
        _ACTIONS: sorted(
            json.dumps({name: each[name] for name in ("ListenerArn", "DefaultActions")}, sort_keys=True)
            for each in plain
        ),
        _PORTS: sorted(str(each["Port"]) for each in listeners if each["Protocol"] == "HTTPS"),
    }


def _redirects(listener: Mapping[str, Any]) -> bool:
    """Whether all it does, but for its rules, is to redirect to HTTPS."""
    actions = listener.get("DefaultActions", ())
    return len(actions) == 1 and actions[0].get("RedirectConfig", {}).get("Protocol") == "HTTPS"


def _arn(resource: Resource) -> str:
    return _ARN.format(**resource.model_dump())


def _tags(clients: Clients, resource: Resource, found: Answer, shared: Shared) -> Tags:
    def of_several(arns: Sequence[str]) -> Mapping[str, Tags]:
        described = clients("elbv2").describe_tags(ResourceArns=list(arns))["TagDescriptions"]
        return {each["ResourceArn"]: tags_in(each["Tags"]) for each in described}

    arns = [each["LoadBalancerArn"] for each in shared.answers]
    # API reference, DescribeTags: 20 resources at most.
    return shared.batch("tags", found["LoadBalancerArn"], arns, 20, of_several)


_LISTING = Listing(
    pages=paged(
        "elbv2",
        "describe_load_balancers",
        "LoadBalancers",
        given="Marker",
        answered="NextMarker",
        PageSize=PAGE,
    ),
    id_of=lambda found: str(found["LoadBalancerArn"]).partition("/")[2],
    one=_one,
    observe=_observe,
    tags=_tags,
)


def _calls(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    return [
        *_attributes(resource, [each for each in changes if each.setting == _PROTECTION]),
        *(
            _modify_listener(listener, [_to_https(observed)])
            for each in changes
            if each.setting == _PLAIN
            for listener in as_list(each.before)
        ),
    ]


def _restore(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    kept = [
        json.loads(text)
        for each in changes
        if each.setting == _PLAIN
        for text in as_list(each.beside.get(_ACTIONS))
    ]
    return [
        *_attributes(resource, [each for each in changes if each.setting == _PROTECTION]),
        *(_modify_listener(each["ListenerArn"], each["DefaultActions"]) for each in kept),
    ]


def _to_https(observed: Observed) -> dict[str, Any]:
    ports = as_list(observed.get(_PORTS))
    return {
        "Type": "redirect",
        "RedirectConfig": {
            "Protocol": "HTTPS",
            "Port": "443" if "443" in ports or not ports else ports[0],
            "Host": "#{host}",
            "Path": "/#{path}",
            "Query": "#{query}",
            "StatusCode": "HTTP_301",
        },
    }


def _modify_listener(listener: str, actions: Sequence[Mapping[str, Any]]) -> Call:
    return Call(
        service="elbv2",
        operation="ModifyListener",
        # The actions are replaced whole. What is not named stays (API reference).
        parameters={"ListenerArn": listener, "DefaultActions": list(actions)},
        settings=(_PLAIN,),
    )


def _attributes(resource: Resource, changes: Sequence[Change]) -> list[Call]:
    if not changes:
        return []
    return [
        Call(
            service="elbv2",
            operation="ModifyLoadBalancerAttributes",
            # Attributes that are not named keep their values (API reference).
            parameters={
                "LoadBalancerArn": _arn(resource),
                "Attributes": [{"Key": each.setting, "Value": as_text(each.after)} for each in changes],
            },
            settings=tuple(each.setting for each in changes),
        )
    ]


def _busy(observed: Observed) -> str | None:
    return "The load balancer is being set up." if observed["State"] == "provisioning" else None


def _other(kind: str) -> Case:
    return Case(
        reason=f"The policy is not about {kind.title()} Load Balancers.",
        holds=lambda observed: observed["Type"] == kind,
        reads=("Type",),
    )


# Calls of any generation but the first. A call without a version counts, so that none is missed.
_NOT_CLASSIC = {"apiVersion": [{"anything-but": "2012-06-01"}, {"exists": False}]}

RESOURCE_TYPE = ResourceType(
    name="load-balancer",
    title="Application or Network Load Balancer",
    service="elbv2",
    policies=POLICIES,
    settings={
        "Type": Setting(read="DescribeLoadBalancers:LoadBalancers[].Type"),
        "State": Setting(read="DescribeLoadBalancers:LoadBalancers[].State.Code"),
        "Scheme": Setting(read="DescribeLoadBalancers:LoadBalancers[].Scheme"),
        _PLAIN: Setting(
            read="DescribeListeners:Listeners[].ListenerArn", write="ModifyListener:DefaultActions"
        ),
        _ACTIONS: Setting(read="DescribeListeners:Listeners[].DefaultActions"),
        _PORTS: Setting(read="DescribeListeners:Listeners[].Port"),
        "ControllerTags": Setting(read="DescribeTags:TagDescriptions[].Tags[].Key"),
        _PROTECTION: Setting(
            read="DescribeLoadBalancerAttributes:Attributes[].Value",
            write="ModifyLoadBalancerAttributes:Attributes[].Value",
        ),
    },
    in_code={
        _PROTECTION: InCode(
            f"AWS::ElasticLoadBalancingV2::LoadBalancer/LoadBalancerAttributes[{_PROTECTION}].Value",
            "aws_lb.enable_deletion_protection",
        ),
        _PLAIN: InCode(
            "AWS::ElasticLoadBalancingV2::Listener/DefaultActions",
            "aws_lb_listener.default_action",
            named_only=True,
        ),
    },
    cases={
        "application": _other("application"),
        "network": _other("network"),
        "gateway": _other("gateway"),
        "failed": Case(
            reason="The load balancer could not be set up (state failed) and can only be deleted.",
            holds=lambda observed: observed["State"] == "failed",
            reads=("State",),
        ),
        "no-https-listener": Case(
            reason="The load balancer has no HTTPS listener, so that a redirect would lead nowhere. Add one "
            "with a certificate first.",
            holds=lambda observed: observed.get(_PORTS) == [],
            reads=(_PORTS,),
        ),
        "internal": Case(
            reason="The load balancer is internal (parameter only_internet_facing).",
            holds=lambda observed: observed.get("Scheme") == "internal",
            reads=("Scheme",),
            switch="only_internet_facing",
        ),
        "controlled": Case(
            reason="A controller made the load balancer, as a tag of it says, and could not delete it any "
            "more (parameter exempt_controlled).",
            holds=lambda observed: bool(observed.get("ControllerTags")),
            reads=("ControllerTags",),
            switch="exempt_controlled",
        ),
    },
    facts=("Type", "State"),
    busy=_busy,
    arn=_ARN,
    # API reference, CreateLoadBalancer: a name has up to 32 letters, digits and hyphens, none of these at
    # an end. The ARNs of the reference end in 16 hexadecimal digits.
    id_pattern=r"(?:app|net|gwy)/[A-Za-z0-9](?:[A-Za-z0-9-]{0,30}[A-Za-z0-9])?/[0-9a-f]{16,32}",
    config_type="AWS::ElasticLoadBalancingV2::LoadBalancer",
    listing=_LISTING,
    rules=(
        # A list of one: the call makes one load balancer.
        Rule(
            "NewLoadBalancers",
            "elasticloadbalancing",
            ("CreateLoadBalancer",),
            Subject(("responseElements.loadBalancers[0].loadBalancerArn",)),
            name="load-balancer-new",
            where=_NOT_CLASSIC,
        ),
        Rule(
            "LoadBalancerCalls",
            "elasticloadbalancing",
            ("ModifyLoadBalancerAttributes",),
            Subject(("requestParameters.loadBalancerArn",)),
            where=_NOT_CLASSIC,
        ),
        # The request of ModifyListener names the listener alone.
        Rule(
            "ListenerCalls",
            "elasticloadbalancing",
            ("CreateListener", "ModifyListener"),
            Subject(("responseElements.listeners[0].loadBalancerArn",)),
            name="load-balancer-listener",
            where=_NOT_CLASSIC,
        ),
    ),
    calls=_calls,
    restore=_restore,
    beside={_PLAIN: (_ACTIONS,)},
    read_actions=(
        "elasticloadbalancing:DescribeListeners",
        "elasticloadbalancing:DescribeLoadBalancerAttributes",
        "elasticloadbalancing:DescribeLoadBalancers",
        "elasticloadbalancing:DescribeTags",
    ),
    write_actions=(
        "elasticloadbalancing:ModifyListener",
        "elasticloadbalancing:ModifyLoadBalancerAttributes",
    ),
    write_resources=(_ARN, _ARN.replace(":loadbalancer/", ":listener/") + "/*"),
    gone=("LoadBalancerNotFound",),
)
