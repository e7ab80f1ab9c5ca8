"""EC2 instances. Only a few states and tags are read, never the user data."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from rightstate.errors import InvalidInput, ResourceGone
from rightstate.event_rule import Rule, Subject
from rightstate.identify import shown
from rightstate.in_code import InCode
from rightstate.listing import PAGE, Answer, Shared, pages
from rightstate.policies.ec2_instance import POLICIES
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
    listed_tags,
    tags_in,
)
from rightstate.wants import Value, as_list

# EC2 User Guide, Resource IDs: 8 characters until 2016, 17 since.
_HEX = r"(?:[0-9a-f]{17}|[0-9a-f]{8})"
_LIVING = ("pending", "running", "stopping", "stopped")
# How the services that own an instance, and terminate it themselves, tag it: how the key begins, and the
# values where people use the same key.
_OWNERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "aws:elasticmapreduce:": ("EMR", ()),
    "elasticbeanstalk:": ("Elastic Beanstalk", ()),
    "eks:nodegroup-name": ("EKS", ()),
    # Karpenter's own tags, of this API and of the one before 0.32 (Karpenter, NodeClasses, spec.tags). Not
    # karpenter.sh/discovery, which people put on what Karpenter is to use.
    "karpenter.sh/nodepool": ("Karpenter", ()),
    "karpenter.sh/provisioner-name": ("Karpenter", ()),
    # EC2 User Guide, EC2 Fleet and Spot Fleet. A Spot Fleet has On-Demand Instances too.
    "aws:ec2:fleet-id": ("EC2 Fleet", ()),
    "aws:ec2spot:fleet-request-id": ("Spot Fleet", ()),
    # AWSServiceRoleForImageBuilder may terminate what has this tag, and nothing else.
    "CreatedBy": ("Image Builder", ("EC2 Image Builder", "EC2 Fast Launch")),
}


def _pages(clients: Clients, place: Place, token: str) -> Iterator[tuple[Sequence[Answer], str]]:
    return _living(clients, token)


def _members(clients: Clients, place: Place, group: str) -> list[tuple[str, str]]:
    """The instances that one call of RunInstances has launched, by its reservation."""
    if not re.fullmatch(f"r-{_HEX}", group):
        raise InvalidInput(f"{shown(group)} cannot be the id of a reservation. Nothing was changed.")
    found = [
        (place.region, each["InstanceId"])
        for instances, _ in _living(clients, **{"reservation-id": group})
        for each in instances
    ]
    if not found:
        raise ResourceGone(f"No instance of reservation {group} exists (yet, or any more).")
    return found


def _living(clients: Clients, token: str = "", **only: str) -> Iterator[tuple[list[Mapping[str, Any]], str]]:
    filters = [{"Name": "instance-state-name", "Values": list(_LIVING)}]
    filters += [{"Name": name, "Values": [value]} for name, value in only.items()]
    listed = pages(
        clients, "ec2", "describe_instances", "Reservations", token, Filters=filters, MaxResults=PAGE
    )
    for reservations, following in listed:
        yield list(_instances(reservations)), following


def _instances(reservations: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    return (instance for reservation in reservations for instance in reservation["Instances"])


def _observe(
    clients: Clients, resource: Resource, instance: Answer, settings: frozenset[str], shared: Shared
) -> Observed:
    observed = _described(instance)
    # An attribute costs a call, so it is read only where the policy on it can apply.
    if "DisableApiTermination" in settings and not any(
        _CASES[name].holds(observed) for name in _PROTECTION.not_applicable
    ):
        answer = clients("ec2").describe_instance_attribute(
            InstanceId=resource.id, Attribute="disableApiTermination"
        )
        observed["DisableApiTermination"] = answer["DisableApiTermination"]["Value"]
    if "DaysSinceV1Use" in settings and _admits_v1(observed):
        observed["DaysSinceV1Use"] = _days_since_v1_use(clients, resource.id)
    return {name: observed[name] for name in settings & set(observed)}


def _admits_v1(observed: Observed) -> bool:
    return observed["HttpTokens"] != "required" and observed["HttpEndpoint"] != "disabled"


_DAY = timedelta(days=1)
_LOOK_BACK = 90


def _days_since_v1_use(clients: Clients, instance: str) -> int | None:
    """Full days since the instance's metadata was last asked for without a token. None: not in 90 days."""
    now = datetime.now(UTC)
    # EC2 User Guide, "CloudWatch metrics for your instances": MetadataNoToken counts these calls.
    answer = clients("cloudwatch").get_metric_statistics(
        Namespace="AWS/EC2",
        MetricName="MetadataNoToken",
        Dimensions=[{"Name": "InstanceId", "Value": instance}],
        StartTime=now - _LOOK_BACK * _DAY,
        EndTime=now,
        Period=int(_DAY.total_seconds()),
        Statistics=["Sum"],
    )
    # A timestamp is the beginning of 24 hours, so that the last call may be a day younger.
    used = [each["Timestamp"] for each in answer["Datapoints"] if each["Sum"] > 0]
    return max((now - max(used) - _DAY) // _DAY, 0) if used else None


def _instance(clients: Clients, resource: Resource) -> Answer:
    answer = clients("ec2").describe_instances(InstanceIds=[resource.id])
    found = next(_instances(answer["Reservations"]), None)
    if found is None:
        raise ResourceGone("The resource does not exist: DescribeInstances does not list it.")
    return found


def _described(instance: Mapping[str, Any]) -> dict[str, Value]:
    tags = tags_in(instance.get("Tags", ()))
    return {
        "State": instance["State"]["Name"],
        "Monitoring": instance["Monitoring"]["State"],
        "InstanceLifecycle": instance.get("InstanceLifecycle"),
        # Auto Scaling sets this tag when an instance joins a group and removes it when it leaves (EC2 Auto
        # Scaling User Guide, Tag Auto Scaling groups and instances); nobody else can (aws: is reserved).
        "AutoScalingGroup": tags.get("aws:autoscaling:groupName"),
        "Owner": _owner(tags),
        "Operator": instance.get("Operator", {}).get("Principal"),
        "TagKeys": sorted(tags),
        "HttpTokens": instance.get("MetadataOptions", {}).get("HttpTokens"),
        "HttpEndpoint": instance.get("MetadataOptions", {}).get("HttpEndpoint"),
    }


def _owner(tags: Tags) -> str | None:
    for prefix, (owner, values) in _OWNERS.items():
        if any(key.startswith(prefix) and (not values or value in values) for key, value in tags.items()):
            return owner
    return None


_LISTING = Listing(
    pages=_pages,
    id_of=lambda instance: str(instance["InstanceId"]),
    one=_instance,
    observe=_observe,
    tags=listed_tags,
)


def _calls(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    return [_call(resource, change) for change in changes]


def _restore(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    stop = {"operation": "UnmonitorInstances"}
    calls = _calls(resource, changes, observed)
    return [call.model_copy(update=stop) if call.settings == ("Monitoring",) else call for call in calls]


def _call(resource: Resource, change: Change) -> Call:
    operation = "ModifyInstanceAttribute"
    parameters: dict[str, Any] = {"InstanceId": resource.id, change.setting: {"Value": change.after}}
    if change.setting == "Monitoring":
        operation = "MonitorInstances"
        parameters = {"InstanceIds": [resource.id]}
    if change.setting == "HttpTokens":
        operation = "ModifyInstanceMetadataOptions"
        # With the endpoint as it is: EC2 has refused the call without it. What is not named stays.
        parameters = {"InstanceId": resource.id, "HttpTokens": change.after, "HttpEndpoint": "enabled"}
    return Call(service="ec2", operation=operation, parameters=parameters, settings=(change.setting,))


def _busy(observed: Observed) -> str | None:
    """Protection can be set while an instance runs or is stopped (EC2 User Guide, Change instance
    termination protection), and a new instance may not show its tags yet."""
    state, monitoring = observed.get("State"), observed.get("Monitoring")
    if state in ("pending", "stopping"):
        return f"The instance is {state}."
    if state == "running" and monitoring in ("pending", "disabling"):
        return f"Detailed monitoring is {monitoring}."
    return None


def _used_v1_lately(observed: Observed) -> bool:
    days, wanted = observed.get("DaysSinceV1Use"), observed["require_no_v1_use_days"]
    return isinstance(days, int) and isinstance(wanted, int) and days < wanted


_CASES = {
    "terminated": Case(
        reason="The instance is terminated.",
        holds=lambda observed: observed.get("State") in ("shutting-down", "terminated"),
        reads=("State",),
    ),
    # What others may change of a managed instance is restricted, whatever their permissions (Security
    # Overview of Amazon EKS Auto Mode, EC2 managed instances); it is left to its operator as a whole.
    "operated": Case(
        reason="An AWS service operates the instance, and its settings are left to that service.",
        holds=lambda observed: observed.get("Operator") is not None,
        reads=("Operator",),
    ),
    "no-metadata": Case(
        reason="The instance has no metadata endpoint, so that neither version answers.",
        holds=lambda observed: observed.get("HttpEndpoint") == "disabled",
        reads=("HttpEndpoint",),
    ),
    "uses-v1": Case(
        reason="Something on the instance has used IMDSv1 within require_no_v1_use_days (CloudWatch metric "
        "MetadataNoToken). It would lose its credentials. Update it first; with 0 days nobody asks.",
        holds=_used_v1_lately,
        reads=("DaysSinceV1Use", "HttpTokens", "HttpEndpoint"),
        parameters=("require_no_v1_use_days",),
    ),
    "untagged": Case(
        reason="The instance does not have the tag of those to monitor closely.",
        holds=lambda observed: observed["monitor_tag"] not in as_list(observed.get("TagKeys")),
        reads=("TagKeys",),
        switch="monitor_tag",
    ),
    "made-from-a-template": Case(
        reason="The instance belongs to an Auto Scaling group: enable detailed monitoring in the group's "
        "launch template, and the instances that replace this one have it too.",
        holds=lambda observed: observed.get("AutoScalingGroup") is not None,
        reads=("AutoScalingGroup",),
        switch="exempt_group_members",
    ),
    "in-a-group": Case(
        reason="The instance belongs to an Auto Scaling group, which terminates it whether protected or not.",
        holds=lambda observed: observed.get("AutoScalingGroup") is not None,
        reads=("AutoScalingGroup",),
    ),
    "owned": Case(
        reason="EMR, Elastic Beanstalk, an EKS node group, Karpenter, an EC2 Fleet, a Spot Fleet or Image "
        "Builder owns the instance and has to be able to terminate it.",
        holds=lambda observed: observed.get("Owner") is not None,
        reads=("Owner",),
    ),
    # API reference, ModifyInstanceAttribute.
    "spot": Case(
        reason="EC2 does not let a Spot Instance be protected from termination.",
        holds=lambda observed: observed.get("InstanceLifecycle") == "spot",
        reads=("InstanceLifecycle",),
    ),
}
[_PROTECTION] = [policy for policy in POLICIES if "DisableApiTermination" in policy.wants]


RESOURCE_TYPE = ResourceType(
    name="ec2-instance",
    title="EC2 instance",
    service="ec2",
    policies=POLICIES,
    settings={
        "State": Setting(read="DescribeInstances:Reservations[].Instances[].State.Name"),
        "Monitoring": Setting(
            read="DescribeInstances:Reservations[].Instances[].Monitoring.State",
            write="MonitorInstances:InstanceIds[]",
            set_back_by=("UnmonitorInstances",),
        ),
        "DisableApiTermination": Setting(
            read="DescribeInstanceAttribute:DisableApiTermination.Value",
            write="ModifyInstanceAttribute:DisableApiTermination.Value",
        ),
        "InstanceLifecycle": Setting(read="DescribeInstances:Reservations[].Instances[].InstanceLifecycle"),
        "HttpTokens": Setting(
            read="DescribeInstances:Reservations[].Instances[].MetadataOptions.HttpTokens",
            write="ModifyInstanceMetadataOptions:HttpTokens",
        ),
        "HttpEndpoint": Setting(
            read="DescribeInstances:Reservations[].Instances[].MetadataOptions.HttpEndpoint"
        ),
        "DaysSinceV1Use": Setting(read="cloudwatch.GetMetricStatistics:Datapoints[].Timestamp"),
        "AutoScalingGroup": Setting(read="DescribeInstances:Reservations[].Instances[].Tags[].Value"),
        "Owner": Setting(read="DescribeInstances:Reservations[].Instances[].Tags[]"),
        "Operator": Setting(read="DescribeInstances:Reservations[].Instances[].Operator.Principal"),
        "TagKeys": Setting(read="DescribeInstances:Reservations[].Instances[].Tags[].Key"),
    },
    in_code={
        "Monitoring": InCode(
            "AWS::EC2::Instance/Monitoring", "aws_instance.monitoring", values={"enabled": True}
        ),
        "DisableApiTermination": InCode(
            "AWS::EC2::Instance/DisableApiTermination", "aws_instance.disable_api_termination"
        ),
        "HttpTokens": InCode(
            "AWS::EC2::Instance/MetadataOptions.HttpTokens", "aws_instance.metadata_options.http_tokens"
        ),
    },
    cases=_CASES,
    facts=("State",),
    busy=_busy,
    arn="arn:{partition}:ec2:{region}:{account}:instance/{id}",
    id_pattern=f"i-{_HEX}",
    config_type="AWS::EC2::Instance",
    listing=_LISTING,
    # EC2 Developer Guide, "Request throttling for the Amazon EC2 API": 100 calls of an action at once, and
    # then 20 a second, for an account and region. Two readers make about that many.
    readers=2,
    rules=(
        # Not CreateFleet, whose answer names instances only for fleets of type instant, nor
        # RequestSpotInstances, whose answer is requests that are fulfilled later. The services that do
        # either launch with RunInstances too (AWSEC2FleetServiceRolePolicy, AWSEC2SpotServiceRolePolicy).
        Rule(
            "Launches",
            "ec2",
            ("RunInstances",),
            # The reservation, because the list of its instances describes each of them at length. A text, but
            # one that EC2 alone makes: r- and hexadecimal digits (EC2 User Guide, "Resource IDs").
            Subject(("responseElements.reservationId",), kind="group", by_aws=True),
            name="ec2-instance-launch",
        ),
        Rule(
            "InstanceCalls", "ec2", ("ModifyInstanceAttribute",), Subject(("requestParameters.instanceId",))
        ),
        Rule(
            "MetadataCalls",
            "ec2",
            ("ModifyInstanceMetadataOptions",),
            Subject(("requestParameters.ModifyInstanceMetadataOptionsRequest.InstanceId",)),
            name="ec2-instance-metadata",
        ),
        Rule(
            "MonitoringCalls",
            "ec2",
            ("UnmonitorInstances",),
            Subject(("requestParameters.instancesSet.items",), kind="resources"),
            name="ec2-instance-monitoring",
        ),
        Rule(
            "DetachedInstances",
            "autoscaling",
            ("DetachInstances",),
            Subject(("requestParameters.instanceIds",), kind="resources"),
            name="ec2-instance-detached",
        ),
    ),
    calls=_calls,
    members=_members,
    read_actions=(
        "cloudwatch:GetMetricStatistics",
        "ec2:DescribeInstanceAttribute",
        "ec2:DescribeInstances",
    ),
    write_actions=(
        "ec2:ModifyInstanceAttribute",
        "ec2:ModifyInstanceMetadataOptions",
        "ec2:MonitorInstances",
    ),
    undo_actions=("ec2:UnmonitorInstances",),
    restore=_restore,
    write_resources=("arn:{partition}:ec2:{region}:{account}:instance/{id}",),
    gone=("InvalidInstanceID.NotFound",),
    busy_errors=("IncorrectInstanceState",),
)
