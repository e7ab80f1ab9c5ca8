"""Whether IAM would allow a request, as far as the policies of this application need it.

moto's evaluator knows few conditions, and the one that knows all (@cloud-copilot/iam-simulate) wants node.
So this follows the IAM User Guide (Policy evaluation logic, JSON policy elements, Condition operators) no
further than our policies go, and raises Unknown there: nothing is allowed or refused by being overlooked.

Not here: service control policies, resource control policies, and a service's own rules.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

Policy = Mapping[str, Any]

_ELEMENTS = {"Sid", "Effect", "Principal", "Action", "NotAction", "Resource", "NotResource", "Condition"}
_ALL = "ForAllValues:"


class Unknown(Exception):
    """A policy says something that is not understood here."""


@dataclass(frozen=True)
class Request:
    """Who wants to do what to what.

    principal: the ARN of a role, a user or an account's root; or a service, as `lambda.amazonaws.com`.
    resource: its ARN, or * for an action that has no resource level.
    context: condition key -> value, or values; those of the principal follow from its ARN.
    """

    principal: str
    action: str
    resource: str = "*"
    context: Mapping[str, str | list[str]] = field(default_factory=dict)

    def values(self, key: str) -> Sequence[str]:
        """Of a condition key, whose case does not matter."""
        implied: dict[str, str] = {}
        if self.principal.startswith("arn:"):
            implied = {"aws:PrincipalArn": self.principal, "aws:PrincipalAccount": _account(self.principal)}
        known = {name.lower(): value for name, value in {**implied, **self.context}.items()}
        return _listed(known.get(key.lower(), []))


def allowed(request: Request, *layers: Iterable[Policy]) -> bool:
    """Whether each layer allows it, and no policy of any denies it.

    A layer is what is added up: all the policies of a role, or a session policy, a permissions boundary, the
    policy of a resource. Across accounts the caller's policies and the resource's have to allow it, as those
    of a session have to beside those of its role.
    """
    effects = ({effect(policy, request) for policy in layer} for layer in layers)
    return bool(layers) and all("Deny" not in each and "Allow" in each for each in effects)


def effect(policy: Policy, request: Request) -> str | None:
    """Deny, Allow, or None where the policy has nothing to say."""
    effects = {each["Effect"] for each in _listed(policy["Statement"]) if _concerns(each, request)}
    if unknown := effects - {"Allow", "Deny"}:
        raise Unknown(f"effects {unknown}")
    return "Deny" if "Deny" in effects else "Allow" if effects else None


def _concerns(statement: Mapping[str, Any], request: Request) -> bool:
    if unknown := set(statement) - _ELEMENTS:
        raise Unknown(f"elements {unknown}")
    # All are looked at, so that what is not understood is noticed wherever it is.
    matches = [
        _either(statement, "Action", request.action.lower(), str.lower),
        _conditions(statement.get("Condition", {}), request),
    ]
    if "Principal" in statement:
        matches.append(_principal(statement["Principal"], request.principal))
    # A trust policy names no resource: it is the role's own.
    if "Resource" in statement or "NotResource" in statement:
        matches.append(_either(statement, "Resource", request.resource, str))
    return all(matches)


def _either(statement: Mapping[str, Any], element: str, value: str, spelled: Any) -> bool:
    """Whether `element` matches the value, or its Not- twin does not."""
    if element in statement:
        return any(_glob(spelled(each), value) for each in _listed(statement[element]))
    return not any(_glob(spelled(each), value) for each in _listed(statement[f"Not{element}"]))


def _principal(element: str | Mapping[str, Any], principal: str) -> bool:
    if element == "*":
        return True
    if not isinstance(element, Mapping) or (set(element) - {"AWS", "Service"}):
        raise Unknown(f"principal {element}")
    return principal in _listed(element.get("Service", [])) or any(
        each == "*" or each == principal or each == _root(principal)
        for each in _listed(element.get("AWS", []))
        if principal.startswith("arn:")
    )


def _root(principal: str) -> str:
    """The ARN that stands for everybody in the principal's account."""
    partition = principal.split(":")[1]
    return f"arn:{partition}:iam::{_account(principal)}:root"


def _account(arn: str) -> str:
    return arn.split(":")[4]


def _conditions(block: Mapping[str, Mapping[str, Any]], request: Request) -> bool:
    """All operators and all their keys have to match, each with any of its values."""
    matches = [
        _condition(operator, [_filled(each, request) for each in _listed(expected)], request.values(key))
        for operator, keys in block.items()
        for key, expected in keys.items()
    ]
    return all(matches)


def _filled(expected: str, request: Request) -> str:
    """With the value of the policy variable that it is (IAM User Guide, Policy variables). One without value
    matches nothing."""
    if "${" not in expected:
        return expected
    named = re.fullmatch(r"\$\{([\w:]+)\}", expected)
    if named is None:
        raise Unknown(f"policy variables in {expected}")
    [value] = request.values(named[1]) or ["\0"]
    return value


def _condition(operator: str, expected: Sequence[str], values: Sequence[str]) -> bool:
    if operator == "Null":
        return expected == ["false" if values else "true"]
    if operator == "StringNotLike":
        # Of a key that the request lacks it holds too (IAM User Guide, Negated matching condition operators).
        return not any(_glob(each, value) for each in expected for value in values)
    match: Callable[[str, str], bool] | None = _OPERATORS.get(operator.removeprefix(_ALL))
    if match is None:
        raise Unknown(f"condition operator {operator}")
    matching = [any(match(each, value) for each in expected) for value in values]
    if operator.startswith(_ALL):
        return all(matching)  # also without any value
    if len(values) > 1:
        raise Unknown(f"{operator} of several values {values}")
    return any(matching)


def _arn(pattern: str, value: str) -> bool:
    """Each of the six parts by itself: a wildcard does not reach into the next."""
    ours, theirs = pattern.split(":", 5), value.split(":", 5)
    return len(ours) == len(theirs) == 6 and all(map(_glob, ours, theirs))


def _glob(pattern: str, value: str) -> bool:
    return _expression(pattern).fullmatch(value) is not None


@cache
def _expression(pattern: str) -> re.Pattern[str]:
    parts = {"*": ".*", "?": "."}
    return re.compile("".join(parts.get(each, re.escape(each)) for each in pattern), re.DOTALL)


_OPERATORS = {
    "StringEquals": str.__eq__,
    "StringLike": _glob,
    "ArnEquals": _arn,  # the two are the same
    "ArnLike": _arn,
    "Bool": lambda expected, value: expected.lower() == value.lower(),
}


def _listed(given: Any) -> Sequence[Any]:
    """IAM takes one of a thing without a list."""
    return given if isinstance(given, list) else [given]
