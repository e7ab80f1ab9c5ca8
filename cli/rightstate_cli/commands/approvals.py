"""`rightstate approvals`: what waits for a person's word, and to give it."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.console import Console

from rightstate.catalogue import find_policy
from rightstate.clock import now, written
from rightstate.errors import InvalidInput
from rightstate.identify import shown
from rightstate.models.approval import Choice, Requested
from rightstate.wants import as_change
from rightstate_cli.operations import workspace
from rightstate_cli.operations.workspace import Workspace
from rightstate_cli.planning import plan_file
from rightstate_cli.tables.guards_table import Approving
from rightstate_cli.terminal.options import (
    FormatOption,
    LedgerOption,
    OfHubOption,
    OfHubRegionOption,
    OfStackOption,
    YesOption,
    on_one_line,
)
from rightstate_cli.terminal.output import Format, ask, print_json, print_table, say, talk
from rightstate_cli.terminal.times import span
from rightstate_cli.text import counted

app = typer.Typer(
    no_args_is_help=True, help="Changes that wait for an approval: policies in mode `approve` ask for one."
)

RequestArgument = Annotated[str, typer.Argument(metavar="ID", help="As `approvals list` shows it.")]
ReasonOption = Annotated[str, typer.Option(help="Goes into the ledger.", metavar="TEXT")]

_LONGEST = timedelta(days=7)


@app.command("list")
def list_requests(
    everything: Annotated[
        bool, typer.Option("--all", help="Also those that are decided or have expired.")
    ] = False,
    deployed: OfHubOption = False,
    stack: OfStackOption = None,
    hub_region: OfHubRegionOption = None,
    ledger: LedgerOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """List what waits for an approval, the newest first.

    Only a hub's executions can wait. Those of `rightstate remediate` end with it, and change nothing that a
    policy in mode `approve` wants.

    Exit codes: 0 nothing waits, 1 something does.
    """
    kept = workspace.choose(deployed, stack, hub_region, ledger)
    requests = workspace.guarding_of(kept).requests()
    shown_ones = [each for each in requests if everything or _waits(each)]
    if format is Format.JSON:
        print_json([_facts(each) for each in shown_ones])
    else:
        print_table(
            counted(sum(map(_waits, requests)), "request") + " waiting",
            ("Id", "Resource", "Change", "Caused by", "Status"),
            [(each.id, each.resource, _what(each), _cause(each), _status(each)) for each in shown_ones],
            whole=("Id",),
        )
    if kept.hub is None:
        say(
            "Nothing waits on this machine: an execution ends with its command here, so that none can wait "
            "for an answer. With --deployed it looks for those of a hub."
        )
    raise typer.Exit(1 if any(map(_waits, requests)) else 0)


@app.command()
def show(
    request: RequestArgument,
    deployed: OfHubOption = False,
    stack: OfStackOption = None,
    hub_region: OfHubRegionOption = None,
    ledger: LedgerOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Show one request: the plan with what it may break, its hash, who caused it, and until when it waits.

    Exit codes: 0 it is shown, 2 there is none of that id.
    """
    requested = workspace.guarding_of(workspace.choose(deployed, stack, hub_region, ledger)).request(request)
    _print(requested, format)


@app.command()
def approve(
    request: RequestArgument,
    reason: ReasonOption,
    window: Annotated[
        str | None,
        typer.Option(
            help="Apply it only then: a time in UTC and for how long, e.g. 2026-11-28T22:00Z/2h.",
            metavar="TIME/LENGTH",
            show_default=False,
        ),
    ] = None,
    yes: YesOption = False,
    deployed: OfHubOption = False,
    stack: OfStackOption = None,
    hub_region: OfHubRegionOption = None,
    ledger: LedgerOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Approve a request, under your own identity. Whoever caused the change cannot.

    The resource is looked at again before anything is written: if it is not any more as it was planned,
    nothing is. Asks first. To decide needs the managed policy of the output ApproversPolicy.

    Exit codes: 0 it is approved, 2 it could not be.
    """
    kept = workspace.choose(deployed, stack, hub_region, ledger)
    _decide(Choice.APPROVE, kept, request, reason, _window(window), yes, format)


@app.command()
def deny(
    request: RequestArgument,
    reason: ReasonOption,
    yes: YesOption = False,
    deployed: OfHubOption = False,
    stack: OfStackOption = None,
    hub_region: OfHubRegionOption = None,
    ledger: LedgerOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Deny a request. The same change is not asked for again for 7 days; `exempt add` is for longer.

    Exit codes: 0 it is denied, 2 it could not be.
    """
    kept = workspace.choose(deployed, stack, hub_region, ledger)
    _decide(Choice.DENY, kept, request, reason, ("", ""), yes, format)


def _decide(
    choice: Choice,
    kept: Workspace,
    request: str,
    reason: str,
    window: tuple[str, str],
    yes: bool,
    format: Format,
) -> None:
    reason = on_one_line("--reason", reason)
    requested = workspace.guarding_of(kept).request(request)
    if not _waits(requested):
        raise InvalidInput(f"{requested.id} does not wait any more: {_status(requested)}.")
    if not yes:
        _print(requested, Format.TABLE, talk)
        answer = ask(f"{choice.capitalize()} {requested.id}?")
        if answer is None:
            raise InvalidInput("Nothing was decided: nobody confirmed it. In a script, give --yes.")
        if not answer:
            say("Nothing was decided.")
            raise typer.Exit(2)
    if kept.hub is None or kept.hub.guards is None:  # unreachable: a request is a hub's
        raise typer.Exit(2)
    Approving(kept.hub.guards, kept.caller).decide(requested, choice, reason, *window)
    name = requested.execution.rpartition(":")[2]
    if format is Format.JSON:
        facts = {"not_before": window[0], "not_after": window[1]}
        print_json({"id": requested.id, "choice": choice.value, "execution": requested.execution, **facts})
    else:
        when = f", to be applied from {window[0]} to {window[1]}" if window[0] else ""
        print_table("Decided", ("Id", "Choice"), [(requested.id, f"{choice.value}{when}")])
    say(f"The execution goes on: `rightstate history {name} --deployed`.")


def _window(given: str | None) -> tuple[str, str]:
    """From when and until when. Raises InvalidInput."""
    if given is None:
        return "", ""
    begin, _, length = given.partition("/")
    try:
        begins = datetime.fromisoformat(begin)
        ends = begins + span(length)
    except (ValueError, InvalidInput):
        begins = ends = datetime.min
    if begins.tzinfo is None:
        raise InvalidInput(
            f"{shown(given)} is no window. Nothing was decided. Give a time with its zone and a length, e.g. "
            "2026-11-28T22:00Z/2h."
        )
    if ends < datetime.now(UTC) or begins > datetime.now(UTC) + _LONGEST or ends > begins + _LONGEST:
        raise InvalidInput(
            f"The window {shown(given)} has passed, begins in more than {_LONGEST.days} days, or is longer "
            "than that. Nothing was decided."
        )
    if ends == begins:
        raise InvalidInput(f"The window {shown(given)} ends as it begins. Nothing was decided.")
    return written(begins), written(ends)


def _waits(requested: Requested) -> bool:
    return not requested.outcome and requested.until > now()


def _status(requested: Requested) -> str:
    if requested.outcome == "denied":
        return f"denied by {_decider(requested)}" if requested.decided_by else "expired or refused"
    if requested.outcome == "died":
        return "its execution has died"
    if requested.outcome:
        return f"approved by {_decider(requested)}"
    return f"waits until {requested.until}" if _waits(requested) else f"expired at {requested.until}"


def _decider(requested: Requested) -> str:
    """An ARN tells a reader who it is, an id of IAM's does not."""
    return requested.decided_by_arn or requested.decided_by


def _changes(requested: Requested) -> list[str]:
    return [f"{each.setting}: {as_change(each.before, each.after)}" for each in requested.changes]


def _what(requested: Requested) -> str:
    return ("UNDO " if requested.undo else "") + "; ".join(_changes(requested))


def _undo(requested: Requested) -> str:
    """What the request is, said so that nobody takes it for a remediation."""
    return (
        f"This takes back what {requested.undo.rpartition(':')[2]} has changed. The resource will break "
        f"{', '.join(requested.policies)} again."
    )


def _cause(requested: Requested) -> str:
    if requested.event:
        return f"{requested.event.name} by {requested.event.principal or 'an AWS service'}"
    return f"{requested.requester}, as the input says" if requested.requester else "nobody that is known"


def _print(requested: Requested, format: Format, to: Console | None = None) -> None:
    if format is Format.JSON:
        print_json(_facts(requested))
        return
    rows = [
        ("Resource", requested.arn or requested.resource),
        *([("Undo", _undo(requested))] if requested.undo else []),
        *(("Change", change) for change in _changes(requested)),
        *(row for name in requested.policies for row in _policy(name)),
        *(("Call", plan_file.on_one_line(call)) for call in requested.calls),
        ("Caused by", _cause(requested)),
        *(
            []
            if requested.proven
            else [
                (
                    "To be approved by",
                    ", ".join(requested.approvers) or "nobody: the account has no approvers",
                )
            ]
        ),
        ("Reason", requested.why or "none"),
        ("Asked", requested.asked_at),
        ("Status", _status(requested)),
        ("Plan", f"sha256:{requested.plan}"),
        ("Execution", requested.execution),
    ]
    print_table(f"Request {requested.id}", ("", ""), rows, to)


def _policy(name: str) -> list[tuple[str, str]]:
    """What to know before it changes something, as `policies show` calls it."""
    about = _about(name)
    if about is None:
        return [("Policy", f"{name}: not one of this version")]
    return [
        ("Policy", name),
        ("Risk class", about["risk"]),
        ("May break", about["side_effects"]),
        ("Can be undone", about["reversible"]),
    ]


def _about(name: str) -> dict[str, str] | None:
    """None of a policy that only another version has."""
    try:
        policy = find_policy(name)[1]
    except InvalidInput:
        return None
    return {"risk": policy.risk.value, "side_effects": policy.side_effects, "reversible": policy.reversible}


def _facts(requested: Requested) -> dict[str, Any]:
    """All of it but the token."""
    return {
        **requested.model_dump(mode="json", exclude={"token", "outcome"}),
        "waits": _waits(requested),
        "status": _status(requested),
        "about": {name: _about(name) for name in requested.policies},
    }
