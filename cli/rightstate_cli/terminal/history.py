"""The executions of a workspace, as people and scripts see them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC
from typing import Any

from rightstate_cli.executions.executions import Execution, short_ids
from rightstate_cli.executions.recorded import Past
from rightstate_cli.terminal.executions import (
    as_json,
    named,
    print_entry,
    print_executions,
    print_request,
    print_timeline,
)
from rightstate_cli.terminal.output import Format, Table, print_csv, print_json, print_result, results, say
from rightstate_cli.terminal.timeline import drawing, fits
from rightstate_cli.text import counted


def print_list(found: Sequence[Past], format: Format) -> None:
    """A row for each execution. CSV and JSON have the whole names."""
    executions = [each.execution for each in found]
    if format is Format.CSV:
        print_csv(_whole(executions))
        return
    ids = short_ids(each.name for each in executions)
    table = Table(
        ("Execution", "Started (UTC)", "Took", "Resource", "Outcome"),
        [
            (
                ids[each.name],
                f"{each.started_at.astimezone(UTC):%Y-%m-%d %H:%M}",
                f"{each.seconds:.1f} s",
                named(each, with_account=True),
                each.outcome,
            )
            for each in executions
        ],
        title=counted(len(executions), "execution"),
        whole=("Execution", "Started (UTC)", "Took", "Outcome"),
    )
    print_result(table, [_as_json(each) for each in found], format)


def _whole(executions: Sequence[Execution]) -> Table:
    columns = ("Execution", "Started", "Seconds", "Account", "Region", "Type", "Resource", "Outcome")
    return Table(
        columns,
        [
            (
                each.name,
                each.started_at.isoformat(),
                f"{each.seconds:.1f}",
                *(each.account, each.region, each.resource_type, each.resource, each.outcome),
            )
            for each in executions
        ],
    )


def print_one(
    past: Past, definition_of: Callable[[Execution], Mapping[str, Any] | None], format: Format
) -> None:
    """What one execution found and changed, and the way that it took through the definition."""
    execution = past.execution
    if format is Format.JSON:
        print_json([_as_json(past)])
        return
    if format is Format.CSV:
        print_executions([execution], format)
        return
    if execution.outcome != "running":
        print_executions([execution], format)
    if past.forgotten:
        say("Step Functions no longer has its states. These are the ledger's.")
    if past.entry and not execution.steps:
        print_entry(past.entry)
        return
    if past.entry:
        # Its calls stand below the states.
        print_entry(past.entry.model_copy(update={"calls": ()}))
    if past.request:
        print_request(past.request)
    print_timeline(execution)
    definition = definition_of(execution)
    if definition and fits(execution, definition):
        results.print(drawing(execution, definition))


def _as_json(past: Past) -> dict[str, Any]:
    return {**as_json(past.execution), **_recorded(past)}


def _recorded(past: Past) -> dict[str, Any]:
    """What only the ledger knows, or the request of an execution that waits for an approval."""
    if past.request:
        known = {"why", "event", "requester", "plan"}
        facts = past.request.model_dump(mode="json", include=known)
        return {**facts, "request": past.request.id, "until": past.request.until}
    known = {"rule", "error", "why", "event", "requester", "plan", "approval", "undo", "batch", "version"}
    return past.entry.model_dump(mode="json", include=known) if past.entry else {}
