"""The GuardDuty detector of an account in a region. There is one, or none."""

from collections.abc import Iterable, Sequence
from typing import Any

from rightstate.event_rule import Rule, Subject
from rightstate.in_code import InCode
from rightstate.policies.guardduty_detector import POLICIES
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
)
from rightstate.wants import Value

# A call that names no features lets AWS switch on nearly all of them (API reference, CreateDetector).
_PLANS = (
    "S3_DATA_EVENTS",
    "EKS_AUDIT_LOGS",
    "EBS_MALWARE_PROTECTION",
    "RDS_LOGIN_EVENTS",
    "LAMBDA_NETWORK_LOGS",
    "RUNTIME_MONITORING",
)
# What a policy of AWS Organizations manages (botocore's model, ManagedBy).
_BY_ORGANIZATION = "GUARDDUTY_POLICY"


def _find(clients: Clients, place: Place) -> Iterable[str]:
    return (place.account,)


def _describe(clients: Clients, resource: Resource, settings: frozenset[str]) -> Observed:
    guardduty = clients("guardduty")
    detector = next(iter(guardduty.list_detectors()["DetectorIds"]), None)
    observed: dict[str, Value] = {
        "DetectorId": detector,
        "Status": None,
        "Administrator": None,
        "ManagedBy": None,
    }
    if detector and settings & {"Status", "ManagedBy"}:
        found = guardduty.get_detector(DetectorId=detector)
        observed["Status"] = found["Status"]
        managers = {each.get("ManagedBy") for each in found.get("Features", ())}
        observed["ManagedBy"] = _BY_ORGANIZATION if _BY_ORGANIZATION in managers else None
    if detector and "Administrator" in settings:
        observed["Administrator"] = _administrator(guardduty, detector)
    return {name: observed[name] for name in settings}


def _administrator(guardduty: Any, detector: str) -> str | None:
    found = guardduty.get_administrator_account(DetectorId=detector).get("Administrator", {})
    # `Enabled` in the API reference; in any case, as GuardDuty is not of one mind about it.
    return str(found["AccountId"]) if found.get("RelationshipStatus", "").upper() == "ENABLED" else None


def _calls(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    """For an undo too."""
    [change] = changes
    detector = observed.get("DetectorId")
    if change.after is None:
        return [_call("DeleteDetector", DetectorId=detector)]
    if detector is None:
        plans = [{"Name": name, "Status": "DISABLED"} for name in _PLANS]
        return [_call("CreateDetector", Enable=True, Features=plans)]
    return [_call("UpdateDetector", DetectorId=detector, Enable=change.after == "ENABLED")]


def _call(operation: str, **parameters: Any) -> Call:
    return Call(service="guardduty", operation=operation, parameters=parameters, settings=("Status",))


RESOURCE_TYPE = ResourceType(
    name="guardduty-detector",
    title="GuardDuty detector of an account in a region",
    service="guardduty",
    policies=POLICIES,
    settings={
        "Status": Setting(
            read="GetDetector:Status",
            write="CreateDetector:Enable",
            set_back_by=("CreateDetector", "DeleteDetector", "UpdateDetector"),
        ),
        "DetectorId": Setting(read="ListDetectors:DetectorIds[]"),
        "Administrator": Setting(read="GetAdministratorAccount:Administrator.AccountId"),
        "ManagedBy": Setting(read="GetDetector:Features[].ManagedBy"),
    },
    in_code={
        "Status": InCode(
            "AWS::GuardDuty::Detector/Enable", "aws_guardduty_detector.enable", values={"ENABLED": True}
        ),
    },
    cases={
        "member": Case(
            reason="An administrator account of GuardDuty manages it. Enable it there.",
            holds=lambda observed: observed.get("Administrator") is not None,
            reads=("Administrator",),
        ),
        "by-organization": Case(
            reason="A GuardDuty policy of the organization manages it. Change that policy.",
            holds=lambda observed: observed.get("ManagedBy") is not None,
            reads=("ManagedBy",),
        ),
    },
    facts=("DetectorId",),
    arn="arn:{partition}:guardduty:{region}:{account}:detector",
    id_pattern=r"[0-9]{12}",
    rules=(
        Rule(
            "DetectorCalls",
            "guardduty",
            ("CreateDetector", "DeleteDetector", "DisassociateFromAdministratorAccount", "UpdateDetector"),
            Subject(),
        ),
    ),
    find=_find,
    describe=_describe,
    calls=_calls,
    read_actions=(
        "guardduty:GetAdministratorAccount",
        "guardduty:GetDetector",
        "guardduty:ListDetectors",
    ),
    write_actions=("guardduty:CreateDetector", "guardduty:UpdateDetector"),
    undo_actions=("guardduty:DeleteDetector",),
    unscoped_actions=("guardduty:CreateDetector",),
    # The first detector of an account takes the role that GuardDuty works with.
    dependent_actions={"iam:CreateServiceLinkedRole": {"iam:AWSServiceName": "guardduty.amazonaws.com"}},
    destroys=lambda change: "The detector is deleted with its findings." if change.after is None else "",
    write_resources=("arn:{partition}:guardduty:{region}:{account}:detector/*",),
)
