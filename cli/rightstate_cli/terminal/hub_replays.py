"""Events replayed through a deployed hub: questions, progress and results on a terminal."""

from collections.abc import Mapping
from typing import Any

from rightstate.identify import shown
from rightstate_cli.batches import event_bus, replaying
from rightstate_cli.hub.deployment import Hub
from rightstate_cli.terminal.executions import as_json, exit_code, print_executions
from rightstate_cli.terminal.interrupt import interrupted
from rightstate_cli.terminal.output import Format, confirmed, print_json, print_result, say, showing_progress
from rightstate_cli.terminal.replays import letters_as_json, letters_table, print_followed, print_letters
from rightstate_cli.text import counted

_STOPPING = "What the event starts goes on in the hub. Ctrl-C again aborts this command."


def replay_event(event: Mapping[str, Any], hub: Hub, yes: bool, force: bool, format: Format) -> int:
    """Put the event on the hub's bus, after asking, and follow what it starts. Returns the exit code."""
    about = f"{event['detail']['eventName']} of {event['source']}"
    if entry := replaying.handled_before(event, hub, force):
        print_followed(about, str(event["id"]), [], format)
        say(
            f"Not replayed: {entry.name} has handled the event, and ended {entry.outcome}. --force replays "
            "it all the same."
        )
        return 0
    say(
        f"Account {hub.account}, {hub.region}: what the event names may be changed, as the policies enabled "
        "there allow."
    )
    question = f"Replay {about} on the bus of the hub {shown(hub.stack)}?"
    if not confirmed(question, "Nothing was replayed", yes):
        say("Nothing was replayed.")
        return 2
    event_id = event_bus.put(event, hub)
    say(f"The event is on the bus, with id {event_id}. Waiting for what it starts ...")
    with showing_progress("Executions") as progressed, interrupted(_STOPPING) as stop:
        found = replaying.follow(event_id, event, hub, stop, say, progressed)
    print_followed(about, event_id, found.executions, format)
    if found.how_to_answer:
        say(found.how_to_answer)
    if stop.is_set():
        say("What the event started may still run in the hub: `rightstate history --deployed` lists it.")
        return 2
    if not found.executions:
        say(replaying.why_nothing(event, hub))
        return 1
    return exit_code(found.executions)


def replay_queue(hub: Hub, yes: bool, force: bool, format: Format) -> int:
    """Deliver what EventBridge could not, after asking, and follow what it starts. Returns the exit code."""
    with replaying.undelivered(hub, force) as (queue, judged):
        to_deliver = replaying.to_deliver(judged)
        if format is Format.TABLE:
            print_letters(judged)
        if not to_deliver:
            if format is not Format.TABLE:
                as_events = {"events": letters_as_json(judged), "executions": []}
                print_result(letters_table(judged), as_events, format)
            say("Nothing was replayed." if judged else "No event is undelivered.")
            return 1 if judged else 0
        say("What the events name may be changed, as the policies enabled in their accounts allow.")
        question = f"Deliver {counted(len(to_deliver), 'event')} of the hub {shown(hub.stack)}?"
        if not confirmed(question, "Nothing was replayed", yes):
            say("Nothing was replayed.")
            return 2
        with showing_progress("Executions") as progressed, interrupted(_STOPPING) as stop:
            found = replaying.deliver(judged, queue, hub, stop, say, progressed)
    if format is Format.JSON:
        executions = [as_json(each) for each in found.executions]
        print_json({"events": letters_as_json(judged), "executions": executions})
    elif found.executions or format is Format.CSV:
        print_executions(found.executions, format)
    if found.how_to_answer:
        say(found.how_to_answer)
    return max(exit_code(found.executions), int(len(to_deliver) < len(judged)))
