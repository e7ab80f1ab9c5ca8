"""`rightstate history`: what this machine, or a deployed hub, has run."""

from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Annotated, Any

import typer

from rightstate.catalogue import find_policy, load
from rightstate.clock import written
from rightstate.errors import InvalidInput
from rightstate.models.decision import Outcome
from rightstate_cli.aws import checked_account
from rightstate_cli.executions.executions import RUNNING, SHORT, Execution, Wanted
from rightstate_cli.executions.recorded import Past
from rightstate_cli.operations import workspace
from rightstate_cli.terminal.executions import (
    as_json,
    named,
    print_entry,
    print_executions,
    print_request,
    print_timeline,
)
from rightstate_cli.terminal.options import (
    FormatOption,
    LedgerOption,
    OfHubOption,
    OfHubRegionOption,
    OfStackOption,
    PolicyOption,
    TypeOption,
)
from rightstate_cli.terminal.output import Format, print_json, print_table, results, say
from rightstate_cli.terminal.timeline import drawing, fits
from rightstate_cli.terminal.times import moment_of
from rightstate_cli.text import counted


def history(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="EXECUTION",
            help="One execution, by its name, the beginning or the end of it, or its ARN: state by state.",
            show_default=False,
        ),
    ] = None,
    deployed: OfHubOption = False,
    types: TypeOption = None,
    outcome: Annotated[
        Outcome | None, typer.Option(help="Only with this outcome.", show_default=False)
    ] = None,
    account: Annotated[
        str | None, typer.Option(help="Only of this account.", metavar="ID", show_default=False)
    ] = None,
    resource: Annotated[
        str | None,
        typer.Option(
            "--resource",
            "-r",
            help="Only of this resource: its ARN, its name, or account/region/type/id.",
            metavar="ARN",
            show_default=False,
        ),
    ] = None,
    policies: PolicyOption = None,
    since: Annotated[
        str | None,
        typer.Option(
            help="Only those started so long ago at most, e.g. 30m, 24h, 7d, or since a time, e.g. "
            "2026-11-25 or 2026-11-25T08:00:00Z.",
            metavar="TIME",
            show_default=False,
        ),
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="Only those started before; as --since.", metavar="TIME")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, metavar="NUMBER", help="The latest so many.")] = 50,
    stack: OfStackOption = None,
    hub_region: OfHubRegionOption = None,
    ledger: LedgerOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Show what has run on this machine, or in a deployed hub, and what runs there now; the latest last.

    `remediate`, `replay` and `undo` keep what they run in the ledger of this machine, a file in your own data
    directory that only you can read. Of one execution of a hub, Step Functions keeps the history for 90 days;
    after that the ledger has its states and what came of it.

    - `rightstate history --outcome failed` lists the failed ones.
    - `rightstate history 1a2b3c4d` shows one: what it found and changed, each state with its time, the
      errors that it met, and the way that it took. The session name of a call in CloudTrail will do.
    - `rightstate history --deployed --since 24h` lists what the hub has run since yesterday.
    - `rightstate history --deployed --resource arn:aws:s3:::invoices` lists what became of a bucket.
    """
    wanted = Wanted(
        types=frozenset(load(each).name for each in types or ()),
        outcome=outcome,
        account=checked_account(account) if account else None,
        since=moment_of(since) if since else None,
        until=moment_of(until) if until else None,
        policies=frozenset(find_policy(each)[1].id for each in policies or ()),
        resource=resource,
    )
    if wanted.since and wanted.until and wanted.since >= wanted.until:
        raise InvalidInput(
            f"The period ends before it begins: {written(wanted.since)} to {written(wanted.until)}. Nothing "
            "was looked up."
        )
    kept = workspace.choose(deployed, stack, hub_region, ledger, say)
    found = kept.history(wanted)
    chosen, left_out = (found.named(name), "") if name else found.latest(limit)
    if len(chosen) > limit:
        left_out = f"{len(chosen) - limit} earlier ones are not shown; --limit shows more."
        chosen = chosen[-limit:]
    executions = [each.execution for each in chosen]
    if format is Format.JSON:
        print_json([{**as_json(each.execution), **_recorded(each)} for each in chosen])
    elif not chosen:
        say("There are none." if kept.hub else "There are none. `rightstate remediate` makes some.")
    elif name and len(chosen) == 1:
        _print_one(chosen[0], found.definition(executions[0]))
        if kept.hub and chosen[0].entry is None and chosen[0].execution.status != RUNNING:
            say("The ledger has no entry of it. That of one that has only just ended may take some seconds.")
    else:
        _print_list(executions)
    if waiting := [each.request.id for each in chosen if each.request]:
        say(
            f"{', '.join(waiting)} {'waits' if len(waiting) == 1 else 'wait'} for an approval. `rightstate "
            "approvals show ID` has the plan, `rightstate approvals approve` and `deny` answer it."
        )
    if left_out and not (name and len(chosen) == 1):
        say(left_out)


def _recorded(past: Past) -> dict[str, Any]:
    """What the ledger alone knows, for scripts; of one that waits for an approval, what its request says."""
    if past.request:
        known = {"why", "event", "requester", "plan"}
        facts = past.request.model_dump(mode="json", include=known)
        return {**facts, "request": past.request.id, "until": past.request.until}
    known = {"rule", "error", "why", "event", "requester", "plan", "approval", "undo", "batch", "version"}
    return past.entry.model_dump(mode="json", include=known) if past.entry else {}


def _print_one(past: Past, definition: Mapping[str, Any] | None) -> None:
    execution = past.execution
    if execution.outcome != "running":
        print_executions([execution], Format.TABLE)
    if past.forgotten:
        say("Step Functions does not have its states any more; this is what the ledger kept.")
    if past.entry and not execution.steps:
        print_entry(past.entry)
        return
    if past.entry:
        # Its calls stand below the states.
        print_entry(past.entry.model_copy(update={"calls": ()}))
    if past.request:
        print_request(past.request)
    print_timeline(execution)
    if definition and fits(execution, definition):
        results.print(drawing(execution, definition))


def _print_list(executions: Sequence[Execution]) -> None:
    columns = ("Execution", "Started (UTC)", "Took", "Resource", "Outcome")
    print_table(
        counted(len(executions), "execution"),
        columns,
        [
            (
                each.name[-SHORT:],
                f"{each.started_at.astimezone(UTC):%Y-%m-%d %H:%M}",
                f"{each.seconds:.1f} s",
                named(each, with_account=True),
                each.outcome,
            )
            for each in executions
        ],
        whole=tuple(each for each in columns if each != "Resource"),
    )
