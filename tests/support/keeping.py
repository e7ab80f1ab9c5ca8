"""A session that keeps its clients. To make one takes a hundredth of a second, as long as three calls."""

from functools import cache

import boto3


class Session(boto3.Session):
    """A session of a test that creates many resources and puts no handlers on clients."""

    def __init__(self, region: str) -> None:
        """In that region, with moto's credentials."""
        super().__init__(region_name=region)
        self.client = cache(super().client)  # type: ignore[method-assign,assignment]
