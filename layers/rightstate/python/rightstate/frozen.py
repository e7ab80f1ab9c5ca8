"""The base of every model."""

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """Immutable, and refuses a field that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")
