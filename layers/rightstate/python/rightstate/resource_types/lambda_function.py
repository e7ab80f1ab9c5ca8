"""Lambda functions, and who may call them and their aliases."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from rightstate import resource_policy
from rightstate.event_rule import Rule, Subject
from rightstate.in_code import InCode
from rightstate.listing import PAGE, Answer, Shared, paged, pages
from rightstate.policies.lambda_function import POLICIES
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
from rightstate.wants import as_list

_ARN = "arn:{partition}:lambda:{region}:{account}:function:{id}"
_URL = "function URL: "
# The conditions that AddPermission can make, by operator and key -> its parameter (API reference).
_CONDITIONS = {
    ("StringEquals", "lambda:functionurlauthtype"): "FunctionUrlAuthType",
    ("Bool", "lambda:invokedviafunctionurl"): "InvokedViaFunctionUrl",
    ("StringEquals", "lambda:eventsourcetoken"): "EventSourceToken",
    ("StringEquals", "aws:sourceaccount"): "SourceAccount",
    ("ArnLike", "aws:sourcearn"): "SourceArn",
}
_ELEMENTS = {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}


def _observe(
    clients: Clients, resource: Resource, function: Answer, settings: frozenset[str], shared: Shared
) -> Observed:
    if "PublicStatements" not in settings:
        return {}
    found: list[str] = []
    for qualifier in ("", *_aliases(clients, resource)):
        text, _ = _policy(clients, resource, qualifier)
        found += _public(text, qualifier)
    return {"PublicStatements": sorted({*found})}


def _aliases(clients: Clients, resource: Resource) -> list[str]:
    names = {"given": "Marker", "answered": "NextMarker"}
    listed = pages(clients, "lambda", "list_aliases", "Aliases", "", **names, FunctionName=resource.id)
    return [each["Name"] for page, _ in listed for each in page]


def _policy(clients: Clients, resource: Resource, qualifier: str) -> tuple[str | None, str]:
    """The policy's text, and its revision."""
    of = {"Qualifier": qualifier} if qualifier else {}
    try:
        answer = clients("lambda").get_policy(FunctionName=resource.id, **of)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        # The answer is the same for a function that does not exist.
        clients("lambda").get_function_concurrency(FunctionName=resource.id)
        return None, ""
    return resource_policy.checked(answer["Policy"]), str(answer["RevisionId"])


def _public(text: str | None, qualifier: str) -> list[str]:
    """The public statements about this function or alias, each as the JSON that adds it again."""
    if text is None:
        return []
    statements = resource_policy.public_statements(resource_policy.parse(text))
    return [_item(each, qualifier) for each in statements]


def _item(statement: resource_policy.Statement, qualifier: str) -> str:
    content = {key: value for key, value in statement.content.items() if key != "Resource"}
    if content.get("Principal") == {"AWS": "*"}:
        content["Principal"] = "*"
    text = json.dumps({**content, **({"Qualifier": qualifier} if qualifier else {})}, sort_keys=True)
    tests = json.dumps(content.get("Condition", {})).lower()
    of_url = '"lambda:functionurlauthtype": "none"' in tests or "lambda:invokedviafunctionurl" in tests
    return f"{_URL if of_url else ''}{text}"


def _content(item: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(item.removeprefix(_URL))
    return content


def _permission(item: str) -> dict[str, Any] | None:
    """The parameters of AddPermission that make the statement again; None where it cannot."""
    content = _content(item)
    qualifier = content.pop("Qualifier", None)
    action, principal = content.get("Action"), content.get("Principal")
    if isinstance(principal, dict) and len(principal) == 1:
        [principal] = principal.values()
    plain = isinstance(action, str) and isinstance(principal, str) and isinstance(content.get("Sid"), str)
    if not plain or content["Effect"] != "Allow" or not content.keys() <= _ELEMENTS:
        return None
    made = {"StatementId": content["Sid"], "Action": action, "Principal": principal}
    for operator, tests in content.get("Condition", {}).items():
        for key, value in tests.items():
            parameter = _CONDITIONS.get((operator, key.lower()))
            if parameter is None or not isinstance(value, str):
                return None
            made[parameter] = value == "true" if parameter == "InvokedViaFunctionUrl" else value
    return {**made, **({"Qualifier": qualifier} if qualifier else {})}


def _tags(clients: Clients, resource: Resource) -> Tags:
    tags: Tags = clients("lambda").list_tags(Resource=_ARN.format(**resource.model_dump())).get("Tags", {})
    return tags


_LISTING = Listing(
    # API reference, ListFunctions: 50 at most.
    pages=paged(
        "lambda", "list_functions", "Functions", given="Marker", answered="NextMarker", MaxItems=PAGE // 2
    ),
    id_of=lambda function: str(function["FunctionName"]),
    one=lambda clients, resource: {"FunctionName": resource.id},
    observe=_observe,
)


def _calls(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    """One call for each statement that goes, or comes back. The revision is added when it is made."""
    [change] = changes
    before, after = as_list(change.before), as_list(change.after)
    gone = [
        ("RemovePermission", {"StatementId": each["Sid"], **_qualified(each)})
        for each in map(_content, before)
        if each not in map(_content, after)
    ]
    back = [
        ("AddPermission", made)
        for item in after
        if item not in before and (made := _permission(item)) is not None
    ]
    return [
        Call(
            service="lambda",
            operation=operation,
            parameters={"FunctionName": resource.id, **parameters},
            settings=("PublicStatements",),
        )
        for operation, parameters in (*gone, *back)
    ]


def _qualified(content: Mapping[str, Any]) -> dict[str, str]:
    return {"Qualifier": content["Qualifier"]} if "Qualifier" in content else {}


def _apply(clients: Clients, resource: Resource, call: Call, changes: Sequence[Change]) -> None:
    """Remove or add a statement that is, or is not, in the policy. The revision keeps others' changes."""
    text, revision = _policy(clients, resource, call.parameters.get("Qualifier", ""))
    statements = resource_policy.parse(text).statements if text else ()
    there = call.parameters["StatementId"] in {each.content.get("Sid") for each in statements}
    if there == (call.operation == "AddPermission"):
        return
    client = clients("lambda")
    make = client.add_permission if call.operation == "AddPermission" else client.remove_permission
    make(**call.parameters, **({"RevisionId": revision} if revision else {}))


def _held(observed: Observed) -> Mapping[str, str]:
    """A statement that an undo could not add again stays."""
    for item in as_list(observed.get("PublicStatements")):
        if _permission(item) is None:
            label = _content(item).get("Sid", "without a Sid")
            return {
                "PublicStatements": f"Statement {label} is public, and AddPermission could not make it "
                "again. Take it out by hand."
            }
    return {}


def _only_of_urls(observed: Observed) -> bool:
    items = as_list(observed.get("PublicStatements"))
    return bool(items) and all(item.startswith(_URL) for item in items)


RESOURCE_TYPE = ResourceType(
    name="lambda-function",
    title="Lambda function",
    service="lambda",
    policies=POLICIES,
    settings={
        "PublicStatements": Setting(
            read="GetPolicy:Policy",
            write="RemovePermission:StatementId",
            set_back_by=("AddPermission20150331v2",),
        ),
    },
    in_code={
        "PublicStatements": InCode(
            "AWS::Lambda::Permission/Principal", "aws_lambda_permission.principal", named_only=True
        )
    },
    cases={
        "function-url": Case(
            reason="Only a function URL without authentication makes it public, on purpose.",
            holds=_only_of_urls,
            reads=("PublicStatements",),
            switch="spare_function_urls",
        ),
    },
    arn=_ARN,
    # API reference, AddPermission: a name, or a part of the ARN; either may name an alias or a version.
    id_pattern=r"(?:[0-9]{12}:function:)?(?P<id>[A-Za-z0-9_-]{1,64})(?::[A-Za-z0-9$_-]{1,128})?",
    config_type="AWS::Lambda::Function",
    listing=_LISTING,
    rules=(
        # CloudTrail has the version of the API in the name (Lambda Developer Guide, Logging API calls).
        Rule(
            "PermissionCalls",
            "lambda",
            ("AddPermission20150331v2",),
            Subject(("requestParameters.functionName",)),
        ),
    ),
    tags=_tags,
    calls=_calls,
    apply=_apply,
    held=_held,
    read_actions=(
        "lambda:GetFunctionConcurrency",
        "lambda:GetPolicy",
        "lambda:ListAliases",
        "lambda:ListFunctions",
        "lambda:ListTags",
    ),
    write_actions=("lambda:RemovePermission",),
    undo_actions=("lambda:AddPermission",),
    write_resources=(_ARN,),
    gone=("ResourceNotFoundException",),
)
