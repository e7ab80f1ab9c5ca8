"""`rightstate replay --deployed`: one event on the bus of a deployed hub, and what it starts there."""

from collections.abc import Mapping
from typing import Any, NoReturn

import typer

from rightstate.errors import InvalidInput
from rightstate.identify import shown
from rightstate_cli import bus, events
from rightstate_cli.executions import Execution
from rightstate_cli.following import deployed, interrupted
from rightstate_cli.hub import Hub
from rightstate_cli.output import Format, ask, counted, print_json, print_line, progress, say
from rightstate_cli.reports import as_json, exit_code, print_executions, print_timeline

_STOPPING = "What the event starts goes on in the hub. Ctrl-C again aborts this command."


def refuse(options: Mapping[str, object]) -> None:
    """Raises InvalidInput if one of these is given: the rules and the hub's settings know nothing of it."""
    if given := [option for option, value in options.items() if value]:
        raise InvalidInput(
            f"{', '.join(given)} cannot be used with --deployed: there the hub's rules and settings decide. "
            "Nothing was replayed."
        )


def through_hub(event: Mapping[str, Any], hub: Hub, yes: bool, format: Format) -> NoReturn:
    """Put the event on the hub's bus, after asking, and follow what it starts."""
    bus.check(event, hub)
    about = f"{event['detail']['eventName']} of {event['source']}"
    if not _confirmed(about, hub, yes):
        say("Nothing was replayed.")
        raise typer.Exit(2)
    event_id = bus.put(event, hub)
    say(f"The event is on the bus, with id {event_id}. Waiting for what it starts ...")
    executions: list[Execution] = []
    with progress() as bar, interrupted(_STOPPING) as stop:
        following = deployed(hub, stop)
        following.follow(bus.started(event_id, event, hub, stop))
        task = bar.add_task("Executions", total=None)
        for execution in following.run():
            executions.append(execution)
            bar.update(task, advance=1, description=f"{execution.resource}: {execution.outcome}")
    _print(about, event_id, executions, format)
    if stop.is_set():
        say("What the event started may still run in the hub: `rightstate history --deployed` lists it.")
        raise typer.Exit(2)
    if not executions:
        say(_why_nothing(event, hub))
        raise typer.Exit(1)
    raise typer.Exit(exit_code(executions))


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
    from rightstate_cli import engine  # noqa: PLC0415 - moto takes a second to import

    with engine.simulated(hub.region) as simulated:
        rules = [match.rule for match in simulated.matches(event)]
    nothing = f"It has started nothing within {bus.WAIT_SECONDS} seconds."
    if not rules:
        return f"{nothing} {events.why_unmatched(event)}"
    return (
        f"{nothing} The rule {', '.join(rules)} matches it, so look whether the hub's is enabled and of this "
        "version. What EventBridge could not deliver is in a queue: `aws sqs receive-message --queue-url "
        f"{hub.outputs['UndeliveredEvents']}`."
    )
