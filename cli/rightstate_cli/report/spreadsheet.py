"""changes.csv: a row for each setting that was changed, safe to open in a spreadsheet."""

import csv
from typing import IO, Any

from rightstate.models.decision import Outcome
from rightstate_cli.report.posture import made
from rightstate_cli.report.record import Change, Record
from rightstate_cli.text import csv_cell

COLUMNS = (
    "started",
    "account",
    "region",
    "resource_type",
    "resource",
    "setting",
    "before",
    "after",
    "made",
    "verified",
    "policies",
    "outcome",
    "reason",
    "caused_by",
    "call",
    "why",
    "approved_by",
    "approver_id",
    "approved_at",
    "approval_reason",
    "undoes",
    "execution",
)
_PARTS = {Outcome.REMEDIATED, Outcome.UNDONE, Outcome.FAILED, Outcome.DIED}


class Spreadsheet:
    """Writes the rows of one entry after the other. The file is opened with newline=""."""

    def __init__(self, to: IO[str]) -> None:
        self._writer = csv.writer(to, quoting=csv.QUOTE_ALL)
        self._writer.writerow(COLUMNS)
        self.count = 0

    def add(self, record: Record) -> None:
        """Write what the execution changed, or may have."""
        if record.outcome not in _PARTS:
            return
        for change in record.changes:
            self._writer.writerow(csv_cell(each) for each in _row(record, change))
            self.count += 1


def _row(record: Record, change: Change) -> tuple[Any, ...]:
    account, region, resource_type, resource = record.place
    approval = record.approval
    return (
        record.started,
        account,
        region,
        resource_type,
        resource,
        change.setting,
        change.before,
        change.after,
        made(record, change),
        "yes" if change.setting in record.verified else "no",
        " ".join(change.policies),
        record.outcome,
        record.reason,
        record.caused_by,
        record.event.name if record.event else "",
        record.why,
        approval.approver if approval else "",
        approval.by if approval else "",
        approval.at if approval else "",
        approval.reason if approval else "",
        record.undo or "",
        record.execution,
    )
