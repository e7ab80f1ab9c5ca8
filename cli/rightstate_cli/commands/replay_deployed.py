"""`rightstate replay --deployed`: an event on the bus of a hub, or all that its bus could not deliver."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, NoReturn

import typer

from rightstate.errors import InvalidInput, RightstateError
from rightstate.identify import shown
from rightstate_cli.application import events
from rightstate_cli.batches import dead_letters, event_bus
from rightstate_cli.batches.dead_letters import Fate, Letter, Queue, Verdict
from rightstate_cli.executions.executions import Execution, Start
from rightstate_cli.hub.deployment import Hub
from rightstate_cli.hub.waiting import NotFollowed, following_until_asked
from rightstate_cli.terminal.executions import as_json, exit_code, print_executions, print_timeline
from rightstate_cli.terminal.interrupt import interrupted
from rightstate_cli.terminal.output import Format, ask, print_json, print_line, print_table, progress, say
from rightstate_cli.text import counted

_STOPPING = "What the event starts goes on in the hub. Ctrl-C again aborts this command."


def refuse(options: Mapping[str, object]) -> None:
    """Raises InvalidInput if one of these is given: the rules and the hub's settings know nothing of it."""
    if given := [option for option, value in options.items() if value]:
        raise InvalidInput(
            f"{', '.join(given)} cannot be used with --deployed: there the hub's rules and settings decide. "
            "Nothing was replayed."
        )


def through_hub(event: Mapping[str, Any], hub: Hub, yes: bool, force: bool, format: Format) -> NoReturn:
    """Put the event on the hub's bus, after asking, and follow what it starts."""
    event_bus.check(event, hub)
    about = f"{event['detail']['eventName']} of {event['source']}"
    if not force and (entry := dead_letters.handled(event, hub)):
        _print(about, str(event["id"]), [], format)
        say(
            f"Not replayed: {entry.name} has handled the event, and ended {entry.outcome}. --force replays "
            "it all the same."
        )
        raise typer.Exit(0)
    if not force and dead_letters.is_old(event):
        raise InvalidInput(
            f"The event is of {event['time']}, more than 24 hours ago: EventBridge would have given it up. "
            "Nothing was replayed. With --force it is; what is done then is decided on the resource as it is "
            "now."
        )
    if not _confirmed(about, hub, yes):
        say("Nothing was replayed.")
        raise typer.Exit(2)
    event_id = event_bus.put(event, hub)
    say(f"The event is on the bus, with id {event_id}. Waiting for what it starts ...")
    executions: list[Execution] = []
    with progress() as bar, interrupted(_STOPPING) as stop:
        following, asking = following_until_asked(hub, stop, say)
        following.follow(event_bus.started(event_id, event, hub, stop))
        task = bar.add_task("Executions", total=None)
        for execution in following.run():
            executions.append(execution)
            bar.update(task, advance=1, description=f"{execution.resource}: {execution.outcome}")
    executions += asking.executions
    _print(about, event_id, executions, format)
    if asking.executions:
        say(asking.how_to_answer)
    if stop.is_set():
        say("What the event started may still run in the hub: `rightstate history --deployed` lists it.")
        raise typer.Exit(2)
    if not executions:
        say(_why_nothing(event, hub))
        raise typer.Exit(1)
    raise typer.Exit(exit_code(executions))


def through_queue(hub: Hub, yes: bool, force: bool, format: Format) -> NoReturn:
    """Deliver what EventBridge could not, after asking, and follow what is started.

    By the rules of this version, and past the bus: there the events of members would become the hub's own.
    """
    queue = dead_letters.Queue(hub)
    letters = list(queue.letters())
    starts = _starts(letters, hub)
    try:
        judged = [dead_letters.judge(each, starts[each.id], hub, force) for each in letters]
        _print_judged(judged, format)
        to_do = [each for each in judged if each.fate in (Fate.START, Fate.RECORD, Fate.HANDLED)]
        if not to_do and format is Format.JSON:
            print_json({"events": _as_json(judged), "executions": []})
        if not to_do or not _deliver_confirmed(to_do, hub, yes):
            say("Nothing was replayed." if letters else "No event is undelivered.")
            queue.put_back(letters)
            raise typer.Exit(2 if to_do else 1 if letters else 0)
    except RightstateError:
        queue.put_back(letters)
        raise
    queue.put_back([each.letter for each in judged if each not in to_do])
    executions, asking = _delivered(to_do, queue, hub)
    if format is Format.JSON:
        print_json({"events": _as_json(judged), "executions": [as_json(each) for each in executions]})
    elif executions:
        print_executions(executions, format)
    if asking.executions:
        say(asking.how_to_answer)
    raise typer.Exit(max(exit_code(executions), int(len(to_do) < len(judged))))


def _starts(letters: Sequence[Letter], hub: Hub) -> Mapping[str, Sequence[Start]]:
    """By the event's id, what the rules of this version make of it."""
    found: dict[str, Sequence[Start]] = {each.id: () for each in letters}
    calls = [
        each.event for each in letters if each.event and each.event["detail-type"] != dead_letters.DEATHS
    ]
    if calls:
        from rightstate_cli.embedded import rules  # noqa: PLC0415 - moto takes a second to import

        for event in calls:
            with suppress(ValueError, KeyError, TypeError):  # one that no input can be made of is left
                found[str(event["id"])] = [match.start for match in rules.matches(event, hub.region)]
    return found


def _deliver_confirmed(to_do: Sequence[Verdict], hub: Hub, yes: bool) -> bool:
    say("What the events name may be changed, as the policies enabled in their accounts allow.")
    answer = yes or ask(f"Deliver {counted(len(to_do), 'event')} of the hub {shown(hub.stack)}?")
    if answer is None:
        raise InvalidInput("Nothing was replayed: nobody confirmed it. In a script, give --yes.")
    return answer


def _delivered(to_do: Sequence[Verdict], queue: Queue, hub: Hub) -> tuple[list[Execution], NotFollowed]:
    """What the letters have started, when it has ended or waits for an approval. Each letter is removed once
    it is delivered."""
    with progress() as bar, interrupted(_STOPPING) as stop:
        following, asking = following_until_asked(hub, stop, say)
        for verdict in to_do:
            if verdict.fate is Fate.RECORD:
                dead_letters.record_death(verdict.letter, hub)
            following.follow(dead_letters.deliver(start, hub) for start in verdict.starts)
            queue.remove(verdict.letter)
        task = bar.add_task("Executions", total=None)
        executions = []
        for execution in following.run():
            executions.append(execution)
            bar.update(task, advance=1, description=f"{execution.resource}: {execution.outcome}")
    return executions + asking.executions, asking


def _print_judged(judged: Sequence[Verdict], format: Format) -> None:
    if format is Format.TABLE and judged:
        print_table(
            counted(len(judged), "undelivered event"),
            ("Event", "Account", "Time", "Could not", "Now", "Why"),
            [
                tuple(row[key] for key in ("name", "account", "time", "error", "fate", "reason"))
                for row in _as_json(judged)
            ],
        )


def _as_json(judged: Sequence[Verdict]) -> list[dict[str, str]]:
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


def _confirmed(about: str, hub: Hub, yes: bool) -> bool:
    say(
        f"Account {hub.account}, {hub.region}: what the event names may be changed, as the policies enabled "
        "there allow."
    )
    answer = yes or ask(f"Replay {about} on the bus of the hub {shown(hub.stack)}?")
    if answer is None:
        raise InvalidInput("Nothing was replayed: nobody confirmed it. In a script, give --yes.")
    return answer


def _print(about: str, event_id: str, executions: list[Execution], format: Format) -> None:
    if format is Format.JSON:
        print_json({"event": event_id, "executions": [as_json(each) for each in executions]})
        return
    print_line(f"{about}, with id {event_id} on the bus: {counted(len(executions), 'execution')}.")
    if executions:
        print_executions(executions, format)
    for execution in executions:
        print_timeline(execution)


def _why_nothing(event: Mapping[str, Any], hub: Hub) -> str:
    """Why the event has started nothing, as the rules of this version have it."""
    from rightstate_cli.embedded import rules  # noqa: PLC0415 - moto takes a second to import

    matched = [match.rule for match in rules.matches(event, hub.region)]
    nothing = f"It has started nothing within {event_bus.WAIT_SECONDS} seconds."
    if not matched:
        return f"{nothing} {events.why_unmatched(event)}"
    return (
        f"{nothing} The rule {', '.join(matched)} matches it, so look whether the hub's is enabled and of "
        "this version. What EventBridge could not deliver is in a queue: `aws sqs receive-message "
        f"--queue-url {hub.outputs['UndeliveredEvents']}`."
    )
