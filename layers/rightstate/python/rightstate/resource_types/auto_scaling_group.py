"""EC2 Auto Scaling groups."""

from collections.abc import Sequence

from rightstate.errors import ResourceGone
from rightstate.event_rule import Rule, Subject
from rightstate.in_code import InCode
from rightstate.listing import PAGE, Answer, Shared, paged
from rightstate.policies.auto_scaling_group import POLICIES
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
    listed_tags,
)
from rightstate.wants import Value, as_list

_ELB = "ELB"
_TYPES = "HealthCheckTypes"
_UNHEALTHY = "UnhealthyMembers"
# Those that are about to serve, or no longer have to, are not replaced for it.
_SERVING = ("healthy", "initial", "draining")
_GRACE = 300
"""Seconds that a new instance has at least before a balancer's check can replace it, as the console sets."""


def _observe(
    clients: Clients, resource: Resource, group: Answer, settings: frozenset[str], shared: Shared
) -> Observed:
    observed: dict[str, Value] = {
        "HealthCheckTypes": _types(group),
        "HealthCheckGracePeriod": group["HealthCheckGracePeriod"],
        "BehindBalancer": any(_balancers(group)),
        "DefaultCooldown": group["DefaultCooldown"],
        "Status": group.get("Status"),
        "Operator": group.get("Operator", {}).get("Principal"),
    }
    # Asked only where it matters: a group that uses the checks has replaced these already.
    if _UNHEALTHY in settings and _ELB not in _types(group):
        observed[_UNHEALTHY] = _unhealthy(clients, group)
    return {name: observed[name] for name in settings & observed.keys()}


def _types(group: Answer) -> list[str]:
    """Its health checks beside EC2, which is always among them (API reference, UpdateAutoScalingGroup)."""
    return sorted(set(group.get("HealthCheckType", "").split(",")) - {"", "EC2"})


def _balancers(group: Answer) -> tuple[set[str], set[str]]:
    """The names of its Classic Load Balancers, and the ARNs of its target groups."""
    sources = group.get("TrafficSources", ())
    classic, targets = (
        {each["Identifier"] for each in sources if each.get("Type") == kind} for kind in ("elb", "elbv2")
    )
    return classic | set(group.get("LoadBalancerNames", ())), targets | set(group.get("TargetGroupARNs", ()))


def _unhealthy(clients: Clients, group: Answer) -> list[str]:
    """Its instances that a balancer does not send requests to."""
    members = {each["InstanceId"] for each in group.get("Instances", ())}
    classic, targets = _balancers(group)
    found = set()
    for name in sorted(classic):
        states = clients("elb").describe_instance_health(LoadBalancerName=name)["InstanceStates"]
        found |= {each["InstanceId"] for each in states if each["State"] == "OutOfService"}
    for arn in sorted(targets):
        healths = clients("elbv2").describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
        found |= {each["Target"]["Id"] for each in healths if each["TargetHealth"]["State"] not in _SERVING}
    return sorted(found & members)


def _group(clients: Clients, resource: Resource) -> Answer:
    answer = clients("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[resource.id])
    if not answer["AutoScalingGroups"]:
        raise ResourceGone("The resource does not exist: DescribeAutoScalingGroups does not list it.")
    group: Answer = answer["AutoScalingGroups"][0]
    return group


_LISTING = Listing(
    pages=paged("autoscaling", "describe_auto_scaling_groups", "AutoScalingGroups", MaxRecords=PAGE),
    id_of=lambda group: str(group["AutoScalingGroupName"]),
    one=_group,
    observe=_observe,
    tags=listed_tags,
)


def _calls(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    grace = observed.get("HealthCheckGracePeriod")
    return _update(resource, changes, max(grace, _GRACE) if isinstance(grace, int) else _GRACE)


def _restore(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    before = [each.beside.get("HealthCheckGracePeriod") for each in changes if each.setting == _TYPES]
    return _update(resource, changes, *before)


def _update(resource: Resource, changes: Sequence[Change], *grace: Value) -> list[Call]:
    written: dict[str, Value] = {}
    for change in changes:
        if change.setting == _TYPES:
            written["HealthCheckType"] = ",".join(as_list(change.after)) or "EC2"
            written["HealthCheckGracePeriod"] = grace[0]
        else:
            written[change.setting] = change.after
    # What the call does not name stays as it is (API reference, UpdateAutoScalingGroup).
    return [
        Call(
            service="autoscaling",
            operation="UpdateAutoScalingGroup",
            parameters={
                "AutoScalingGroupName": resource.id,
                **written,
            },
            settings=tuple(change.setting for change in changes),
        )
    ]


RESOURCE_TYPE = ResourceType(
    name="auto-scaling-group",
    title="Auto Scaling group",
    service="autoscaling",
    policies=POLICIES,
    settings={
        "DefaultCooldown": Setting(
            read="DescribeAutoScalingGroups:AutoScalingGroups[].DefaultCooldown",
            write="UpdateAutoScalingGroup:DefaultCooldown",
        ),
        _TYPES: Setting(
            read="DescribeAutoScalingGroups:AutoScalingGroups[].HealthCheckType",
            write="UpdateAutoScalingGroup:HealthCheckType",
        ),
        "HealthCheckGracePeriod": Setting(
            read="DescribeAutoScalingGroups:AutoScalingGroups[].HealthCheckGracePeriod"
        ),
        "BehindBalancer": Setting(read="DescribeAutoScalingGroups:AutoScalingGroups[].TargetGroupARNs[]"),
        _UNHEALTHY: Setting(read="elbv2.DescribeTargetHealth:TargetHealthDescriptions[].TargetHealth.State"),
        "Status": Setting(read="DescribeAutoScalingGroups:AutoScalingGroups[].Status"),
        "Operator": Setting(read="DescribeAutoScalingGroups:AutoScalingGroups[].Operator.Principal"),
    },
    in_code={
        "DefaultCooldown": InCode(
            "AWS::AutoScaling::AutoScalingGroup/Cooldown", "aws_autoscaling_group.default_cooldown"
        ),
        _TYPES: InCode(
            "AWS::AutoScaling::AutoScalingGroup/HealthCheckType",
            "aws_autoscaling_group.health_check_type",
            values={"ELB": "ELB", "EBS, ELB": "EBS,ELB"},
        ),
    },
    cases={
        # API reference, AutoScalingGroup: there is a status only while the group is being deleted.
        "being-deleted": Case(
            reason="The group is being deleted.",
            holds=lambda observed: observed.get("Status") is not None,
            reads=("Status",),
        ),
        # API reference, Operator: nobody but the operator may change the group.
        "operated": Case(
            reason="An AWS service operates the group, and only that service may change it.",
            holds=lambda observed: observed.get("Operator") is not None,
            reads=("Operator",),
        ),
        "no-balancer": Case(
            reason="No load balancer sends requests to the group.",
            holds=lambda observed: observed.get("BehindBalancer") is False,
            reads=("BehindBalancer",),
        ),
        "unhealthy-members": Case(
            reason="A load balancer holds instances of the group unhealthy. The group would replace them "
            "(parameter require_all_healthy).",
            holds=lambda observed: bool(observed.get(_UNHEALTHY)),
            reads=(_UNHEALTHY,),
            switch="require_all_healthy",
        ),
    },
    # The UUID in a group's ARN is in no event and no call; IAM's policies put a * there too.
    arn="arn:{partition}:autoscaling:{region}:{account}:autoScalingGroup:*:autoScalingGroupName/{id}",
    # API reference, CreateAutoScalingGroup: ASCII without colon (older groups: with spaces). Without * and
    # ?, which would name other groups too in the session policy, $, which begins a variable there, and what
    # nobody calls a group: markup, escapes, two dots.
    id_pattern=r"(?!.*\.\.)(?! )[A-Za-z0-9 ()+,./=@_#-]{1,255}(?<! )",
    config_type="AWS::AutoScaling::AutoScalingGroup",
    listing=_LISTING,
    rules=(
        Rule(
            "GroupCalls",
            "autoscaling",
            (
                "AttachLoadBalancerTargetGroups",
                "AttachLoadBalancers",
                "AttachTrafficSources",
                "CreateAutoScalingGroup",
                "UpdateAutoScalingGroup",
            ),
            Subject(("requestParameters.autoScalingGroupName",)),
        ),
    ),
    calls=_calls,
    restore=_restore,
    beside={_TYPES: ("HealthCheckGracePeriod",)},
    read_actions=(
        "autoscaling:DescribeAutoScalingGroups",
        "elasticloadbalancing:DescribeInstanceHealth",
        "elasticloadbalancing:DescribeTargetHealth",
    ),
    write_actions=("autoscaling:UpdateAutoScalingGroup",),
    write_resources=(
        "arn:{partition}:autoscaling:{region}:{account}:autoScalingGroup:*:autoScalingGroupName/{id}",
    ),
    busy_errors=("ResourceContention", "ScalingActivityInProgress"),
)
