"""Where looks are kept, and what is too long for state data: a bucket, or one SQLite file without a hub."""

from collections.abc import Iterator
from typing import Any, Protocol


class Objects(Protocol):
    """Objects by their keys. One that is written is seen whole or not at all."""

    def put(self, key: str, content: bytes) -> None:
        """Write the object, in place of the one that is there."""

    def get(self, key: str) -> bytes | None:
        """What was last written; None where there is no such object."""

    def keys(self, prefix: str) -> Iterator[str]:
        """The keys that begin so, in their order."""

    def delete(self, key: str) -> None:
        """Remove the object, if there is one."""


class S3Objects:
    """The objects of a bucket, through that client.

    Raises what botocore raises: its callers name the errors, in Lambda by `named_errors`.
    """

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def put(self, key: str, content: bytes) -> None:
        self._client.put_object(Bucket=self._bucket, Key=key, Body=content)

    def get(self, key: str) -> bytes | None:
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=key)
        except self._client.exceptions.NoSuchKey:
            return None
        content: bytes = answer["Body"].read()
        return content

    def keys(self, prefix: str) -> Iterator[str]:
        # In the order of their UTF-8 (S3 API reference, ListObjectsV2).
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
        for page in pages:
            for each in page.get("Contents", ()):
                yield each["Key"]

    def delete(self, key: str) -> None:
        self._client.delete_object(Bucket=self._bucket, Key=key)
