"""Names and times that inputs are checked against."""

from datetime import datetime
from typing import Annotated

from pydantic import (
    AfterValidator,
    Field,
)

ACCOUNT = r"^[0-9]{12}$"


REGION = r"^[a-z]{2,4}(-[a-z]{2,10}){1,3}-[0-9]{1,2}$"


EXECUTION = r"^arn:[a-z-]+:states:[a-z0-9-]+:[0-9]{12}:execution:[^:]{1,80}:[^:]{1,80}$"
"""The ARN of an execution of a machine (Step Functions API reference, StartExecution: names have up to 80
characters)."""


BATCH = r"^[A-Za-z0-9_-]{1,60}$"
"""The name of a batch; the executions of its resources begin with it."""


ResourceName = Annotated[str, Field(min_length=1, max_length=2048)]


def _exists(time: str) -> str:
    """Refuse the 31st of February, which as a text would compare like a time."""
    datetime.fromisoformat(time)
    return time


Time = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"), AfterValidator(_exists)]
"""A time in UTC, e.g. `2026-11-25T08:00:00Z`; as texts they compare as the times do."""


BackfillTime = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"), AfterValidator(_exists)]
"""A time in UTC, to the second, which Wait and Choice of the definition take."""
