"""Requests for approval, as people and scripts see them."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from rich.console import Console

from rightstate.errors import InvalidInput
from rightstate.models.approval import Choice, Requested
from rightstate.wants import as_change
from rightstate_cli.operations.requests import (
    Window,
    about,
    approvers,
    cause,
    facts,
    status,
    undo_text,
    window,
)
from rightstate_cli.planning import plan_file
from rightstate_cli.terminal.output import Format, Table, print_json, print_result, print_table
from rightstate_cli.terminal.times import span
from rightstate_cli.text import counted


def window_of(given: str | None) -> Window:
    """The window of `2026-11-28T22:00Z/2h`. Raises InvalidInput."""
    if given is None:
        return Window()
    begin, _, length = given.partition("/")
    try:
        begins, lasting = datetime.fromisoformat(begin), span(length)
    except (ValueError, InvalidInput):
        return window(None, timedelta(), given)
    return window(begins, lasting, given)


def print_requests(requests: Sequence[Requested], waiting: int, format: Format) -> None:
    """A row for each request; `waiting` is how many wait."""
    rows = [(each.id, each.resource, _what(each), cause(each), status(each)) for each in requests]
    table = Table(
        ("Id", "Resource", "Change", "Caused by", "Status"),
        rows,
        title=f"{counted(waiting, 'request')} waiting",
        whole=("Id",),
    )
    print_result(table, [facts(each) for each in requests], format)


def print_request(requested: Requested, format: Format, to: Console | None = None) -> None:
    """One request: the plan with what it may break, who caused it, and until when it waits."""
    if format is Format.JSON:
        print_json(facts(requested))
        return
    rows = [
        ("Resource", requested.arn or requested.resource),
        *([("Undo", undo_text(requested))] if requested.undo else []),
        *(("Change", change) for change in _changes(requested)),
        *(row for name in requested.policies for row in _policy(name)),
        *(("Call", plan_file.on_one_line(call)) for call in requested.calls),
        ("Caused by", cause(requested)),
        *([] if requested.proven else [("To be approved by", approvers(requested))]),
        ("Reason", requested.why or "none"),
        ("Asked", requested.asked_at),
        ("Status", status(requested)),
        ("Plan", f"sha256:{requested.plan}"),
        ("Execution", requested.execution),
    ]
    print_table(f"Request {requested.id}", ("", ""), rows, to)


def print_answer(requested: Requested, choice: Choice, window: Window, format: Format) -> None:
    """What was decided."""
    if format is Format.JSON:
        times = {"not_before": window.not_before, "not_after": window.not_after}
        print_json({"id": requested.id, "choice": choice.value, "execution": requested.execution, **times})
        return
    when = f", to be applied from {window.not_before} to {window.not_after}" if window.not_before else ""
    print_table("Decided", ("Id", "Choice"), [(requested.id, f"{choice.value}{when}")])


def _changes(requested: Requested) -> list[str]:
    return [f"{each.setting}: {as_change(each.before, each.after)}" for each in requested.changes]


def _what(requested: Requested) -> str:
    return ("UNDO " if requested.undo else "") + "; ".join(_changes(requested))


def _policy(name: str) -> list[tuple[str, str]]:
    known = about(name)
    if known is None:
        return [("Policy", f"{name}: not one of this version")]
    return [
        ("Policy", name),
        ("Risk class", known["risk"]),
        ("May break", known["side_effects"]),
        ("Can be undone", known["reversible"]),
    ]
