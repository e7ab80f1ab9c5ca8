"""Replayed events on a terminal: the rules that match, and the executions that these started."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rightstate.catalogue import load
from rightstate.errors import InvalidInput, UnexpectedEvent
from rightstate.executions import triggers
from rightstate_cli.batches.dead_letters import Verdict
from rightstate_cli.executions.executions import Execution, Start
from rightstate_cli.operations.replay import Replayed
from rightstate_cli.terminal.executions import as_json, executions_table, print_executions, print_timeline
from rightstate_cli.terminal.output import (
    Format,
    Table,
    print_csv,
    print_json,
    print_line,
    print_result,
    print_table,
)
from rightstate_cli.text import counted

if TYPE_CHECKING:
    from rightstate_cli.embedded.rules import Match


def print_replayed(event: Mapping[str, Any], replayed: Replayed, match_only: bool, format: Format) -> None:
    """The rules that the event matches, and what came of each execution that they started."""
    matches, executions = replayed.matches, replayed.executions
    if format is Format.CSV:
        print_csv(_matches_table(matches) if match_only else executions_table(executions))
        return
    if format is Format.JSON:
        as_inputs = [
            {"rule": match.rule, "target": match.target, "input": match.start.input} for match in matches
        ]
        print_json({"matches": as_inputs, "executions": [as_json(each) for each in executions]})
        return
    matched = f"{counted(len(matches), 'rule')} matched" if matches else "no rule matched"
    print_line(f"{event['detail'].get('eventName')} of {event['source']}: {matched}.")
    for match in matches:
        lines = [("Rule", match.rule), ("Starts", match.target), *_paths(_input(match.start))]
        print_table("", ("", ""), lines)
    _print_executions(executions, format)


def print_followed(about: str, event_id: str, executions: Sequence[Execution], format: Format) -> None:
    """The executions that an event on a hub's bus started."""
    if format is Format.CSV:
        print_csv(executions_table(executions))
        return
    if format is Format.JSON:
        print_json({"event": event_id, "executions": [as_json(each) for each in executions]})
        return
    print_line(f"{about}, with id {event_id} on the bus: {counted(len(executions), 'execution')}.")
    _print_executions(executions, format)


def print_letters(judged: Sequence[Verdict]) -> None:
    """The undelivered events, and what is to be done with each."""
    if judged:
        print_result(letters_table(judged), None, Format.TABLE)


def letters_table(judged: Sequence[Verdict]) -> Table:
    """A row for each undelivered event."""
    rows = [list(row.values())[1:] for row in letters_as_json(judged)]
    columns = ("Event", "Account", "Time", "Could not", "Now", "Why")
    return Table(columns, rows, title=counted(len(judged), "undelivered event"))


def letters_as_json(judged: Sequence[Verdict]) -> list[dict[str, str]]:
    """The undelivered events for scripts."""
    return [
        {
            "id": each.letter.id,
            "name": each.letter.name,
            "account": str(each.letter.event.get("account", "")),
            "time": str(each.letter.event.get("time", "")),
            "error": each.letter.error,
            "fate": each.fate.value,
            "reason": each.reason,
        }
        for each in judged
    ]


def _print_executions(executions: Sequence[Execution], format: Format) -> None:
    if executions:
        print_executions(executions, format)
    for execution in executions:
        print_timeline(execution)


def _matches_table(matches: "Sequence[Match]") -> Table:
    rows = [(match.rule, match.target, match.start.resource_type) for match in matches]
    return Table(("Rule", "Starts", "Type"), rows)


def _input(start: Start) -> Mapping[str, Any]:
    """What the execution reads from its input, which holds more of the event than anybody wants to read."""
    try:
        found = triggers.understood(load(start.resource_type), start.input).start
    except (InvalidInput, UnexpectedEvent) as error:
        return {"Not understood": str(error)}
    return found.model_dump(mode="json", exclude_none=True, exclude_defaults=True)


def _paths(given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The values, each with its path."""
    for key, value in given.items():
        if isinstance(value, dict):
            yield from ((f"{key}.{path}", text) for path, text in _paths(value))
        else:
            yield key, value if isinstance(value, str) else json.dumps(value)
