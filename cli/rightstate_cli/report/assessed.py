"""When each account, region and type was last assessed, and by what."""

from typing import Any

from rightstate_cli.report.looked import Looked, Scope, sources
from rightstate_cli.report.posture import looked_at
from rightstate_cli.report.record import Record, milliseconds


class Assessed:
    """The newest of the looks, and of the entries that are added."""

    def __init__(self, looked: Looked) -> None:
        self._known: dict[Scope, tuple[int, str, str]] = {}
        for scope, at, source, by in sources(looked):
            self._newer(scope, milliseconds(at), source, by)

    def add(self, record: Record) -> None:
        """An execution has looked at one resource."""
        if looked_at(record):
            account, region, resource_type, _ = record.place
            self._newer((account, region, resource_type), record.ended_at, "execution", record.execution)

    def listed(self) -> list[dict[str, Any]]:
        """In JSON's types, what was assessed longest ago first. A look assesses all resources, an execution
        one."""
        return [
            {
                "account": account,
                "region": region,
                "type": resource_type,
                "at": at,
                "source": source,
                "by": by,
            }
            for (account, region, resource_type), (at, source, by) in sorted(
                self._known.items(), key=lambda each: (each[1][0], each[0])
            )
        ]

    def _newer(self, scope: Scope, at: int, source: str, by: str) -> None:
        if at >= self._known.get(scope, (0, "", ""))[0]:
            self._known[scope] = at, source, by
