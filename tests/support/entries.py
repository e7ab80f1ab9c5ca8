"""The ledger's entries, read by key: a scan would read what all other tests of a module have written."""

from typing import Any

from rightstate.storage.tables import LEDGER
from rightstate_cli.embedded.engine import Engine
from rightstate_cli.executions.executions import Execution


def entry_of(hub: Engine, execution: Execution | str) -> dict[str, Any]:
    """The only entry of an execution, which may be given as its ARN."""
    arn = execution if isinstance(execution, str) else execution.arn
    ledger = hub.table(LEDGER)
    [found] = ledger.query(arn, "execution")
    entry = ledger.get({key: found[key] for key in LEDGER.key})
    assert entry is not None
    return entry


def entries_about(hub: Engine, resource: str) -> list[dict[str, Any]]:
    """All entries of a resource, which is named as the ledger names it; the oldest first."""
    return list(hub.table(LEDGER).query(resource))
