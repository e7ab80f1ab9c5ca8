"""EC2's settings of an account in a region: EBS encryption, sharing of snapshots, instance metadata."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rightstate.event_rule import Rule, Subject
from rightstate.in_code import InCode
from rightstate.policies.ec2_regional_settings import POLICIES
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

_SHARING = ("SnapshotSharing", "SharingManagedBy")
_METADATA = ("HttpTokens", "MetadataManagedBy")


def _find(clients: Clients, place: Place) -> Iterable[str]:
    return (place.account,)


def _describe(clients: Clients, resource: Resource, settings: frozenset[str]) -> Observed:
    ec2 = clients("ec2")
    observed: dict[str, Value] = {}
    if "EbsEncryptionByDefault" in settings:
        observed["EbsEncryptionByDefault"] = ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"]
    if settings.intersection(_SHARING):
        sharing = ec2.get_snapshot_block_public_access_state()
        observed |= {"SnapshotSharing": sharing["State"], "SharingManagedBy": sharing.get("ManagedBy")}
    if settings.intersection(_METADATA):
        metadata = ec2.get_instance_metadata_defaults().get("AccountLevel", {})
        observed |= {
            # Absent where the account has no preference.
            "HttpTokens": metadata.get("HttpTokens", "no-preference"),
            "MetadataManagedBy": metadata.get("ManagedBy"),
        }
    return {name: observed[name] for name in settings}


def _calls(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    """For an undo too: each value has the call that sets it."""
    return [_call(change) for change in changes]


def _call(change: Change) -> Call:
    operation, parameters = _OPERATIONS[change.setting](change.after)
    return Call(service="ec2", operation=operation, parameters=parameters, settings=(change.setting,))


def _encryption(value: Value) -> tuple[str, Mapping[str, Any]]:
    return ("EnableEbsEncryptionByDefault" if value else "DisableEbsEncryptionByDefault"), {}


def _sharing(value: Value) -> tuple[str, Mapping[str, Any]]:
    if value == "unblocked":
        return "DisableSnapshotBlockPublicAccess", {}
    return "EnableSnapshotBlockPublicAccess", {"State": value}


def _metadata(value: Value) -> tuple[str, Mapping[str, Any]]:
    # What is not named stays (API reference, ModifyInstanceMetadataDefaults).
    return "ModifyInstanceMetadataDefaults", {"HttpTokens": value}


_OPERATIONS = {
    "EbsEncryptionByDefault": _encryption,
    "SnapshotSharing": _sharing,
    "HttpTokens": _metadata,
}


def _by_organization(setting: str) -> Case:
    # Values of ManagedBy in botocore's model.
    return Case(
        reason="A declarative policy of the organization sets it, and EC2 refuses to change it here. "
        "Change the policy.",
        holds=lambda observed: observed.get(setting) == "declarative-policy",
        reads=(setting,),
    )


RESOURCE_TYPE = ResourceType(
    name="ec2-regional-settings",
    title="EC2 settings of an account in a region",
    service="ec2",
    policies=POLICIES,
    settings={
        "EbsEncryptionByDefault": Setting(
            read="GetEbsEncryptionByDefault:EbsEncryptionByDefault",
            # The call itself switches it on. It has no parameter that says so.
            write="EnableEbsEncryptionByDefault:DryRun",
            set_back_by=("DisableEbsEncryptionByDefault",),
        ),
        "SnapshotSharing": Setting(
            read="GetSnapshotBlockPublicAccessState:State",
            write="EnableSnapshotBlockPublicAccess:State",
            set_back_by=("DisableSnapshotBlockPublicAccess", "EnableSnapshotBlockPublicAccess"),
        ),
        "SharingManagedBy": Setting(read="GetSnapshotBlockPublicAccessState:ManagedBy"),
        "HttpTokens": Setting(
            read="GetInstanceMetadataDefaults:AccountLevel.HttpTokens",
            write="ModifyInstanceMetadataDefaults:HttpTokens",
        ),
        "MetadataManagedBy": Setting(read="GetInstanceMetadataDefaults:AccountLevel.ManagedBy"),
    },
    in_code={
        "EbsEncryptionByDefault": InCode(
            terraform="aws_ebs_encryption_by_default.enabled",
            without="CloudFormation has no resource for EBS encryption by default.",
        ),
        "SnapshotSharing": InCode(
            "AWS::EC2::SnapshotBlockPublicAccess/State", "aws_ebs_snapshot_block_public_access.state"
        ),
        "HttpTokens": InCode(
            terraform="aws_ec2_instance_metadata_defaults.http_tokens",
            without="CloudFormation has no resource for the account's defaults of instance metadata.",
        ),
    },
    cases={
        "sharing-by-organization": _by_organization("SharingManagedBy"),
        "metadata-by-organization": _by_organization("MetadataManagedBy"),
    },
    arn="arn:{partition}:ec2:{region}:{account}:regional-settings",
    id_pattern=r"[0-9]{12}",
    rules=(
        Rule(
            "RegionalCalls",
            "ec2",
            (
                "DisableEbsEncryptionByDefault",
                "DisableSnapshotBlockPublicAccess",
                "EnableSnapshotBlockPublicAccess",
                "ModifyInstanceMetadataDefaults",
            ),
            Subject(),
        ),
    ),
    find=_find,
    describe=_describe,
    calls=_calls,
    read_actions=(
        "ec2:GetEbsEncryptionByDefault",
        "ec2:GetInstanceMetadataDefaults",
        "ec2:GetSnapshotBlockPublicAccessState",
    ),
    write_actions=(
        "ec2:EnableEbsEncryptionByDefault",
        "ec2:EnableSnapshotBlockPublicAccess",
        "ec2:ModifyInstanceMetadataDefaults",
    ),
    undo_actions=("ec2:DisableEbsEncryptionByDefault", "ec2:DisableSnapshotBlockPublicAccess"),
    # None supports resource-level permissions (service authorization reference).
    write_resources=("*",),
)
