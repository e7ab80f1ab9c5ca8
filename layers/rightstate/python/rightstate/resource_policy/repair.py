"""The text of a policy without its public statements, or with a statement that refuses plain HTTP."""

import re
from collections.abc import Mapping
from typing import Any

from rightstate.resource_policy.document import Document, Statement, dumped, parse
from rightstate.resource_policy.public import covers, each_principal, public_principals, public_statements

# S3's actions that write begin so (service authorization reference, Amazon S3).
_WRITES = (
    "abort",
    "associate",
    "bypass",
    "create",
    "delete",
    "dissociate",
    "initiate",
    "objectowneroverride",
    "pause",
    "put",
    "replicate",
    "restore",
    "submit",
    "tag",
    "untag",
    "update",
)
_TLS_SID = "AllowSSLRequestsOnly"  # as AWS's own examples call it


def without_public(text: str, *, writes_only: bool = False) -> str | None:
    """The text without public statements, or None where no statement is left.

    In a statement that names others too, only the principals that stand for everybody go. With `writes_only`
    only public writes go: of a statement with other actions those that write, unless a wildcard names both.
    """
    document = parse(text)
    replacements: dict[int, str | None] = {}
    for statement in public_statements(document):
        if writes_only and not public_writes(statement):
            continue
        content = _without_everybody(statement) or (writes_only and _without_writes(statement)) or None
        replacements[statement.number] = dumped(content) if content else None
    if not replacements:
        return text
    if len(replacements) == len(document.statements) and not any(replacements.values()):
        return None
    return document.rewritten(replacements)


def public_writes(statement: Statement) -> bool:
    """Whether the actions of a statement for S3 include one that writes."""
    kinds = {_kind(action) for action in statement.listed("Action")}
    return "NotAction" in statement.content or kinds != {"read"}


def _kind(action: str) -> str:
    """`read`, `write` or, of a pattern that matches both, `both`."""
    service, _, name = action.lower().rpartition(":")
    literal = re.split("[*?]", name)[0]
    if covers(service, "s3") or not service:
        if literal.startswith(_WRITES):
            return "write"
        if literal != name and any(each.startswith(literal) for each in _WRITES):
            return "both"
    return "read"


def _without_everybody(statement: Statement) -> dict[str, Any] | None:
    """The statement for those that it names; None where it names nobody else."""
    principal = statement.content.get("Principal")
    if not isinstance(principal, Mapping):
        return None
    public = public_principals(principal)
    left: dict[str, Any] = {}
    for kind, names in principal.items():
        kept = [name for each, name in each_principal({kind: names}) if (each, name) not in public]
        if kept:
            left[kind] = kept if isinstance(names, list) else kept[0]
    return {**statement.content, "Principal": left} if left else None


def _without_writes(statement: Statement) -> dict[str, Any] | None:
    """The statement with its actions that only read; None where there is none, or one does both."""
    kinds = {action: _kind(action) for action in statement.listed("Action")}
    kept = [action for action, kind in kinds.items() if kind == "read"]
    if not kept or "both" in kinds.values():
        return None
    return {**statement.content, "Action": kept}


def denies_plain_http(text: str | None, arn: str) -> bool:
    """Whether a bucket's policy denies every request without TLS, and nothing narrows that.

    A Deny with a further condition, or for a part of the bucket, denies less (AWS Config,
    s3-bucket-ssl-requests-only).
    """
    return text is not None and any(_denies_plain_http(each, arn) for each in parse(text).statements)


def _denies_plain_http(statement: Statement, arn: str) -> bool:
    content = statement.content
    if content["Effect"] != "Deny" or not {"Principal", "Action", "Resource", "Condition"} <= content.keys():
        return False
    everybody = ("", "*"), ("AWS", "*")
    tests = {
        (operator.lower(), key.lower(), str(value).lower())
        for operator, keys in content["Condition"].items()
        for key, values in keys.items()
        for value in (values if isinstance(values, list) else [values])
    }
    return (
        any(each in everybody for each in each_principal(content["Principal"]))
        and any(each.lower() in ("*", "s3:*") for each in statement.listed("Action"))
        and all(
            any(covers(each, resource) for each in statement.listed("Resource"))
            for resource in (arn, f"{arn}/*")
        )
        and tests == {("bool", "aws:securetransport", "false")}
    )


def with_tls_only(text: str | None, arn: str) -> str:
    """The text with a statement at the end that denies requests without TLS, if none does."""
    if text is not None and denies_plain_http(text, arn):
        return text
    document = parse(text) if text is not None else None
    statement = dumped(
        {
            "Sid": _free_sid(document),
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [arn, f"{arn}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    )
    if document is None:
        return f'{{"Version":"2012-10-17","Statement":[{statement}]}}'
    return document.rewritten({}, [statement])


def _free_sid(document: Document | None) -> str:
    """The Sid of our statement. A policy may not have one twice."""
    taken = {each.content.get("Sid") for each in document.statements} if document else set()
    names = (_TLS_SID, *(f"{_TLS_SID}{number}" for number in range(2, len(taken) + 2)))
    return next(name for name in names if name not in taken)
