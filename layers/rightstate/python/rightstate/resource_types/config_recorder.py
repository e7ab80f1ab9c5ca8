"""AWS Config's customer managed recorder of an account in a region. There is one, or none.

PutConfigurationRecorder replaces the role, the recorded types and the frequencies of a recorder, so it sends
what it does not change as it is. Service-linked recorders belong to other services.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rightstate.event_rule import Rule, Subject
from rightstate.in_code import InCode
from rightstate.policies.config_recorder import POLICIES
from rightstate.resource_type import (
    Call,
    Case,
    Change,
    Clients,
    Observed,
    Place,
    Resource,
    ResourceType,
    Setting,
    send,
)
from rightstate.wants import Value, as_list

_ROLE_NAME = "AWSServiceRoleForConfig"
_ROLE = "arn:{partition}:iam::{account}:role/aws-service-role/config.amazonaws.com/" + _ROLE_NAME
# What includeGlobalResourceTypes stands for (API reference, RecordingGroup).
_IAM = frozenset(f"AWS::IAM::{kind}" for kind in ("Group", "Policy", "Role", "User"))
_EXCLUSION = "EXCLUSION_BY_RESOURCE_TYPES"
_OF_RECORDER = ("Recorder", "AllSupported", "GlobalTypes", "ServiceLinkedRole")
_OF_CHANNEL = frozenset({"Channel", "DeliverTo", "TopicOrKey"})


def _find(clients: Clients, place: Place) -> Iterable[str]:
    return (place.account,)


def _recorder(clients: Clients) -> Mapping[str, Any]:
    """The customer managed recorder, or nothing."""
    found = clients("config").describe_configuration_recorders()["ConfigurationRecorders"]
    return next((each for each in found if not each.get("servicePrincipal")), {})


def _describe(clients: Clients, resource: Resource, settings: frozenset[str]) -> Observed:
    recorder = _recorder(clients)
    role = _ROLE.format(**resource.model_dump())
    observed: dict[str, Value] = {
        "Region": resource.region,
        "Recorder": recorder.get("name"),
        "RoleArn": recorder.get("roleARN"),
        "ServiceLinkedRole": recorder["roleARN"] == role if recorder else None,
        "Recording": False,
        **_recorded(recorder.get("recordingGroup", {}) if recorder else None),
    }
    if "ServiceRole" in settings:
        observed["ServiceRole"] = observed["RoleArn"] == role or _has_role(clients("iam"))
    if "Recording" in settings and recorder:
        found = clients("config").describe_configuration_recorder_status(
            ConfigurationRecorderNames=[recorder["name"]]
        )
        observed["Recording"] = found["ConfigurationRecordersStatus"][0]["recording"]
    if settings & _OF_CHANNEL:
        channels = clients("config").describe_delivery_channels()["DeliveryChannels"]
        observed |= _of_channel(channels[0] if channels else {})
    return {name: observed[name] for name in settings}


def _recorded(group: Mapping[str, Any] | None) -> Mapping[str, Value]:
    """What a recorder records; of one without a group, of none at all (None), nothing is known."""
    if group is None:
        return {"AllSupported": None, "GlobalTypes": None, "RecordedTypes": [], "ExcludedTypes": []}
    return {
        "AllSupported": bool(group.get("allSupported")),
        "GlobalTypes": _types_of_iam(group) == _IAM,
        "RecordedTypes": list(group.get("resourceTypes", ())),
        "ExcludedTypes": list(group.get("exclusionByResourceTypes", {}).get("resourceTypes", ())),
    }


def _types_of_iam(group: Mapping[str, Any]) -> frozenset[str]:
    """The global types that a recording group records. One that excludes some types records all others, these
    too (API reference, ExclusionByResourceTypes)."""
    if group.get("recordingStrategy", {}).get("useOnly") == _EXCLUSION:
        return _IAM - {*group["exclusionByResourceTypes"]["resourceTypes"]}
    if group.get("allSupported"):
        return _IAM if group.get("includeGlobalResourceTypes") else frozenset()
    return _IAM & {*group.get("resourceTypes", ())}


def _has_role(iam: Any) -> bool:
    try:
        iam.get_role(RoleName=_ROLE_NAME)
    except iam.exceptions.NoSuchEntityException:
        return False
    return True


def _of_channel(channel: Mapping[str, Any]) -> Mapping[str, Value]:
    prefix = channel.get("s3KeyPrefix")
    bucket = f"s3://{channel.get('s3BucketName')}" + (f"/{prefix}" if prefix else "")
    return {
        "Channel": channel.get("name"),
        "DeliverTo": bucket if channel else None,
        "TopicOrKey": [channel[key] for key in ("snsTopicARN", "s3KmsKeyArn") if channel.get(key)],
    }


def _calls(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    """What is not there is made first. A recorder starts only where there is a channel (API reference)."""
    wanted = {change.setting: change.after for change in changes}
    name = str(wanted.get("Recorder") or observed["Recorder"])
    calls = []
    if {"Recorder", "ServiceLinkedRole"} & wanted.keys() and not observed["ServiceRole"]:
        settings = [each for each in ("Recorder", "ServiceLinkedRole") if each in wanted]
        service = {"AWSServiceName": "config.amazonaws.com"}
        calls.append(_call("CreateServiceLinkedRole", service, *settings, service="iam"))
    if of_recorder := [each for each in _OF_RECORDER if each in wanted]:
        recorder: dict[str, Any] = {"name": name}
        if {"Recorder", "ServiceLinkedRole"} & wanted.keys():
            recorder["roleARN"] = _ROLE.format(**resource.model_dump())
        group: dict[str, Any] = {}
        # A new recorder has the global types of IAM with all others, or not at all.
        if "AllSupported" in wanted or {"Recorder", "GlobalTypes"} <= wanted.keys():
            group["allSupported"] = True
            group["recordingStrategy"] = {"useOnly": "ALL_SUPPORTED_RESOURCE_TYPES"}
        if "GlobalTypes" in wanted:
            group["includeGlobalResourceTypes"] = True
        calls.append(_put(recorder, group, *of_recorder))
    if "DeliverTo" in wanted:
        bucket, _, prefix = str(wanted["DeliverTo"]).removeprefix("s3://").partition("/")
        channel = {"name": "default", "s3BucketName": bucket, **({"s3KeyPrefix": prefix} if prefix else {})}
        calls.append(_call("PutDeliveryChannel", {"DeliveryChannel": channel}, "DeliverTo"))
    if "Recording" in wanted:
        calls.append(_call("StartConfigurationRecorder", {"ConfigurationRecorderName": name}, "Recording"))
    return calls


def _restore(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    """In the other order: a channel is deleted only where nothing is recorded (API reference)."""
    back = {change.setting: change for change in changes}
    name = str(observed["Recorder"])
    calls = []
    if "Recording" in back:
        calls.append(_call("StopConfigurationRecorder", {"ConfigurationRecorderName": name}, "Recording"))
    if "DeliverTo" in back:
        channel = {"DeliveryChannelName": observed["Channel"]}
        calls.append(_call("DeleteDeliveryChannel", channel, "DeliverTo"))
    of_recorder = [each for each in _OF_RECORDER if each in back]
    if "Recorder" in back:
        deleted = {"ConfigurationRecorderName": name}
        calls.append(_call("DeleteConfigurationRecorder", deleted, *of_recorder))
    elif of_recorder:
        recorder: dict[str, Any] = {"name": name}
        if "ServiceLinkedRole" in back:
            recorder["roleARN"] = back["ServiceLinkedRole"].beside["RoleArn"]
        group = _group_of_before(back["AllSupported"].beside) if "AllSupported" in back else {}
        if "GlobalTypes" in back:
            group["includeGlobalResourceTypes"] = False
        calls.append(_put(recorder, group, *of_recorder))
    return calls


def _group_of_before(beside: Mapping[str, Value]) -> dict[str, Any]:
    group: dict[str, Any] = {"allSupported": False, "includeGlobalResourceTypes": False}
    if excluded := as_list(beside["ExcludedTypes"]):
        return {
            **group,
            "exclusionByResourceTypes": {"resourceTypes": excluded},
            "recordingStrategy": {"useOnly": _EXCLUSION},
        }
    return {
        **group,
        "resourceTypes": as_list(beside["RecordedTypes"]),
        "recordingStrategy": {"useOnly": "INCLUSION_BY_RESOURCE_TYPES"},
    }


def _put(recorder: Mapping[str, Any], group: Mapping[str, Any], *settings: str) -> Call:
    whole = {**recorder, **({"recordingGroup": group} if group else {})}
    return _call("PutConfigurationRecorder", {"ConfigurationRecorder": whole}, *settings)


def _call(operation: str, parameters: dict[str, Any], *settings: str, service: str = "config") -> Call:
    return Call(service=service, operation=operation, parameters=parameters, settings=settings)


def _apply(clients: Clients, resource: Resource, call: Call, changes: Sequence[Change]) -> None:
    if call.operation != "PutConfigurationRecorder":
        send(clients, resource, call, changes)
        return
    given = call.parameters["ConfigurationRecorder"]
    now = _recorder(clients)
    whole = {key: now[key] for key in ("roleARN", "recordingGroup", "recordingMode") if key in now} | given
    if "recordingGroup" in given:
        whole["recordingGroup"] = _merged(now.get("recordingGroup", {}), given["recordingGroup"])
    clients("config").put_configuration_recorder(ConfigurationRecorder=whole)


def _merged(now: Mapping[str, Any], given: Mapping[str, Any]) -> Mapping[str, Any]:
    """The recording group as it now is, with what is given. With all types it has no list of types, and it
    goes on recording those of IAM if it recorded any."""
    if given.get("allSupported"):
        return {"includeGlobalResourceTypes": bool(_types_of_iam(now)), **given}
    if "allSupported" in given:
        return given
    kept = {key: value for key, value in now.items() if value not in ([], {"resourceTypes": []})}
    return {**kept, **given}


_SET_BACK_BY = ("DeleteConfigurationRecorder", "PutConfigurationRecorder")

RESOURCE_TYPE = ResourceType(
    name="config-recorder",
    title="AWS Config recorder of an account in a region",
    service="config",
    policies=POLICIES,
    settings={
        "Recorder": Setting(
            read="DescribeConfigurationRecorders:ConfigurationRecorders[].name",
            write="PutConfigurationRecorder:ConfigurationRecorder.name",
            set_back_by=("DeleteConfigurationRecorder",),
        ),
        "DeliverTo": Setting(
            read="DescribeDeliveryChannels:DeliveryChannels[].s3BucketName",
            write="PutDeliveryChannel:DeliveryChannel.s3BucketName",
            set_back_by=("DeleteDeliveryChannel",),
        ),
        "Recording": Setting(
            read="DescribeConfigurationRecorderStatus:ConfigurationRecordersStatus[].recording",
            # The call itself starts.
            write="StartConfigurationRecorder:ConfigurationRecorderName",
            set_back_by=("DeleteConfigurationRecorder", "StopConfigurationRecorder"),
        ),
        "AllSupported": Setting(
            read="DescribeConfigurationRecorders:ConfigurationRecorders[].recordingGroup.allSupported",
            write="PutConfigurationRecorder:ConfigurationRecorder.recordingGroup.allSupported",
            set_back_by=_SET_BACK_BY,
        ),
        "GlobalTypes": Setting(
            read="DescribeConfigurationRecorders:"
            "ConfigurationRecorders[].recordingGroup.includeGlobalResourceTypes",
            write="PutConfigurationRecorder:ConfigurationRecorder.recordingGroup.includeGlobalResourceTypes",
            set_back_by=_SET_BACK_BY,
        ),
        "ServiceLinkedRole": Setting(
            read="DescribeConfigurationRecorders:ConfigurationRecorders[].roleARN",
            write="PutConfigurationRecorder:ConfigurationRecorder.roleARN",
            set_back_by=_SET_BACK_BY,
        ),
        "Region": Setting(),
        "RoleArn": Setting(read="DescribeConfigurationRecorders:ConfigurationRecorders[].roleARN"),
        "RecordedTypes": Setting(
            read="DescribeConfigurationRecorders:ConfigurationRecorders[].recordingGroup.resourceTypes[]"
        ),
        "ExcludedTypes": Setting(
            read="DescribeConfigurationRecorders:"
            "ConfigurationRecorders[].recordingGroup.exclusionByResourceTypes.resourceTypes[]"
        ),
        "ServiceRole": Setting(read="iam.GetRole:Role.Arn"),
        "Channel": Setting(read="DescribeDeliveryChannels:DeliveryChannels[].name"),
        "TopicOrKey": Setting(read="DescribeDeliveryChannels:DeliveryChannels[].snsTopicARN"),
    },
    in_code={
        "Recorder": InCode(
            "AWS::Config::ConfigurationRecorder/Name", "aws_config_configuration_recorder.name"
        ),
        "DeliverTo": InCode(
            "AWS::Config::DeliveryChannel/S3BucketName",
            "aws_config_delivery_channel.s3_bucket_name",
            named_only=True,
        ),
        "Recording": InCode(
            terraform="aws_config_configuration_recorder_status.is_enabled",
            without="CloudFormation starts a recorder when it makes it, and has no property that says so.",
        ),
        "AllSupported": InCode(
            "AWS::Config::ConfigurationRecorder/RecordingGroup.AllSupported",
            "aws_config_configuration_recorder.recording_group.all_supported",
        ),
        "GlobalTypes": InCode(
            "AWS::Config::ConfigurationRecorder/RecordingGroup.IncludeGlobalResourceTypes",
            "aws_config_configuration_recorder.recording_group.include_global_resource_types",
        ),
        "ServiceLinkedRole": InCode(
            "AWS::Config::ConfigurationRecorder/RoleARN",
            "aws_config_configuration_recorder.role_arn",
            named_only=True,
        ),
    },
    cases={
        "control-tower": Case(
            reason="AWS Control Tower manages the recorder, and denies changes. Change it there.",
            # AWS Control Tower User Guide, Resources created in the shared accounts.
            holds=lambda observed: str(observed.get("Recorder")).startswith("aws-controltower-"),
            reads=("Recorder",),
        ),
        "no-recorder": Case(
            reason="The region has no recorder. The policy config-recorder-recording makes one.",
            holds=lambda observed: observed.get("Recorder") is None,
            reads=("Recorder",),
            unless_written="Recorder",
        ),
        "another-region": Case(
            reason="The global resources of IAM are recorded in global_resources_region.",
            holds=lambda observed: observed.get("Region") != observed["global_resources_region"],
            reads=("Region",),
            parameters=("global_resources_region",),
        ),
        "some-types": Case(
            reason="The recorder names the types that it records, and Config has this option only for all "
            "types. Enable config-recorder-all-resources too, or add the types of IAM.",
            holds=lambda observed: observed.get("AllSupported") is False,
            reads=("AllSupported",),
            unless_written="AllSupported",
        ),
        "topic-or-key": Case(
            reason="The delivery channel has an SNS topic or a KMS key, whose policies may admit only the "
            "role of now. Let config.amazonaws.com in, and set hold_topic_or_key=false.",
            holds=lambda observed: bool(observed.get("TopicOrKey")),
            reads=("TopicOrKey",),
            switch="hold_topic_or_key",
        ),
    },
    facts=("Recorder",),
    beside={
        "Recorder": ("ServiceRole",),
        "ServiceLinkedRole": ("RoleArn", "ServiceRole"),
        "AllSupported": ("ExcludedTypes", "RecordedTypes"),
    },
    arn="arn:{partition}:config:{region}:{account}:configuration-recorder",
    id_pattern=r"[0-9]{12}",
    rules=(
        Rule(
            "RecorderCalls",
            "config",
            (
                "DeleteConfigurationRecorder",
                "DeleteDeliveryChannel",
                "PutConfigurationRecorder",
                "StopConfigurationRecorder",
            ),
            Subject(),
        ),
    ),
    find=_find,
    describe=_describe,
    calls=_calls,
    apply=_apply,
    restore=_restore,
    restore_reads=("Channel",),
    read_actions=(
        "config:DescribeConfigurationRecorderStatus",
        "config:DescribeConfigurationRecorders",
        "config:DescribeDeliveryChannels",
        "iam:GetRole",
    ),
    write_actions=(
        "config:PutConfigurationRecorder",
        "config:PutDeliveryChannel",
        "config:StartConfigurationRecorder",
        "iam:CreateServiceLinkedRole",
    ),
    undo_actions=(
        "config:DeleteConfigurationRecorder",
        "config:DeleteDeliveryChannel",
        "config:StopConfigurationRecorder",
    ),
    unscoped_actions=("config:DeleteDeliveryChannel", "config:PutDeliveryChannel"),
    # The recorder's role may be the account's own choice, and is passed again with each change.
    dependent_actions={"iam:PassRole": {"iam:PassedToService": "config.amazonaws.com"}},
    write_resources=("arn:{partition}:config:{region}:{account}:configuration-recorder/*", _ROLE),
    # A role that was made just before is not known everywhere yet.
    busy_errors=("InvalidRoleException",),
)
