"""EC2 Auto Scaling groups."""

from collections.abc import Iterator, Sequence

from rightstate.errors import ResourceGone
from rightstate.event_rule import Rule, Subject
from rightstate.in_code import InCode
from rightstate.listing import PAGE, Answer, Shared, pages
from rightstate.policies.auto_scaling_group import POLICIES
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
from rightstate.wants import Value


def _pages(clients: Clients, place: Place, token: str) -> Iterator[tuple[Sequence[Answer], str]]:
    return pages(
        clients,
        "autoscaling",
        "describe_auto_scaling_groups",
        "AutoScalingGroups",
        token,
        MaxRecords=PAGE,
    )


def _observe(
    clients: Clients, resource: Resource, group: Answer, settings: frozenset[str], shared: Shared
) -> Observed:
    observed: dict[str, Value] = {
        "DefaultCooldown": group["DefaultCooldown"],
        "Status": group.get("Status"),
        "Operator": group.get("Operator", {}).get("Principal"),
    }
    return {name: observed[name] for name in settings}


def _group(clients: Clients, resource: Resource) -> Answer:
    answer = clients("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[resource.id])
    if not answer["AutoScalingGroups"]:
        raise ResourceGone("The resource does not exist: DescribeAutoScalingGroups does not list it.")
    group: Answer = answer["AutoScalingGroups"][0]
    return group


def _tags(clients: Clients, resource: Resource, group: Answer, shared: Shared) -> Tags:
    return tags_in(group.get("Tags", ()))


_LISTING = Listing(
    pages=_pages,
    id_of=lambda group: str(group["AutoScalingGroupName"]),
    one=_group,
    observe=_observe,
    tags=_tags,
)


def _calls(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    # What the call does not name stays as it is (API reference, UpdateAutoScalingGroup).
    return [
        Call(
            service="autoscaling",
            operation="UpdateAutoScalingGroup",
            parameters={
                "AutoScalingGroupName": resource.id,
                **{change.setting: change.after for change in changes},
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
        "Status": Setting(read="DescribeAutoScalingGroups:AutoScalingGroups[].Status"),
        "Operator": Setting(read="DescribeAutoScalingGroups:AutoScalingGroups[].Operator.Principal"),
    },
    in_code={
        "DefaultCooldown": InCode(
            "AWS::AutoScaling::AutoScalingGroup/Cooldown", "aws_autoscaling_group.default_cooldown"
        )
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
            ("CreateAutoScalingGroup", "UpdateAutoScalingGroup"),
            Subject(("requestParameters.autoScalingGroupName",)),
        ),
    ),
    find=_LISTING.find,
    describe=_LISTING.describe,
    tags=_LISTING.tags_of,
    calls=_calls,
    read_actions=("autoscaling:DescribeAutoScalingGroups",),
    write_actions=("autoscaling:UpdateAutoScalingGroup",),
    write_resources=(
        "arn:{partition}:autoscaling:{region}:{account}:autoScalingGroup:*:autoScalingGroupName/{id}",
    ),
    busy_errors=("ResourceContention", "ScalingActivityInProgress"),
)
