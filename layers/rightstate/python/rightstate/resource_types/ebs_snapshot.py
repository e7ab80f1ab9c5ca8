"""EBS snapshots that the account owns: whether everybody may restore them."""

from collections.abc import Iterator, Sequence
from typing import Any

from rightstate.event_rule import Rule, Subject
from rightstate.in_code import InCode
from rightstate.listing import PAGE, Answer, Shared, pages, the_one
from rightstate.policies.ebs_snapshot import POLICIES
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
)
from rightstate.wants import Value

# A snapshot's ARN has no account (service authorization reference).
_ARN = "arn:{partition}:ec2:{region}::snapshot/{id}"


def _pages(clients: Clients, place: Place, token: str) -> Iterator[tuple[Sequence[Answer], str]]:
    return _owned(clients, token)


def _owned(clients: Clients, token: str = "", **only: Any) -> Iterator[tuple[Sequence[Answer], str]]:
    return pages(
        clients, "ec2", "describe_snapshots", "Snapshots", token, OwnerIds=["self"], MaxResults=PAGE, **only
    )


def _one(clients: Clients, resource: Resource) -> Answer:
    return the_one(
        clients("ec2").describe_snapshots(SnapshotIds=[resource.id])["Snapshots"], "DescribeSnapshots"
    )


def _observe(
    clients: Clients, resource: Resource, snapshot: Answer, settings: frozenset[str], shared: Shared
) -> Observed:
    own = snapshot["OwnerId"] == resource.account
    observed: dict[str, Value] = {
        "SharedBy": None if own else snapshot["OwnerId"],
        "Encrypted": bool(snapshot.get("Encrypted")),
    }
    if "Public" in settings and own:
        observed["Public"] = _is_public(clients, resource, shared)
    return {name: observed[name] for name in settings & set(observed)}


def _is_public(clients: Clients, resource: Resource, shared: Shared) -> bool:
    if len(shared.answers) > 1:
        # One list instead of a call for each snapshot.
        return resource.id in shared.once_in_place("public", lambda: _public(clients))
    answer = clients("ec2").describe_snapshot_attribute(
        SnapshotId=resource.id, Attribute="createVolumePermission"
    )
    return any(each.get("Group") == "all" for each in answer["CreateVolumePermissions"])


def _public(clients: Clients) -> frozenset[str]:
    listed = _owned(clients, RestorableByUserIds=["all"])
    return frozenset(str(each["SnapshotId"]) for page, _ in listed for each in page)


_LISTING = Listing(
    pages=_pages,
    id_of=lambda snapshot: str(snapshot["SnapshotId"]),
    one=_one,
    observe=_observe,
    tags=listed_tags,
)


def _calls(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    """For an undo too. Accounts that are named in the permissions stay."""
    [change] = changes
    return [
        Call(
            service="ec2",
            operation="ModifySnapshotAttribute",
            parameters={
                "SnapshotId": resource.id,
                "Attribute": "createVolumePermission",
                "OperationType": "add" if change.after else "remove",
                "GroupNames": ["all"],
            },
            settings=("Public",),
        )
    ]


RESOURCE_TYPE = ResourceType(
    name="ebs-snapshot",
    title="EBS snapshot",
    service="ec2",
    policies=POLICIES,
    settings={
        "Public": Setting(
            read="DescribeSnapshotAttribute:CreateVolumePermissions[].Group",
            write="ModifySnapshotAttribute:GroupNames[]",
        ),
        "SharedBy": Setting(read="DescribeSnapshots:Snapshots[].OwnerId"),
        "Encrypted": Setting(read="DescribeSnapshots:Snapshots[].Encrypted"),
    },
    in_code={
        "Public": InCode(
            without="Neither CloudFormation nor the AWS provider of Terraform makes a snapshot public."
        ),
    },
    cases={
        "of-another-account": Case(
            reason="Another account owns the snapshot and shares it.",
            holds=lambda observed: observed.get("SharedBy") is not None,
            reads=("SharedBy",),
        ),
        "encrypted": Case(
            reason="An encrypted snapshot cannot be public.",
            holds=lambda observed: observed.get("Encrypted") is True,
            reads=("Encrypted",),
        ),
    },
    arn=_ARN,
    # EC2 User Guide, Resource IDs: 8 characters until 2016, 17 since.
    id_pattern=r"snap-(?:[0-9a-f]{17}|[0-9a-f]{8})",
    listing=_LISTING,
    # EC2 Developer Guide, "Request throttling for the Amazon EC2 API".
    readers=2,
    rules=(
        Rule(
            "PermissionCalls", "ec2", ("ModifySnapshotAttribute",), Subject(("requestParameters.snapshotId",))
        ),
    ),
    calls=_calls,
    read_actions=("ec2:DescribeSnapshotAttribute", "ec2:DescribeSnapshots"),
    write_actions=("ec2:ModifySnapshotAttribute",),
    write_resources=(_ARN,),
    gone=("InvalidSnapshot.NotFound",),
)
