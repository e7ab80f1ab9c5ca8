"""A table that nobody may use."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rightstate import storage
from rightstate.errors import Denied
from rightstate.storage.tables import TableSpec


class _Refused:
    def __getattr__(self, operation: str) -> Any:
        def refuse(*given: Any, **named: Any) -> Any:
            raise Denied(f"AWS refused: {operation} was answered with AccessDeniedException.")

        return refuse


@contextmanager
def refused(table: TableSpec) -> Iterator[None]:
    """Refuse every operation on that table meanwhile."""
    kept = storage._storage
    with storage.kept_in(lambda spec: _Refused() if spec is table else kept(spec)):
        yield
