"""What waits for an approval when the report is written: the ledger has it only once that is over."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from rightstate.clock import written
from rightstate.models.approval import Requested
from rightstate_cli.report.period import Chosen
from rightstate_cli.report.record import Record
from rightstate_cli.tables.guards_table import waits

_FACTS = {"id", "resource", "execution", "plan", "policies", "why", "asked_at", "until"}
"""Not the task's token: nobody who reads a report has any business with it."""


@dataclass(frozen=True)
class Waiting:
    """The requests of what is chosen that are open, what will be over first coming first.

    `day` is the last of the period. Where that goes on `until_now`, nothing but these waits.
    """

    requests: tuple[Requested, ...]
    day: str
    until_now: bool


class Asked:
    """The requests of a hub, and of which of them the ledger has the end."""

    def __init__(self, requests: Iterable[Requested]) -> None:
        self._open = {each.execution: each for each in requests}

    def add(self, record: Record) -> None:
        """An execution that has an entry has ended, whatever its request says."""
        self._open.pop(record.execution, None)

    def waiting(self, chosen: Chosen, now: datetime) -> Waiting:
        """What of what is chosen waits `now`, after all entries.

        What was asked before the period began and still waits is in it.
        """
        wanted = replace(chosen, since="")
        found = [
            kept
            for each in self._open.values()
            if waits(each, written(now)) and wanted.has(each.resource, each.asked_at)
            if (kept := chosen.narrowed.request(each) if chosen.narrowed else each)
        ]
        end = datetime.fromisoformat(chosen.until) - timedelta(milliseconds=1) if chosen.until else now
        return Waiting(
            requests=tuple(sorted(found, key=lambda each: (each.until, each.id))),
            day=written(min(end, now))[:10],
            until_now=end >= now,
        )


def listed(requests: Iterable[Requested]) -> list[dict[str, Any]]:
    """The requests as the page lists them, in JSON's types."""
    return [
        {
            **each.model_dump(mode="json", include=_FACTS),
            "changes": [
                change.model_dump(mode="json", include={"setting", "before", "after", "policies"})
                for change in each.changes
            ],
            "call": each.event.name if each.event else "",
            "principal": (each.event.principal or each.event.principal_id or each.event.source)
            if each.event
            else each.requester_arn or each.requester,
        }
        for each in requests
    ]
