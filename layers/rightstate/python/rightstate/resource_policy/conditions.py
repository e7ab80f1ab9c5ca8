"""Which conditions limit a statement to fixed values, so that it is not public.

Sources: S3 User Guide, The meaning of "public" (the keys, the width of an IP range, wildcards and policy
variables); IAM User Guide, Global condition keys and Condition operators (the other keys, what an operator
does where a key is absent). S3 does not list every key that names an account or an organization. All of them
count here, because a fixed one limits as much.
"""

import re
from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from typing import Any

_ACCOUNTS = (
    "aws:principalaccount",
    "aws:sourceaccount",
    "aws:sourceowner",
    "aws:vpceaccount",
    "s3:dataaccesspointaccount",
)
_IDS = (
    "aws:principalorgid",
    "aws:sourceorgid",
    "aws:vpceorgid",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:userid",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
)
_PATHS = ("aws:principalorgpaths", "aws:sourceorgpaths", "aws:vpceorgpaths")
_ARNS = ("aws:principalarn", "aws:sourcearn", "aws:sourcevpcarn", "s3:dataaccesspointarn")
_IPS = ("aws:sourceip",)
# S3 User Guide: a range broader than these is public.
_WIDEST = {4: 8, 6: 32}

_TEXTS = ("stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike")
_NEGATED = {
    "stringnotequals": "stringequals",
    "stringnotequalsignorecase": "stringequalsignorecase",
    "stringnotlike": "stringlike",
    "arnnotequals": "arnequals",
    "arnnotlike": "arnlike",
    "notipaddress": "ipaddress",
}
# The audience or subject of a web identity (IAM User Guide, Available keys for AWS web identity federation).
_WEB_IDENTITY = re.compile(r"[^:]+:(aud|sub|app_id)")


def limits_allow(condition: Mapping[str, Any], *, federated: bool = False) -> bool:
    """Whether an Allow with that condition is for fixed values only.

    All conditions must hold, so one that limits is enough. An operator that also holds where the key is
    absent (IfExists, ForAllValues) limits only beside a Null that asks for the key.
    """
    present = {
        key
        for each in _each(condition)
        for key in [each.key]
        if each.base == "null" and [value.lower() for value in each.values] == ["false"]
    }
    return any(
        (not (each.if_exists or each.for_all) or each.key in present)
        and _fixed(each.base, each.key, each.values, federated)
        for each in _each(condition)
    )


def denies_all_but_fixed(condition: Mapping[str, Any]) -> bool:
    """Whether a Deny with that condition leaves access to fixed values only.

    It applies where all its conditions hold, so each must exempt fixed values and nothing else. A negated
    operator holds where the key is absent, except with ForAnyValue. AWS services are fixed principals.
    """
    limiting = False
    for each in _each(condition):
        if each.base in _NEGATED and not each.for_any:
            if not _fixed(_NEGATED[each.base], each.key, each.values, federated=False):
                return False
            limiting = True
        elif not (
            each.base == "bool"
            and each.key == "aws:principalisawsservice"
            and [value.lower() for value in each.values] == ["false"]
        ):
            return False
    return limiting


class _Condition:
    """One key under one operator."""

    def __init__(self, operator: str, key: str, values: Any) -> None:
        name = operator.lower()
        self.for_all = name.startswith("forallvalues:")
        self.for_any = name.startswith("foranyvalue:")
        name = name.rpartition(":")[2]
        self.if_exists = name.endswith("ifexists")
        self.base = name.removesuffix("ifexists")
        self.key = key.lower()
        self.values = [_text(value) for value in (values if isinstance(values, list) else [values])]


def _each(condition: Mapping[str, Any]) -> Iterator[_Condition]:
    for operator, keys in condition.items():
        for key, values in keys.items():
            yield _Condition(operator, key, values)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _fixed(base: str, key: str, values: list[str], federated: bool) -> bool:
    """Whether the key can have only fixed values, all of which AWS assigns to one owner."""
    if not values:
        return False
    if key in _IPS:
        return base == "ipaddress" and all(map(_narrow_range, values))
    if base not in _TEXTS:
        return False
    if key in _ARNS:
        by_part = base.startswith("arn")
        return all(_fixed_arn(value, by_part) for value in values)
    if key in _PATHS:
        return all(_plain(value.partition("/")[0]) for value in values)
    if key in _ACCOUNTS or key in _IDS or (federated and _WEB_IDENTITY.fullmatch(key)):
        return all(map(_plain, values))
    return False


def _plain(value: str) -> bool:
    """Without wildcard and policy variable."""
    return bool(value) and not re.search(r"[*?]|\$\{", value)


def _narrow_range(value: str) -> bool:
    try:
        found = ip_network(value, strict=False)
    except ValueError:
        return False
    return found.prefixlen >= _WIDEST[found.version]


def _fixed_arn(value: str, by_part: bool) -> bool:
    """Whether the ARN's account is fixed, or its bucket, whose name AWS gives to one account only.

    The Arn operators match part by part. A wildcard of the String operators matches colons too, so none may
    stand before the account.
    """
    parts = value.split(":", 5)
    if len(parts) < 6 or "${" in value:
        return False
    *before, account, resource = parts
    if re.fullmatch("[0-9]{12}", account):
        return by_part or _plain(":".join(before))
    # An access point has a slash or a colon, and its name is its account's only.
    is_bucket = parts[2] == "s3" and account in ("", "*") and parts[3] in ("", "*")
    return is_bucket and _plain(resource) and not re.search("[:/]", resource)
