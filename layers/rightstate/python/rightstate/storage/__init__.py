"""Where settings, ledger and guards are kept: DynamoDB for a deployed hub, one SQLite file without one.

`table` is the interface, `tables` names the three tables, `dynamodb` is the deployed hub's implementation.
`objects` is the same for what is no item: S3 for a deployed hub.
The SQLite implementation belongs to the command line, because no Lambda needs it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rightstate.storage.objects import Objects
from rightstate.storage.table import Table
from rightstate.storage.tables import GUARDS, LEDGER, SETTINGS, TableSpec

__all__ = ["guards", "kept_in", "ledger", "objects", "settings"]

Storage = Callable[[TableSpec], Table]


def settings() -> Table:
    """What is enabled in which account."""
    return _storage(SETTINGS)


def ledger() -> Table:
    """What was decided, changed and verified."""
    return _storage(LEDGER)


def guards() -> Table:
    """Locks, halts, and requests for approval."""
    return _storage(GUARDS)


def objects() -> Objects:
    """Looks, and what is too long for state data."""
    return _objects()


@contextmanager
def objects_kept_in(found: Callable[[], Objects]) -> Iterator[None]:
    """Keep the objects there until the context is left."""
    global _objects  # noqa: PLW0603 - as of the tables
    before, _objects = _objects, found
    try:
        yield
    finally:
        _objects = before


@contextmanager
def kept_in(storage: Storage) -> Iterator[None]:
    """Keep the tables in that storage until the context is left."""
    global _storage  # noqa: PLW0603 - one hub for the process, as in Lambda
    before, _storage = _storage, storage
    try:
        yield
    finally:
        _storage = before


def _deployed(spec: TableSpec) -> Table:
    """The hub's own table, whose name the function's environment has."""
    import os  # noqa: PLC0415

    from rightstate.aws.sessions import hub_client  # noqa: PLC0415
    from rightstate.storage.dynamodb import DynamoDBTable  # noqa: PLC0415

    return DynamoDBTable(hub_client("dynamodb"), os.environ[spec.variable], spec)


_storage: Storage = _deployed


def _work_bucket() -> Objects:
    import os  # noqa: PLC0415

    from rightstate.aws.sessions import hub_client  # noqa: PLC0415
    from rightstate.storage.objects import S3Objects  # noqa: PLC0415

    return S3Objects(hub_client("s3"), os.environ["WORK_BUCKET"])


_objects: Callable[[], Objects] = _work_bucket
