"""Look up executions: of a deployed hub, or of this machine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rightstate.catalogue import find_policy, load
from rightstate.clock import written
from rightstate.errors import InvalidInput
from rightstate.models.decision import Outcome
from rightstate_cli.aws import checked_account
from rightstate_cli.executions.executions import RUNNING, Execution, Wanted
from rightstate_cli.executions.recorded import Past
from rightstate_cli.operations.workspace import History, Workspace


@dataclass(frozen=True)
class Found:
    """Executions, the latest last, and a sentence about those that are not among them, if there are any."""

    history: History
    executions: Sequence[Past]
    left_out: str

    def definition(self, execution: Execution) -> Mapping[str, Any] | None:
        """The definition that the execution ran. None where it no longer exists."""
        definition: Mapping[str, Any] | None = self.history.definition(execution)
        return definition

    @property
    def requests(self) -> list[str]:
        """The ids of the requests that wait for an approval."""
        return [each.request.id for each in self.executions if each.request]


def wanted(
    types: Sequence[str],
    outcome: Outcome | None,
    account: str | None,
    since: datetime | None,
    until: datetime | None,
    policies: Sequence[str],
    resource: str | None,
) -> Wanted:
    """Which executions to look up. Raises InvalidInput where a name is unknown or the period is empty."""
    if since and until and since >= until:
        raise InvalidInput(
            f"The period ends before it begins: {written(since)} to {written(until)}. Nothing was looked up."
        )
    return Wanted(
        types=frozenset(load(each).name for each in types),
        outcome=outcome,
        account=checked_account(account) if account else None,
        since=since,
        until=until,
        policies=frozenset(find_policy(each)[1].id for each in policies),
        resource=resource,
    )


def look_up(workspace: Workspace, wanted: Wanted, name: str | None, limit: int) -> Found:
    """The latest executions, or those of that name.

    Raises InvalidInput where no execution has the name; Denied, Unavailable.
    """
    history = workspace.history(wanted)
    if name is None:
        return Found(history, *history.latest(limit))
    named = history.named(name)
    more = len(named) - limit
    left_out = f"{more} earlier ones are not shown; --limit shows more." if more > 0 else ""
    return Found(history, named[-limit:], left_out)


def recorded_late(workspace: Workspace, past: Past) -> bool:
    """Whether a hub's execution has ended without an entry in the ledger, so far."""
    return workspace.hub is not None and past.entry is None and past.execution.status != RUNNING
