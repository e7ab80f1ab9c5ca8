"""Calls whose answers tell how AWS has a resource."""

from collections.abc import Callable, Mapping
from typing import Any

import boto3
from botocore.exceptions import ClientError

Readers = Mapping[str, Callable[[], Any]]
"""Name of a read -> the call."""


def or_error(call: Callable[..., Any], **given: Any) -> Callable[[], Any]:
    """The answer, or the code of the error that says that nothing is configured."""

    def ask() -> Any:
        try:
            return call(**given)
        except ClientError as error:
            return error.response["Error"]["Code"]

    return ask


def of_one(
    service: str, parameter: str, *operations: str, many: bool = False
) -> Callable[[boto3.Session, str], Readers]:
    """Each operation called with the identifier as that parameter; `many`: as a list of one."""

    def readers(session: boto3.Session, name: str) -> Readers:
        client = session.client(service)  # type: ignore[call-overload]
        given = {parameter: [name] if many else name}
        return {each: or_error(getattr(client, each), **given) for each in operations}

    return readers
