"""The S3 settings of an account: one public access block for all its buckets in all regions."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from rightstate.event_rule import Rule, Subject
from rightstate.in_code import InCode
from rightstate.policies.s3_account import POLICIES
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

_BLOCKS = {
    "BlockPublicAcls": "block_public_acls",
    "IgnorePublicAcls": "ignore_public_acls",
    "BlockPublicPolicy": "block_public_policy",
    "RestrictPublicBuckets": "restrict_public_buckets",
}


def _find(clients: Clients, place: Place) -> Iterable[str]:
    return (place.account,)


def _describe(clients: Clients, resource: Resource, settings: frozenset[str]) -> Observed:
    block = _block(clients, resource)
    # None where there is no block at all, False where it leaves one out.
    return {name: None if block is None else block.get(name, False) for name in settings}


def _block(clients: Clients, resource: Resource) -> Mapping[str, Any] | None:
    try:
        answer = clients("s3control").get_public_access_block(AccountId=resource.account)
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchPublicAccessBlockConfiguration":
            raise
        return None
    block: Mapping[str, Any] = answer["PublicAccessBlockConfiguration"]
    return block


def _calls(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    return [
        Call(
            service="s3control",
            operation="PutPublicAccessBlock",
            parameters={
                "AccountId": resource.account,
                "PublicAccessBlockConfiguration": {change.setting: change.after for change in changes},
            },
            settings=tuple(change.setting for change in changes),
        )
    ]


def _restore(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    after: dict[str, Value] = {name: observed.get(name) for name in _BLOCKS}
    after |= {change.setting: change.after for change in changes}
    if set(after.values()) != {None}:
        return _calls(resource, changes, observed)
    return [
        Call(
            service="s3control",
            operation="DeletePublicAccessBlock",
            parameters={"AccountId": resource.account},
            settings=tuple(change.setting for change in changes),
        )
    ]


def _apply(clients: Clients, resource: Resource, call: Call, changes: Sequence[Change]) -> None:
    """Put the four values as they now are, with ours in them: S3 sets what is left out to false."""
    if call.operation == "DeletePublicAccessBlock":
        send(clients, resource, call, changes)
        return
    now = _block(clients, resource) or {}
    ours = call.parameters["PublicAccessBlockConfiguration"]
    whole = {name: bool(ours.get(name, now.get(name))) for name in _BLOCKS}
    clients("s3control").put_public_access_block(
        AccountId=resource.account, PublicAccessBlockConfiguration=whole
    )


RESOURCE_TYPE = ResourceType(
    name="s3-account",
    title="S3 settings of an account",
    service="s3",
    policies=POLICIES,
    settings={
        name: Setting(
            read=f"s3control.GetPublicAccessBlock:PublicAccessBlockConfiguration.{name}",
            write=f"s3control.PutPublicAccessBlock:PublicAccessBlockConfiguration.{name}",
            # CloudTrail's names of the calls (S3 User Guide, "Amazon S3 CloudTrail events").
            set_back_by=("DeleteAccountPublicAccessBlock", "PutAccountPublicAccessBlock"),
        )
        for name in _BLOCKS
    },
    in_code={
        name: InCode(
            terraform=f"aws_s3_account_public_access_block.{argument}",
            without="CloudFormation has no resource for the account's public access block.",
        )
        for name, argument in _BLOCKS.items()
    },
    arn="arn:{partition}:s3::{account}:account",
    id_pattern=r"[0-9]{12}",
    # One setting for all regions. It is looked after in one of them.
    home_regions={"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"},
    rules=(
        Rule(
            "AccountCalls",
            "s3",
            ("DeleteAccountPublicAccessBlock", "PutAccountPublicAccessBlock"),
            Subject(),
            # A rule of s3-bucket has the name of this type.
            name="s3-account-settings",
        ),
    ),
    find=_find,
    describe=_describe,
    calls=_calls,
    apply=_apply,
    read_actions=("s3:GetAccountPublicAccessBlock",),
    write_actions=("s3:PutAccountPublicAccessBlock",),
    restore=_restore,
    restore_reads=tuple(_BLOCKS),
    # The action supports no resource-level permissions (service authorization reference).
    write_resources=("*",),
)
