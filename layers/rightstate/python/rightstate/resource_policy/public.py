"""Which statements of a policy are public: an Allow for everybody that nothing limits to fixed values.

Source: S3 User Guide, The meaning of "public". AWS Config's rules for SNS, SQS and Lambda also ask for fixed
values (sns-topic-no-public-access and others).
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from rightstate.resource_policy.conditions import denies_all_but_fixed, limits_allow
from rightstate.resource_policy.document import Document, Statement, parse

Principals = str | Mapping[str, Any]

# IAM User Guide: a provider of the account's own is named by its ARN, a web identity provider by its host.
_OWN_PROVIDER = re.compile(r"arn:[^*?]+:iam::[0-9]{12}:(saml|oidc)-provider/[^*?]+")


_UNIQUE_ID = re.compile(r"A(IDA|ROA)[A-Z0-9]{12,}")


def public_statements(document: Document) -> list[Statement]:
    """The statements that make the policy public, in order."""
    return [
        statement
        for statement in document.statements
        if _open(statement) and not _denied(statement, document.statements)
    ]


def public_principals(principal: Principals) -> list[tuple[str, str]]:
    """The principals that stand for everybody, each with its kind."""
    return [(kind, name) for kind, name in each_principal(principal) if _everybody(kind, name)]


def each_principal(principal: Principals) -> list[tuple[str, str]]:
    """Every principal with its kind; of `"*"` the kind is empty."""
    if not isinstance(principal, Mapping):
        return [("", str(principal))]
    return [
        (kind, str(name))
        for kind, names in principal.items()
        for name in (names if isinstance(names, list) else [names])
    ]


def _everybody(kind: str, name: str) -> bool:
    if kind == "Federated":
        return not _OWN_PROVIDER.fullmatch(name)
    return bool(re.search(r"[*?]|\$\{", name))


def _open(statement: Statement) -> bool:
    content = statement.content
    if content["Effect"] != "Allow":
        return False
    condition = content.get("Condition", {})
    if "Principal" not in content:
        # NotPrincipal with Allow is for everybody else (IAM User Guide, NotPrincipal). No service takes a
        # statement with neither.
        return "NotPrincipal" in content and not limits_allow(condition)
    found = public_principals(content["Principal"])
    federated = {kind for kind, _ in found} == {"Federated"}
    return bool(found) and not limits_allow(condition, federated=federated)


def _denied(allowed: Statement, statements: Sequence[Statement]) -> bool:
    """Whether Deny statements leave nothing of it but what fixed values may do."""
    if "Action" not in allowed.content or "Resource" not in allowed.content:
        return False
    denying = [each for each in statements if _denies_everybody_else(each)]
    return all(
        any(
            any(covers(wide.lower(), action.lower()) for wide in each.listed("Action"))
            and any(covers(wide, resource) for wide in each.listed("Resource"))
            for each in denying
        )
        for action in allowed.listed("Action")
        for resource in allowed.listed("Resource")
    )


def _denies_everybody_else(statement: Statement) -> bool:
    content = statement.content
    if content["Effect"] != "Deny":
        return False
    condition = content.get("Condition", {})
    if "NotPrincipal" in content:
        return not condition and not public_principals(content["NotPrincipal"])
    named = each_principal(content.get("Principal", {}))
    everybody = any(kind in ("", "AWS") and name == "*" for kind, name in named)
    return everybody and (not condition or denies_all_but_fixed(condition))


def deleted_principals(text: str) -> list[str]:
    """The principals that do not exist any more: AWS shows their unique ids then, and refuses to write these
    again (IAM User Guide, JSON policy elements: Principal)."""
    named = [
        name
        for statement in parse(text).statements
        for key in ("Principal", "NotPrincipal")
        for _, name in each_principal(statement.content.get(key, {}))
    ]
    return [name for name in named if _UNIQUE_ID.fullmatch(name)]


# Step Functions passes 256 KiB from state to state. An undo has a policy eight times, each in JSON's escapes.
_LONGEST = 28_000


def held_for(text: object, service: str) -> str | None:
    """Why the service would refuse to write the policy; None where it would not."""
    if not (isinstance(text, str) and text):
        return None
    if len(json.dumps(text)) > _LONGEST:
        return (
            f"The policy is longer than {_LONGEST:,} characters, too long for the state of an execution that "
            "could be undone. Change it by hand."
        )
    gone = deleted_principals(text)
    if not gone:
        return None
    return (
        f"{service} refuses to write a policy that names a deleted principal ({', '.join(gone)}). Take it "
        "out by hand."
    )


def covers(wide: str, narrow: str) -> bool:
    """Whether a pattern with * and ? matches all that another one matches."""
    pattern = "".join({"*": ".*", "?": r"[^*]"}.get(each, re.escape(each)) for each in wide)
    return re.fullmatch(pattern, narrow, re.DOTALL) is not None
