"""SSM documents that the account owns: whether everybody may use them."""

from collections.abc import Sequence

from rightstate.event_rule import Rule, Subject
from rightstate.in_code import InCode
from rightstate.listing import Answer, Shared, paged
from rightstate.policies.ssm_document import POLICIES
from rightstate.resource_type import (
    Call,
    Change,
    Clients,
    Listing,
    Observed,
    Resource,
    ResourceType,
    Setting,
    Tags,
    tags_in,
)
from rightstate.wants import Value

_ARN = "arn:{partition}:ssm:{region}:{account}:document/{id}"
_OWN = [{"Key": "Owner", "Values": ["Self"]}]


def _one(clients: Clients, resource: Resource) -> Answer:
    """Nothing but the name is used of what the list says."""
    return {"Name": resource.id}


def _observe(
    clients: Clients, resource: Resource, document: Answer, settings: frozenset[str], shared: Shared
) -> Observed:
    ssm, token = clients("ssm"), ""
    observed: dict[str, Value] = {"Public": False, "SharedVersion": None}
    more = True
    while more:
        given = {"NextToken": token} if token else {}
        answer = ssm.describe_document_permission(Name=resource.id, PermissionType="Share", **given)
        # API reference: `All`; the answer says `all`.
        if any(account.lower() == "all" for account in answer.get("AccountIds", ())):
            observed["Public"] = True
        for sharing in answer.get("AccountSharingInfoList", ()):
            if sharing["AccountId"].lower() == "all":
                observed["SharedVersion"] = sharing.get("SharedDocumentVersion")
        token = answer.get("NextToken", "")
        more = bool(token)
    return {name: observed[name] for name in settings}


def _tags(clients: Clients, resource: Resource) -> Tags:
    answer = clients("ssm").list_tags_for_resource(ResourceType="Document", ResourceId=resource.id)
    return tags_in(answer["TagList"])


_LISTING = Listing(
    # API reference, ListDocuments: at most 50 at a time.
    pages=paged("ssm", "list_documents", "DocumentIdentifiers", Filters=_OWN, MaxResults=50),
    id_of=lambda document: str(document["Name"]),
    one=_one,
    observe=_observe,
)


def _calls(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    """For an undo too. Accounts that are named in the permissions stay."""
    [change] = changes
    version = change.beside.get("SharedVersion") if change.after else None
    return [
        Call(
            service="ssm",
            operation="ModifyDocumentPermission",
            parameters={
                "Name": resource.id,
                "PermissionType": "Share",
                "AccountIdsToAdd" if change.after else "AccountIdsToRemove": ["all"],
                **({"SharedDocumentVersion": version} if version else {}),
            },
            settings=("Public",),
        )
    ]


RESOURCE_TYPE = ResourceType(
    name="ssm-document",
    title="SSM document",
    service="ssm",
    policies=POLICIES,
    settings={
        "Public": Setting(
            read="DescribeDocumentPermission:AccountIds[]",
            write="ModifyDocumentPermission:AccountIdsToRemove[]",
        ),
        "SharedVersion": Setting(
            read="DescribeDocumentPermission:AccountSharingInfoList[].SharedDocumentVersion"
        ),
    },
    in_code={
        "Public": InCode(
            terraform="aws_ssm_document.permissions",
            named_only=True,
            without="CloudFormation has no property for who shares a document.",
        ),
    },
    beside={"Public": ("SharedVersion",)},
    arn=_ARN,
    # API reference, CreateDocument.
    id_pattern=r"(?!.*\.\.)[A-Za-z0-9_.-]{3,128}",
    listing=_LISTING,
    # Systems Manager allows few of these calls a second.
    readers=2,
    rules=(
        Rule("PermissionCalls", "ssm", ("ModifyDocumentPermission",), Subject(("requestParameters.name",))),
    ),
    tags=_tags,
    calls=_calls,
    read_actions=("ssm:DescribeDocumentPermission", "ssm:ListDocuments", "ssm:ListTagsForResource"),
    write_actions=("ssm:ModifyDocumentPermission",),
    write_resources=(_ARN,),
    # Also for a document of another account.
    gone=("InvalidDocument",),
)
