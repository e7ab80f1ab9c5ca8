"""Resources of each type as AWS's own answers describe them, whole, and not only what policies read."""

from collections.abc import Mapping
from typing import Any

import boto3

from tests.types import expected

_PASSING = {"ResponseMetadata", "LatestRestorableTime", "LastModifiedTimestamp"}


def described(session: boto3.Session, resource_type: str, resource: str) -> Mapping[str, Any]:
    """Everything that the type's describe calls answer about the resource, without request ids."""
    reads = expected(resource_type).read(session, resource)
    found = {name: _plain(ask()) for name, ask in reads.items()}
    return {name: answer for name, answer in found.items() if answer is not None}


def _plain(answer: Any) -> Any:
    """Without what says something about the request or the time, and with lists in an order of their own."""
    if isinstance(answer, dict):
        return {key: _plain(each) for key, each in answer.items() if key not in _PASSING}
    if isinstance(answer, list):
        return sorted((_plain(each) for each in answer), key=repr)
    return answer
