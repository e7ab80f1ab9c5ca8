"""IAM's policy simulation: what a principal's policies allow. Nothing is tried."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Cause(StrEnum):
    """Why an action is not allowed."""

    ORGANIZATION = "denied by a policy of the organization"
    BOUNDARY = "denied by the permissions boundary"
    DENIED = "denied by a policy"
    NOT_ALLOWED = "allowed by no policy"


@dataclass(frozen=True)
class Verdict:
    """Whether the action is allowed on the resource. `cause` is None if it is.

    `sure` is False if a policy asks for a condition key that the simulation was not given. A real call has
    it, so that may be allowed.
    """

    action: str
    resource: str
    cause: Cause | None
    sure: bool = True


def verdicts(
    iam: Any,
    principal: str,
    actions: Iterable[str],
    resources: Iterable[str] = (),
    context: Mapping[str, str | Sequence[str]] | None = None,
) -> Iterator[Verdict]:
    """What IAM says of each action on each resource; on `*` without any.

    `principal` is the ARN of a user or role. Raises the errors of botocore.
    """
    given: dict[str, Any] = {"PolicySourceArn": principal, "ActionNames": sorted(actions)}
    if named := sorted(resources):
        given["ResourceArns"] = named
    if context:
        given["ContextEntries"] = [_entry(key, value) for key, value in sorted(context.items())]
    for page in iam.get_paginator("simulate_principal_policy").paginate(**given):
        for result in page["EvaluationResults"]:
            action = result["EvalActionName"]
            for one in result.get("ResourceSpecificResults") or [result]:
                decision = one.get("EvalResourceDecision") or one["EvalDecision"]
                resource = one.get("EvalResourceName", "*")
                cause = None if decision == "allowed" else _cause({**result, **one}, decision)
                yield Verdict(action, resource, cause, not one.get("MissingContextValues"))


def _entry(key: str, value: str | Sequence[str]) -> dict[str, Any]:
    several = not isinstance(value, str)
    return {
        "ContextKeyName": key,
        "ContextKeyValues": list(value) if several else [value],
        "ContextKeyType": "stringList" if several else "string",
    }


def _cause(result: Mapping[str, Any], decision: str) -> Cause:
    if not result.get("OrganizationsDecisionDetail", {}).get("AllowedByOrganizations", True):
        return Cause.ORGANIZATION
    if not result.get("PermissionsBoundaryDecisionDetail", {}).get("AllowedByPermissionsBoundary", True):
        return Cause.BOUNDARY
    return Cause.DENIED if decision == "explicitDeny" else Cause.NOT_ALLOWED
