"""VPCs, and the flow logs of each. A flow log cannot be changed, only made and deleted."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rightstate.errors import CallFailed
from rightstate.event_rule import Rule, Subject
from rightstate.in_code import InCode
from rightstate.listing import PAGE, Answer, Shared, paged, pages, the_one
from rightstate.policies.vpc import POLICIES
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
    listed_tags,
    send,
)
from rightstate.wants import Value, as_list

_ARN = "arn:{partition}:ec2:{region}:{account}:vpc/{id}"
_LOG_ARN = "arn:{partition}:ec2:{region}:{account}:vpc-flow-log/*"
# Where a flow log has no role, which only one to a log group needs.
_NO_ROLE = "none"
# The service in the ARN of a destination -> its type.
_TYPES = {"s3": "s3", "logs": "cloud-watch-logs", "firehose": "kinesis-data-firehose"}


def _members(clients: Clients, place: Place, group: str) -> Iterator[tuple[str, str]]:
    """The region's VPCs: an event about a deleted flow log names no VPC."""
    return ((place.region, name) for name in _LISTING.find(clients, place))


def _one(clients: Clients, resource: Resource) -> Answer:
    return the_one(clients("ec2").describe_vpcs(VpcIds=[resource.id])["Vpcs"], "DescribeVpcs")


def _observe(
    clients: Clients, resource: Resource, vpc: Answer, settings: frozenset[str], shared: Shared
) -> Observed:
    vpcs = [str(each["VpcId"]) for each in shared.answers]
    logs = [
        each
        for each in shared.once("logs", lambda: _flow_logs(clients, vpcs))
        if each["ResourceId"] == resource.id and each["TrafficType"] in ("REJECT", "ALL")
    ]
    failing = [each for each in logs if each.get("DeliverLogsStatus") == "FAILED"]
    working = [each for each in logs if each["FlowLogStatus"] == "ACTIVE" and each not in failing]
    # The first, so that another one that is made later does not change what an undo finds.
    own = min(working, key=lambda each: (each["CreationTime"], each["FlowLogId"]), default=None)
    observed: dict[str, Value] = {
        "LogDestination": None if own is None else _destination(own, resource),
        "TrafficType": None if own is None else own["TrafficType"],
        "DeliveryRole": None if own is None else own.get("DeliverLogsPermissionArn", _NO_ROLE),
        "FlowLogId": None if own is None else own["FlowLogId"],
        "FailingDestinations": sorted({_destination(each, resource) for each in failing}),
        "SharedBy": None if vpc["OwnerId"] == resource.account else vpc["OwnerId"],
    }
    return {name: observed[name] for name in settings}


def _flow_logs(clients: Clients, vpcs: Sequence[str]) -> list[Mapping[str, Any]]:
    of_vpcs = [{"Name": "resource-id", "Values": list(vpcs)}]
    listed = pages(clients, "ec2", "describe_flow_logs", "FlowLogs", "", Filter=of_vpcs, MaxResults=PAGE)
    return [each for page, _ in listed for each in page]


def _destination(log: Mapping[str, Any], resource: Resource) -> str:
    """Its ARN. Of a log group AWS may tell the name alone."""
    group = "arn:{partition}:logs:{region}:{account}:log-group:".format(**resource.model_dump())
    return str(log.get("LogDestination") or group + log.get("LogGroupName", ""))


_LISTING = Listing(
    pages=paged("ec2", "describe_vpcs", "Vpcs", MaxResults=PAGE),
    id_of=lambda vpc: str(vpc["VpcId"]),
    one=_one,
    observe=_observe,
    tags=listed_tags,
)


def _calls(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    wanted = {change.setting: str(change.after) for change in changes}
    destination = wanted["LogDestination"]
    to_group = destination.split(":")[2] == "logs"
    return [
        _call(
            "CreateFlowLogs",
            changes,
            ResourceIds=[resource.id],
            ResourceType="VPC",
            TrafficType=wanted["TrafficType"],
            LogDestinationType=_TYPES[destination.split(":")[2]],
            LogDestination=destination,
            **({"DeliverLogsPermissionArn": wanted["DeliveryRole"]} if to_group else {}),
        )
    ]


def _restore(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    """There was none that records the traffic, or nothing would have been changed."""
    return [_call("DeleteFlowLogs", changes, FlowLogIds=[observed["FlowLogId"]])]


def _call(operation: str, changes: Sequence[Change], **parameters: Any) -> Call:
    settings = tuple(change.setting for change in changes)
    return Call(service="ec2", operation=operation, parameters=parameters, settings=settings)


def _apply(clients: Clients, resource: Resource, call: Call, changes: Sequence[Change]) -> None:
    if call.operation != "CreateFlowLogs":
        send(clients, resource, call, changes)
        return
    # AWS answers with success also where it has made none (API reference, CreateFlowLogs).
    refused = clients("ec2").create_flow_logs(**call.parameters).get("Unsuccessful", ())
    for each in refused:
        raise CallFailed(
            f"No flow log was made: {each.get('Error', {}).get('Code', 'Unknown')}. Look whether "
            "log_destination exists, and lets the delivery service in."
        )


_SET_BACK_BY = ("CreateDefaultVpc", "CreateVpc", "DeleteFlowLogs")

RESOURCE_TYPE = ResourceType(
    name="vpc",
    title="VPC",
    service="ec2",
    policies=POLICIES,
    settings={
        "LogDestination": Setting(
            read="DescribeFlowLogs:FlowLogs[].LogDestination",
            write="CreateFlowLogs:LogDestination",
            set_back_by=_SET_BACK_BY,
        ),
        "TrafficType": Setting(
            read="DescribeFlowLogs:FlowLogs[].TrafficType",
            write="CreateFlowLogs:TrafficType",
            set_back_by=_SET_BACK_BY,
        ),
        "DeliveryRole": Setting(
            read="DescribeFlowLogs:FlowLogs[].DeliverLogsPermissionArn",
            write="CreateFlowLogs:DeliverLogsPermissionArn",
            set_back_by=_SET_BACK_BY,
        ),
        "FlowLogId": Setting(read="DescribeFlowLogs:FlowLogs[].FlowLogId"),
        "FailingDestinations": Setting(read="DescribeFlowLogs:FlowLogs[].DeliverLogsStatus"),
        "SharedBy": Setting(read="DescribeVpcs:Vpcs[].OwnerId"),
    },
    in_code={
        "LogDestination": InCode("AWS::EC2::FlowLog/LogDestination", "aws_flow_log.log_destination"),
        "TrafficType": InCode("AWS::EC2::FlowLog/TrafficType", "aws_flow_log.traffic_type"),
        "DeliveryRole": InCode(
            "AWS::EC2::FlowLog/DeliverLogsPermissionArn", "aws_flow_log.iam_role_arn", named_only=True
        ),
    },
    cases={
        "of-another-account": Case(
            reason="Another account owns the VPC and shares it.",
            holds=lambda observed: observed.get("SharedBy") is not None,
            reads=("SharedBy",),
        ),
        "failing": Case(
            reason="The VPC has a flow log to log_destination, which fails to deliver. A flow log cannot be "
            "changed. Let it deliver there, or delete it.",
            holds=lambda observed: (
                observed["log_destination"] in as_list(observed.get("FailingDestinations"))
            ),
            reads=("FailingDestinations",),
            parameters=("log_destination",),
        ),
        "without-role": Case(
            reason="A flow log to a log group needs deliver_logs_role_arn.",
            holds=lambda observed: (
                ":logs:" in str(observed["log_destination"]) and observed["deliver_logs_role_arn"] == _NO_ROLE
            ),
            parameters=("log_destination", "deliver_logs_role_arn"),
        ),
    },
    arn=_ARN,
    # EC2 User Guide, Resource IDs: 8 characters until 2016, 17 since.
    id_pattern=r"vpc-(?:[0-9a-f]{17}|[0-9a-f]{8})",
    config_type="AWS::EC2::VPC",
    listing=_LISTING,
    rules=(
        Rule("NewVpcs", "ec2", ("CreateVpc",), Subject(("responseElements.vpc.vpcId",))),
        Rule(
            "NewDefaultVpcs",
            "ec2",
            ("CreateDefaultVpc",),
            Subject(("responseElements.CreateDefaultVpcResponse.vpc.vpcId",)),
            name="vpc-default",
        ),
        # It names flow logs that are no more.
        Rule("DeletedFlowLogs", "ec2", ("DeleteFlowLogs",), Subject(kind="group"), name="vpc-flow-logs"),
    ),
    calls=_calls,
    apply=_apply,
    restore=_restore,
    restore_reads=("FlowLogId",),
    members=_members,
    read_actions=("ec2:DescribeFlowLogs", "ec2:DescribeVpcs"),
    write_actions=("ec2:CreateFlowLogs",),
    undo_actions=("ec2:DeleteFlowLogs",),
    # The role that writes to a log group is the account's choice. EC2 asks for the others where logs go to a
    # bucket or a stream (VPC User Guide, Publish flow logs to Amazon S3). No policy of the bucket is written:
    # without that right AWS leaves it as it is.
    dependent_actions={
        "iam:PassRole": {"iam:PassedToService": "vpc-flow-logs.amazonaws.com"},
        "logs:CreateLogDelivery": {"aws:RequestedRegion": "{region}"},
        "logs:DeleteLogDelivery": {"aws:RequestedRegion": "{region}"},
    },
    write_resources=(_ARN, _LOG_ARN),
    gone=("InvalidVpcID.NotFound",),
)
