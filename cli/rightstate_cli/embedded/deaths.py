"""Give executions whose process was killed the entry that they could not write."""

from datetime import datetime
from typing import Any

from rightstate.storage.table import Item
from rightstate_cli.embedded.running import Running
from rightstate_cli.embedded.storage import SQLiteStorage


def record_left_behind(storage: SQLiteStorage) -> None:
    """Record them as a deployed hub records what was aborted there: as `died`, with the changes that they had
    noted before they made them. Their resources are free for others."""
    with Running(storage).left_behind() as gone:
        if not gone:
            return
        # Seldom needed, and slow to import.
        from rightstate.states.death import PROCESS_ENDED, record_death  # noqa: PLC0415
        from rightstate_cli.embedded.engine import functions_on  # noqa: PLC0415

        with functions_on(storage):
            for item in gone:
                record_death(_end(item, PROCESS_ENDED))


def _end(item: Item, error: str) -> dict[str, Any]:
    """The event with which Step Functions tells of an end that nobody has recorded."""
    started = datetime.fromisoformat(item["started"])
    return {
        "detail": {
            "executionArn": item["what"],
            "stateMachineArn": item["machine"],
            # Its process is gone, so nothing of it can still write.
            "status": "FAILED",
            "startDate": round(started.timestamp() * 1000),
            "input": item["input"],
            "error": error,
        }
    }
