"""Settings of Systems Manager of an account in a region: sharing of documents, default host management."""

from collections.abc import Iterable, Sequence

from botocore.exceptions import ClientError

from rightstate.errors import CallFailed
from rightstate.event_rule import Rule, Subject
from rightstate.in_code import InCode
from rightstate.policies.ssm_settings import HOST_MANAGEMENT_ROLE, POLICIES
from rightstate.resource_type import (
    Call,
    Change,
    Clients,
    Observed,
    Place,
    Resource,
    ResourceType,
    Setting,
    send,
)
from rightstate.wants import Value

_IDS = {
    "PublicSharing": "ssm/documents/console/public-sharing-permission",
    "HostManagementRole": "ssm/managed-instance/default-ec2-instance-management-role",
}
"""Setting -> its id in the API, and in its ARN."""
_STATUS = {f"{name}Status": name for name in _IDS}
"""Whether somebody has set it -> the setting."""
_ARN = "arn:{partition}:ssm:{region}:{account}:servicesetting/"


def _find(clients: Clients, place: Place) -> Iterable[str]:
    return (place.account,)


def _describe(clients: Clients, resource: Resource, settings: frozenset[str]) -> Observed:
    observed: dict[str, Value] = {}
    for name in sorted({_STATUS.get(each, each) for each in settings}):
        answer = clients("ssm").get_service_setting(SettingId=_id(resource, name))["ServiceSetting"]
        value = answer["SettingValue"]
        # What AWS has for no role.
        observed[name] = None if name == "HostManagementRole" and value in ("", "$None") else value
        observed[f"{name}Status"] = answer["Status"]
    return {name: observed[name] for name in settings}


def _id(resource: Resource, name: str) -> str:
    return _ARN.format(**resource.model_dump()) + _IDS[name]


def _calls(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    """For an undo too: what nobody had set has its default again."""
    return [_call(resource, change) for change in changes]


def _call(resource: Resource, change: Change) -> Call:
    restores = change.after == "Enable" or change.after is None
    default = restores and (change.after is None or change.beside.get(f"{change.setting}Status") == "Default")
    return Call(
        service="ssm",
        operation="ResetServiceSetting" if default else "UpdateServiceSetting",
        parameters={
            "SettingId": _id(resource, change.setting),
            **({} if default else {"SettingValue": change.after}),
        },
        settings=(change.setting,),
    )


def _apply(clients: Clients, resource: Resource, call: Call, changes: Sequence[Change]) -> None:
    """Raises CallFailed where the role does not exist, which Systems Manager does not ask."""
    [change] = changes
    if change.setting == "HostManagementRole" and change.after:
        name = str(change.after).rpartition("/")[2]
        try:
            clients("iam").get_role(RoleName=name)
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchEntity":
                raise
            raise CallFailed(
                f"There is no role {name}, so that no instance could take it. The setting was not "
                "changed. Make the role, then start the resource again."
            ) from None
    send(clients, resource, call, changes)


RESOURCE_TYPE = ResourceType(
    name="ssm-settings",
    title="Systems Manager settings of an account in a region",
    service="ssm",
    policies=POLICIES,
    settings={
        **{
            name: Setting(
                read="GetServiceSetting:ServiceSetting.SettingValue",
                write="UpdateServiceSetting:SettingValue",
                set_back_by=("ResetServiceSetting", "UpdateServiceSetting"),
            )
            for name in _IDS
        },
        **{name: Setting(read="GetServiceSetting:ServiceSetting.Status") for name in _STATUS},
    },
    in_code={
        name: InCode(
            terraform="aws_ssm_service_setting.setting_value",
            without="CloudFormation has no resource for settings of Systems Manager.",
        )
        for name in _IDS
    },
    beside={name: (f"{name}Status",) for name in _IDS},
    arn="arn:{partition}:ssm:{region}:{account}:servicesetting",
    id_pattern=r"[0-9]{12}",
    rules=(
        Rule(
            "SettingCalls",
            "ssm",
            ("ResetServiceSetting", "UpdateServiceSetting"),
            Subject(),
            # A caller may give the id alone, or the ARN that ends with it.
            where={"requestParameters": {"settingId": [{"suffix": each} for each in _IDS.values()]}},
        ),
    ),
    find=_find,
    describe=_describe,
    calls=_calls,
    apply=_apply,
    read_actions=("iam:GetRole", "ssm:GetServiceSetting"),
    write_actions=("ssm:UpdateServiceSetting",),
    undo_actions=("ssm:ResetServiceSetting",),
    dependent_actions={"iam:PassRole": {"iam:PassedToService": "ssm.amazonaws.com"}},
    # Every instance takes the role, so that no other may be passed.
    dependent_resources={"iam:PassRole": "arn:{partition}:iam::{account}:role/" + HOST_MANAGEMENT_ROLE + "*"},
    write_resources=tuple(_ARN + each for each in _IDS.values()),
)
