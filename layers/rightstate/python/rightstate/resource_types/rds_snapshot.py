"""Snapshots of RDS databases and, with calls of their own, of clusters (also of Neptune and DocumentDB).

A database's snapshot may have the same name as a cluster's, and neither call finds the other's. So the
identifier is the end of the ARN, which tells them apart: `snapshot:NAME` or `cluster-snapshot:NAME`.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from botocore import xform_name

from rightstate.event_rule import Rule, Subject
from rightstate.in_code import InCode
from rightstate.listing import Answer, Shared
from rightstate.policies.rds_snapshot import POLICIES
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
)
from rightstate.services import rds
from rightstate.wants import Value, as_list

_KINDS = {"snapshot": "DBSnapshot", "cluster-snapshot": "DBClusterSnapshot"}
"""Kind of resource in the ARN -> what the API calls it, in the names of calls, parameters and results."""

# Statuses that pass by themselves (botocore's waiters for both kinds, and the RDS API reference).
_PASSING = ("copying", "creating", "deleting", "modifying")


def _pages(clients: Clients, place: Place, token: str) -> Iterator[tuple[Sequence[Answer], str]]:
    """The snapshots of databases, then those of clusters. A token names the kind: KIND:MARKER."""
    start, _, mark = token.partition(":")
    for kind in list(_KINDS)[list(_KINDS).index(start or "snapshot") :]:
        noun = _KINDS[kind]
        operation = xform_name(f"Describe{noun}s")
        for page, following in rds.listed(clients, operation, f"{noun}s", mark, SnapshotType="manual"):
            after = "cluster-snapshot:" if kind == "snapshot" else ""
            yield page, f"{kind}:{following}" if following else after
        mark = ""


def _id_of(snapshot: Answer) -> str:
    kind = "snapshot" if "DBSnapshotIdentifier" in snapshot else "cluster-snapshot"
    return f"{kind}:{snapshot[f'{_KINDS[kind]}Identifier']}"


def _one(clients: Clients, resource: Resource) -> Answer:
    noun, name = _noun_and_name(resource)
    if ":" in name:
        # rds:NAME and awsbackup:NAME are of RDS and AWS Backup; a name that one chooses has no colon.
        return {"SnapshotType": name.partition(":")[0], "Status": "available"}
    [snapshot] = _ask(clients, f"Describe{noun}s", **{f"{noun}Identifier": name})[f"{noun}s"]
    return snapshot


def _observe(
    clients: Clients, resource: Resource, snapshot: Answer, settings: frozenset[str], shared: Shared
) -> Observed:
    noun, name = _noun_and_name(resource)
    observed: dict[str, Value] = {"SnapshotType": snapshot["SnapshotType"], "Status": snapshot["Status"]}
    if ":" in name:
        return observed
    if "Encrypted" in settings:
        observed["Encrypted"] = snapshot["Encrypted" if noun == "DBSnapshot" else "StorageEncrypted"]
    if "restore" in settings and observed["SnapshotType"] == "manual":
        answer = _ask(clients, f"Describe{noun}Attributes", **{f"{noun}Identifier": name})[
            f"{noun}AttributesResult"
        ]
        attributes = {each["AttributeName"]: each["AttributeValues"] for each in answer[f"{noun}Attributes"]}
        observed["restore"] = attributes.get("restore", [])
    return observed


def _noun_and_name(resource: Resource) -> tuple[str, str]:
    kind, _, name = resource.id.partition(":")
    return _KINDS[kind], name


def _ask(clients: Clients, operation: str, **parameters: str) -> Any:
    return getattr(clients("rds"), xform_name(operation))(**parameters)


_LISTING = Listing(pages=_pages, id_of=_id_of, one=_one, observe=_observe, tags=rds.listed_tags)


def _tags(clients: Clients, resource: Resource) -> Tags:
    # Of those of RDS and AWS Backup, as of their settings, nothing is read.
    if ":" in _noun_and_name(resource)[1]:
        return {}
    return rds.tags(clients, RESOURCE_TYPE.arn_of(resource))


def _calls(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    noun, name = _noun_and_name(resource)
    [change] = changes
    before, after = as_list(change.before), as_list(change.after)
    # Only the accounts that lose or regain access are named, so every other account keeps it.
    named = {
        "ValuesToRemove": [each for each in before if each not in after],
        "ValuesToAdd": [each for each in after if each not in before],
    }
    return [
        Call(
            service="rds",
            operation=f"Modify{noun}Attribute",
            parameters={
                f"{noun}Identifier": name,
                "AttributeName": "restore",
                **{parameter: values for parameter, values in named.items() if values},
            },
            settings=("restore",),
        )
    ]


def _busy(observed: Observed) -> str | None:
    status = observed["Status"]
    return f"The snapshot's status is {status}." if status in _PASSING else None


def _held(observed: Observed) -> dict[str, str]:
    status = observed["Status"]
    if status == "available" or status in _PASSING:
        return {}
    return {"restore": f"The snapshot's status is {status}; RDS changes only one that is available."}


RESOURCE_TYPE = ResourceType(
    name="rds-snapshot",
    title="RDS snapshot",
    service="rds",
    policies=POLICIES,
    # As for the snapshot of a database; a cluster's is read and written likewise.
    settings={
        "SnapshotType": Setting(read="DescribeDBSnapshots:DBSnapshots[].SnapshotType"),
        "Status": Setting(read="DescribeDBSnapshots:DBSnapshots[].Status"),
        "Encrypted": Setting(read="DescribeDBSnapshots:DBSnapshots[].Encrypted"),
        "restore": Setting(
            read="DescribeDBSnapshotAttributes:DBSnapshotAttributesResult.DBSnapshotAttributes[]"
            ".AttributeValues",
            write="ModifyDBSnapshotAttribute:ValuesToRemove[]",
        ),
    },
    in_code={
        "restore": InCode(
            terraform="aws_db_snapshot|aws_db_cluster_snapshot.shared_accounts",
            named_only=True,
            without="CloudFormation has no resource type for snapshots.",
        )
    },
    cases={
        "not-manual": Case(
            reason="The snapshot was made by RDS or AWS Backup, and only a manual one can be shared.",
            holds=lambda observed: observed["SnapshotType"] != "manual",
            reads=("SnapshotType",),
        ),
        "encrypted": Case(
            reason="The snapshot is encrypted, and RDS does not let an encrypted one be public.",
            holds=lambda observed: observed.get("Encrypted") is True,
            reads=("Encrypted",),
        ),
    },
    facts=("SnapshotType", "Status"),
    busy=_busy,
    held=_held,
    arn="arn:{partition}:rds:{region}:{account}:{id}",
    # API reference, CreateDBSnapshot: up to 255 letters, digits and hyphens, a letter first.
    id_pattern=r"(?:cluster-)?snapshot:(?:(?:rds|awsbackup):)?[A-Za-z][A-Za-z0-9-]{0,254}",
    lower_case=True,
    # RDS takes an ARN for many an identifier, and CloudTrail records what was given; the rules put the kind
    # before it.
    url_pattern=r"(?:cluster-)?snapshot:arn:(?P<partition>[^:]*):rds:(?P<region>[^:]*):(?P<account>[^:]*)"
    r":(?P<id>.+)",
    listing=_LISTING,
    rules=(
        # A cluster's snapshot may have the same name: the kind goes with it.
        Rule(
            "SnapshotCalls",
            "rds",
            ("ModifyDBSnapshotAttribute",),
            Subject(("requestParameters.dBSnapshotIdentifier",), as_="snapshot:{}"),
        ),
        Rule(
            "ClusterSnapshotCalls",
            "rds",
            ("ModifyDBClusterSnapshotAttribute",),
            Subject(("requestParameters.dBClusterSnapshotIdentifier",), as_="cluster-snapshot:{}"),
            name="rds-cluster-snapshot",
        ),
    ),
    tags=_tags,
    calls=_calls,
    read_actions=(
        "rds:DescribeDBClusterSnapshotAttributes",
        "rds:DescribeDBClusterSnapshots",
        "rds:DescribeDBSnapshotAttributes",
        "rds:DescribeDBSnapshots",
        "rds:ListTagsForResource",
    ),
    write_actions=("rds:ModifyDBClusterSnapshotAttribute", "rds:ModifyDBSnapshotAttribute"),
    write_resources=("arn:{partition}:rds:{region}:{account}:{id}",),
    gone=("DBClusterSnapshotNotFoundFault", "DBSnapshotNotFound", "DBSnapshotNotFoundFault"),
    busy_errors=("InvalidDBClusterSnapshotStateFault", "InvalidDBSnapshotState"),
)
