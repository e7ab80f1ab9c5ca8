"""IAM's policy simulation, which moto lacks: of the policies that moto keeps of a user or a role."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import Any
from unittest.mock import patch

from moto.core.exceptions import AccessDeniedError, JsonRESTError
from moto.core.responses import ActionResult
from moto.dynamodb.responses import DynamoHandler
from moto.iam.exceptions import NotFoundException
from moto.iam.models import IAMBackend
from moto.iam.responses import IamResponse

Context = Mapping[str, Sequence[str]]


@contextmanager
def simulated() -> Iterator[None]:
    """IAM answers SimulatePrincipalPolicy while it lasts."""
    with patch.object(IamResponse, "simulate_principal_policy", _simulate, create=True):
        yield


def _simulate(self: IamResponse) -> ActionResult:
    statements = list(_statements(self.backend, self._get_param("PolicySourceArn")))
    entries = self._get_param("ContextEntries", [])
    context = {each["ContextKeyName"]: each["ContextKeyValues"] for each in entries}
    results = [
        {
            "EvalActionName": action,
            "EvalResourceName": resource,
            **_evaluated(statements, action, resource, context),
        }
        for action in self._get_param("ActionNames")
        for resource in self._get_param("ResourceArns", ["*"])
    ]
    return ActionResult({"EvaluationResults": results, "IsTruncated": False})


def _statements(iam: IAMBackend, arn: str) -> Iterator[dict[str, Any]]:
    name = arn.rpartition("/")[2]
    if ":user/" in arn:
        documents = [
            iam.get_user_policy(name, each)["policy_document"] for each in iam.list_user_policies(name)
        ]
        managed = iam.list_attached_user_policies(name)[0]
    else:
        role = iam.get_role(name)
        if role.arn != arn:
            raise NotFoundException(f"The role {arn} cannot be found.")
        documents, managed = list(role.policies.values()), iam.list_attached_role_policies(name)[0]
    documents += [each.document for one in managed for each in one.versions if each.is_default]
    for each in documents:
        # CloudFormation in moto keeps it as it is in the template.
        document = json.loads(each) if isinstance(each, str) else each
        yield from _several(document["Statement"])


def _evaluated(
    statements: Sequence[dict[str, Any]], action: str, resource: str, context: Context
) -> dict[str, Any]:
    decision, missing = "implicitDeny", set()
    for each in statements:
        if not _matches(each.get("Action", ()), action) or not _matches(each["Resource"], resource):
            continue
        conditions = [
            (operator, key, _several(values))
            for operator, keys in each.get("Condition", {}).items()
            for key, values in keys.items()
        ]
        missing |= {key for _, key, _ in conditions if key not in context}
        if not all(_holds(operator, values, key, context) for operator, key, values in conditions):
            continue
        if each["Effect"] == "Deny":
            decision = "explicitDeny"
        elif decision != "explicitDeny":
            decision = "allowed"
    return {"EvalDecision": decision, "MissingContextValues": sorted(missing)}


def _holds(operator: str, wanted: Sequence[str], key: str, context: Context) -> bool:
    given = context.get(key)
    if given is None:
        # IAM user guide, "Condition operators": a key that is not there fails, but for negated operators.
        return "Not" in operator or "IfExists" in operator or operator.startswith("ForAllValues")
    filled = [re.sub(r"\$\{([^}]+)\}", lambda named: context.get(named[1], [""])[0], each) for each in wanted]
    equal = all(any(fnmatchcase(each, pattern) for pattern in filled) for each in given)
    return equal != ("Not" in operator)


def _matches(patterns: Any, name: str) -> bool:
    return any(fnmatchcase(name.lower(), each.lower()) for each in _several(patterns))


def _several(values: Any) -> list[Any]:
    return list(values) if isinstance(values, (list, tuple)) else [values]


def refuse(self: IamResponse) -> ActionResult:
    """What IAM answers whoever may not ask."""
    raise AccessDeniedError("reader", self._get_action())


def refuse_item(self: DynamoHandler) -> str:
    """What DynamoDB answers whoever may not do that."""
    raise JsonRESTError("AccessDeniedException", f"reader is not authorized to perform {self._get_action()}")
