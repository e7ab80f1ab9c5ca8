"""Security Hub CSPM of an account in a region: on or off."""

from collections.abc import Iterable, Sequence

from botocore.exceptions import ClientError

from rightstate.event_rule import Rule, Subject
from rightstate.in_code import InCode
from rightstate.policies.security_hub import POLICIES
from rightstate.resource_type import (
    Call,
    Change,
    Clients,
    Observed,
    Place,
    Resource,
    ResourceType,
    Setting,
)

# How DescribeHub says that it is off (API reference).
_OFF = ("InvalidAccessException", "ResourceNotFoundException")


def _find(clients: Clients, place: Place) -> Iterable[str]:
    return (place.account,)


def _describe(clients: Clients, resource: Resource, settings: frozenset[str]) -> Observed:
    try:
        clients("securityhub").describe_hub()
    except ClientError as error:
        if error.response["Error"]["Code"] not in _OFF:
            raise
        return {"Enabled": False}
    return {"Enabled": True}


def _calls(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    """For an undo too."""
    [change] = changes
    given = {"EnableDefaultStandards": True, "ControlFindingGenerator": "SECURITY_CONTROL"}
    return [
        Call(
            service="securityhub",
            operation="EnableSecurityHub" if change.after else "DisableSecurityHub",
            parameters=given if change.after else {},
            settings=("Enabled",),
        )
    ]


RESOURCE_TYPE = ResourceType(
    name="security-hub",
    title="Security Hub CSPM of an account in a region",
    service="securityhub",
    policies=POLICIES,
    settings={
        "Enabled": Setting(
            read="DescribeHub:HubArn",
            # The call itself enables it.
            write="EnableSecurityHub:EnableDefaultStandards",
            set_back_by=("DisableSecurityHub",),
        ),
    },
    in_code={
        # Security Hub is on where code has the resource.
        "Enabled": InCode(
            "AWS::SecurityHub::Hub/EnableDefaultStandards",
            "aws_securityhub_account.enable_default_standards",
            named_only=True,
        ),
    },
    arn="arn:{partition}:securityhub:{region}:{account}:hub/default",
    id_pattern=r"[0-9]{12}",
    rules=(Rule("HubCalls", "securityhub", ("DisableSecurityHub",), Subject()),),
    find=_find,
    describe=_describe,
    calls=_calls,
    read_actions=("securityhub:DescribeHub",),
    write_actions=("securityhub:EnableSecurityHub",),
    undo_actions=("securityhub:DisableSecurityHub",),
    # Security Hub's role comes with it.
    dependent_actions={"iam:CreateServiceLinkedRole": {"iam:AWSServiceName": "securityhub.amazonaws.com"}},
    destroys=lambda change: "" if change.after else "Findings and settings of Security Hub are deleted.",
    write_resources=("arn:{partition}:securityhub:{region}:{account}:hub/default",),
)
