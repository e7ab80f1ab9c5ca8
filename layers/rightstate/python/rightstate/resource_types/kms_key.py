"""KMS keys of the account's own."""

from collections.abc import Mapping, Sequence
from typing import Any

from rightstate.event_rule import Rule, Subject
from rightstate.in_code import InCode
from rightstate.listing import PAGE, Answer, Shared, paged
from rightstate.policies.kms_key import POLICIES
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
    Tags,
)
from rightstate.wants import Value

_DEFAULT_PERIOD = 365  # API reference, EnableKeyRotation


def _observe(
    clients: Clients, resource: Resource, listed: Answer, settings: frozenset[str], shared: Shared
) -> Observed:
    kms = clients("kms")
    key = _key(kms.describe_key(KeyId=resource.id)["KeyMetadata"])
    observed = {name: key[name] for name in settings & key.keys()}
    # KMS refuses to say whether a key rotates that cannot (API reference, GetKeyRotationStatus).
    if settings & _ROTATION and not any(case.holds(key) for case in _CASES.values()):
        found = _rotation(kms.get_key_rotation_status(KeyId=resource.id))
        observed |= {name: found[name] for name in settings & _ROTATION}
    return observed


_LISTING = Listing(
    pages=paged("kms", "list_keys", "Keys", given="Marker", answered="NextMarker", Limit=PAGE),
    id_of=lambda key: str(key["KeyId"]),
    one=lambda clients, resource: {"KeyId": resource.id},
    observe=_observe,
)


def _key(metadata: Mapping[str, Any]) -> dict[str, Value]:
    return {
        **{name: metadata.get(name) for name in ("KeyManager", "Origin", "KeyState")},
        # API reference, KeyMetadata: CustomerMasterKeySpec is the deprecated name, with the same value. What
        # stands in for KMS may answer with that alone.
        "KeySpec": metadata.get("KeySpec", metadata.get("CustomerMasterKeySpec")),
        "MultiRegionKeyType": metadata.get("MultiRegionConfiguration", {}).get("MultiRegionKeyType"),
    }


def _rotation(status: Mapping[str, Any]) -> Mapping[str, Value]:
    enabled = bool(status["KeyRotationEnabled"])
    return {
        "KeyRotationEnabled": enabled,
        "RotationPeriodInDays": status.get("RotationPeriodInDays", _DEFAULT_PERIOD if enabled else None),
    }


def _tags(clients: Clients, resource: Resource) -> Tags:
    pages = clients("kms").get_paginator("list_resource_tags").paginate(KeyId=resource.id)
    return {tag["TagKey"]: tag["TagValue"] for page in pages for tag in page["Tags"]}


def _calls(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    after = {change.setting: change.after for change in changes if change.setting in _ROTATION}
    if not after:
        # The key is Disabled then, whatever it was before (API reference, CancelKeyDeletion).
        return [
            Call(
                service="kms",
                operation="CancelKeyDeletion",
                parameters={"KeyId": resource.id},
                settings=("KeyState",),
            )
        ]
    # Without a period KMS takes its default, so one that the key has is named again.
    period = after.get("RotationPeriodInDays", observed["RotationPeriodInDays"])
    return [
        Call(
            service="kms",
            operation="EnableKeyRotation",
            parameters={"KeyId": resource.id, "RotationPeriodInDays": period},
            settings=tuple(after),
        )
    ]


def _irrecoverable(changes: Sequence[Change], observed: Observed) -> str | None:
    if any(change.setting == "KeyState" for change in changes):
        return (
            "Rightstate schedules no deletion of a key, and has no right to. If the key is to go, exempt it, "
            "and schedule the deletion again with `aws kms schedule-key-deletion`."
        )
    return None


def _restore(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    """Every period that KMS accepts satisfies the policy. So a change always means that the key did not
    rotate."""
    settings = tuple(change.setting for change in changes)
    return [
        Call(
            service="kms",
            operation="DisableKeyRotation",
            parameters={"KeyId": resource.id},
            settings=settings,
        )
    ]


def _busy(observed: Observed) -> str | None:
    state = observed["KeyState"]
    return f"The key's state is {state}." if state in ("Creating", "Updating") else None


def _in_state(*states: str) -> dict[str, Any]:
    return {"holds": lambda observed: observed["KeyState"] in states, "reads": ("KeyState",)}


_CASES = {
    "aws-managed": Case(
        reason="AWS manages the key and rotates it every year; nobody else can change that.",
        holds=lambda observed: observed["KeyManager"] == "AWS",
        reads=("KeyManager",),
    ),
    "not-symmetric": Case(
        reason="KMS rotates symmetric encryption keys only; this one is asymmetric or for HMAC.",
        holds=lambda observed: observed["KeySpec"] not in ("SYMMETRIC_DEFAULT", None),
        reads=("KeySpec",),
    ),
    "of-an-unknown-kind": Case(
        reason="Whether KMS can rotate the key is unknown: DescribeKey does not say what kind of key it is.",
        holds=lambda observed: observed["KeySpec"] is None,
        reads=("KeySpec",),
    ),
    "imported-material": Case(
        reason="The key's material was imported: KMS cannot make new material for it by itself.",
        holds=lambda observed: observed["Origin"] == "EXTERNAL",
        reads=("Origin",),
    ),
    "custom-key-store": Case(
        reason="The key's material is in a custom key store (CloudHSM or external); KMS cannot rotate it.",
        holds=lambda observed: observed["Origin"] in ("AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"),
        reads=("Origin",),
    ),
    "replica": Case(
        reason="The key is a replica of a multi-Region key; rotation is set on its primary for all of them.",
        holds=lambda observed: observed["MultiRegionKeyType"] == "REPLICA",
        reads=("MultiRegionKeyType",),
    ),
    "disabled": Case(
        reason="The key is disabled: KMS neither rotates it nor lets rotation be set until it is enabled.",
        **_in_state("Disabled"),
    ),
    "pending-deletion": Case(
        reason="The key is scheduled for deletion.",
        **_in_state("PendingDeletion", "PendingReplicaDeletion"),
    ),
    "pending-import": Case(
        reason="The key waits for its material to be imported, and imported material is not rotated.",
        **_in_state("PendingImport"),
    ),
    "unavailable": Case(
        reason="The key's custom key store is not connected, so the key cannot be used or changed.",
        **_in_state("Unavailable"),
    ),
}
_ROTATION = {"KeyRotationEnabled", "RotationPeriodInDays"}

RESOURCE_TYPE = ResourceType(
    name="kms-key",
    title="KMS key",
    service="kms",
    policies=POLICIES,
    settings={
        **{
            name: Setting(read=f"DescribeKey:KeyMetadata.{name}")
            for name in ("KeyManager", "KeySpec", "Origin")
        },
        "KeyState": Setting(
            read="DescribeKey:KeyMetadata.KeyState",
            write="CancelKeyDeletion:KeyId",
            set_back_by=("ScheduleKeyDeletion",),
        ),
        "MultiRegionKeyType": Setting(
            read="DescribeKey:KeyMetadata.MultiRegionConfiguration.MultiRegionKeyType"
        ),
        # The call itself enables; it has no parameter that says so.
        "KeyRotationEnabled": Setting(
            read="GetKeyRotationStatus:KeyRotationEnabled",
            write="EnableKeyRotation:KeyId",
            set_back_by=("DisableKeyRotation",),
        ),
        "RotationPeriodInDays": Setting(
            read="GetKeyRotationStatus:RotationPeriodInDays",
            write="EnableKeyRotation:RotationPeriodInDays",
            # Not EnableKeyRotation: it takes no period that is shorter than what the policy asks for.
            set_back_by=("DisableKeyRotation",),
        ),
    },
    in_code={
        "KeyState": InCode(
            without="Code has no such setting. Put the key back where it was removed, so that no deployment "
            "deletes it again.",
        ),
        "KeyRotationEnabled": InCode("AWS::KMS::Key/EnableKeyRotation", "aws_kms_key.enable_key_rotation"),
        "RotationPeriodInDays": InCode(
            "AWS::KMS::Key/RotationPeriodInDays", "aws_kms_key.rotation_period_in_days"
        ),
    },
    cases=_CASES,
    facts=("KeyState",),
    busy=_busy,
    arn="arn:{partition}:kms:{region}:{account}:key/{id}",
    # KMS Developer Guide, Key identifiers: a UUID, for multi-Region keys mrk- and 32 hexadecimal digits. The
    # calls take no alias.
    id_pattern=r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32}",
    config_type="AWS::KMS::Key",
    listing=_LISTING,
    rules=(
        Rule(
            "NewKeys",
            "kms",
            ("CreateKey",),
            Subject(("responseElements.keyMetadata.arn",)),
            name="kms-key-new",
        ),
        Rule(
            "KeyCalls",
            "kms",
            (
                "CancelKeyDeletion",
                "DisableKeyRotation",
                "EnableKey",
                "ScheduleKeyDeletion",
                "UpdatePrimaryRegion",
            ),
            # An id or an ARN.
            Subject(("requestParameters.keyId",)),
        ),
    ),
    tags=_tags,
    calls=_calls,
    read_actions=(
        "kms:DescribeKey",
        "kms:GetKeyRotationStatus",
        "kms:ListKeys",
        "kms:ListResourceTags",
    ),
    write_actions=("kms:CancelKeyDeletion", "kms:EnableKeyRotation"),
    undo_actions=("kms:DisableKeyRotation",),
    restore=_restore,
    irrecoverable=_irrecoverable,
    write_resources=("arn:{partition}:kms:{region}:{account}:key/{id}",),
    gone=("NotFoundException",),
    # While the primary Region of a multi-Region key is changed (KMS Developer Guide, Key states).
    busy_errors=("KMSInvalidStateException",),
)
