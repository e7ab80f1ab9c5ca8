"""Application, Network and Gateway Load Balancers."""

from collections.abc import Iterator, Mapping, Sequence

from rightstate.event_rule import Rule, Subject
from rightstate.in_code import InCode
from rightstate.listing import PAGE, Answer, Shared, pages
from rightstate.policies.load_balancer import POLICIES
from rightstate.resource_type import (
    Call,
    Case,
    Change,
    Clients,
    Listing,
    Observed,
    Place,
    Resource,
    ResourceType,
    Setting,
    Tags,
    tags_in,
)
from rightstate.wants import Value, as_text

_ARN = "arn:{partition}:elasticloadbalancing:{region}:{account}:loadbalancer/{id}"
_PROTECTION = "deletion_protection.enabled"

# Keys of the tags by which a controller knows the load balancers that it made, and will delete.
_CONTROLLERS = (
    "AmazonECSManaged",  # Amazon ECS, Express Mode
    "eks:eks-cluster-name",  # EKS Auto Mode
    "elasticbeanstalk:environment-id",
    "elbv2.k8s.aws/cluster",  # AWS Load Balancer Controller
    "kubernetes.io/cluster/",  # Kubernetes' own controller; the cluster's name follows
)


def _pages(clients: Clients, place: Place, token: str) -> Iterator[tuple[Sequence[Answer], str]]:
    return pages(
        clients,
        "elbv2",
        "describe_load_balancers",
        "LoadBalancers",
        token,
        given="Marker",
        answered="NextMarker",
        PageSize=PAGE,
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
    return observed


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
    pages=_pages,
    id_of=lambda found: str(found["LoadBalancerArn"]).partition("/")[2],
    one=_one,
    observe=_observe,
    tags=_tags,
)


def _calls(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
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
        )
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
    ),
    find=_LISTING.find,
    describe=_LISTING.describe,
    tags=_LISTING.tags_of,
    calls=_calls,
    read_actions=(
        "elasticloadbalancing:DescribeLoadBalancerAttributes",
        "elasticloadbalancing:DescribeLoadBalancers",
        "elasticloadbalancing:DescribeTags",
    ),
    write_actions=("elasticloadbalancing:ModifyLoadBalancerAttributes",),
    write_resources=(_ARN,),
    gone=("LoadBalancerNotFound",),
)
