"""`rightstate replay`: one event through the real rules and the state machine that they start."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rightstate import triggers
from rightstate.catalogue import load
from rightstate.errors import InvalidInput, UnexpectedEvent
from rightstate.policy import Mode
from rightstate_cli.application import events
from rightstate_cli.commands.replay_deployed import refuse, through_hub, through_queue
from rightstate_cli.embedded.local import Local, beside, demo_tables
from rightstate_cli.embedded.run_settings import Asked
from rightstate_cli.executions.executions import Execution, Start
from rightstate_cli.hub import deployment as hubs
from rightstate_cli.hub.deployment import DEFAULT_STACK
from rightstate_cli.planning.target import target
from rightstate_cli.terminal.executions import as_json, exit_code, print_executions, print_timeline
from rightstate_cli.terminal.options import (
    DeployedOption,
    ExternalIdOption,
    FormatOption,
    HubRegionOption,
    LedgerOption,
    PolicyOption,
    RoleOption,
    RunMode,
    SetOption,
    StackOption,
)
from rightstate_cli.terminal.output import Format, print_json, print_line, print_table, say
from rightstate_cli.text import counted

if TYPE_CHECKING:
    from rightstate_cli.embedded.engine import Engine
    from rightstate_cli.embedded.rules import Match

_USAGE = (
    "Give one event, or --undelivered with --deployed; --force belongs to --deployed. Nothing was replayed."
)


def replay(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="EVENT.json",
            help="A CloudTrail event as EventBridge delivers it. Left out with --undelivered.",
            show_default=False,
        ),
    ] = None,
    match_only: Annotated[
        bool, typer.Option("--match-only", help="Show the rules that match, and start nothing.")
    ] = False,
    simulated: Annotated[
        bool, typer.Option("--simulated", help="Act on the simulated accounts of `rightstate demo`.")
    ] = False,
    role: RoleOption = None,
    external_id: ExternalIdOption = None,
    policies: PolicyOption = None,
    parameters: SetOption = None,
    mode: Annotated[
        RunMode | None,
        typer.Option(
            help="`report`, if left out, looks and changes nothing; `auto` mends.", show_default=False
        ),
    ] = None,
    deployed: DeployedOption = False,
    undelivered: Annotated[
        bool,
        typer.Option("--undelivered", help="With --deployed: all events in the dead-letter queue."),
    ] = False,
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="With --deployed: also what is older than 24 hours or has been handled already."
        ),
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask before an event goes to a hub; for scripts.")
    ] = False,
    ledger: LedgerOption = None,
    stack: StackOption = DEFAULT_STACK,
    hub_region: HubRegionOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Show which rule an event matches, what it starts there, and how that ends.

    The rules and the state machine are the real ones of template.yaml. Changes nothing unless `--mode auto`
    is given. Acts on the AWS of the standard credentials, or on the server that `AWS_ENDPOINT_URL` names.
    With --deployed the event goes to a hub's bus, and what it starts there changes what the policies enabled
    there allow. An event that the ledger knows, or that is older than 24 hours, is left unless --force is
    given.

    - `rightstate replay event.json` reports what is wrong with the resource that the event names.
    - `rightstate replay event.json --match-only` says whether a rule listens to it, and needs no AWS.
    - `rightstate replay event.json --simulated --mode auto` mends a resource of the demo's accounts, if the
      event is one of those in events/.
    - `rightstate replay event.json --deployed` puts it on the hub's bus, after asking, and follows.
    - `rightstate replay --deployed --undelivered` delivers what EventBridge could not, each event once.

    Exit codes: 0 the resource is in its right state, 1 it is broken or no rule matches, 2 it could not be
    told.
    """
    if undelivered == bool(file) or ((undelivered or force) and not deployed):
        raise InvalidInput(_USAGE)
    if deployed:
        refuse(
            {
                "--match-only": match_only,
                "--simulated": simulated,
                "--role": role,
                "--external-id": external_id,
                "--policy": policies,
                "--set": parameters,
                "--mode": mode,
            }
        )
        if file is None:
            through_queue(hubs.find(stack, hub_region), yes, force, format)
        through_hub(events.read(file), hubs.find(stack, hub_region), yes, force, format)
    if file is None:
        raise InvalidInput(_USAGE)
    event = events.read(file)
    mode = mode or RunMode.REPORT
    from rightstate_cli.embedded import engine  # noqa: PLC0415 - so does what only this needs
    from rightstate_cli.simulation import accounts, examples  # noqa: PLC0415 - moto takes a second to import

    region = str(event["region"])
    local = Local(ledger)
    made_here: AbstractContextManager[Engine]
    if match_only:
        made_here = engine.simulated(region)
    elif simulated:
        made_here = _simulated(region)
    else:
        chosen = target(
            str(event["account"]),
            region,
            role,
            external_id,
            (),
            policies or (),
            (),
            parameters or (),
            Mode(mode),
        )
        asked = Asked(chosen.account, named=bool(policies), role_given=bool(role))
        made_here = local.engine(region, Event(), asked.within)
    with made_here as hub:
        matches = hub.matches(event)
        if simulated:
            with accounts.built(region) as made:
                own = made.get(str(event["account"]), {})
                matches = hub.matches(examples.event_about(event, own))
                for account in accounts.settings(Mode(mode)):
                    hub.configure(account)
                executions = [] if match_only else list(hub.run(match.start for match in matches))
        elif match_only:
            executions = []
        else:
            executions = list(hub.run(match.start for match in matches))
    _print(event, matches, executions, format)
    if not matches:
        say(events.why_unmatched(event))
        raise typer.Exit(1)
    raise typer.Exit(exit_code(executions))


@contextmanager
def _simulated(region: str) -> Iterator["Engine"]:
    """On the demo's accounts, whose executions are kept apart."""
    from rightstate_cli.embedded import engine  # noqa: PLC0415 - it takes time to import

    with demo_tables(beside("demo.sqlite")) as tables, engine.simulated(region, storage=tables) as made:
        yield made


def _print(
    event: Mapping[str, Any], matches: "Sequence[Match]", executions: Sequence[Execution], format: Format
) -> None:
    if format is Format.JSON:
        print_json(
            {
                "matches": [
                    {"rule": each.rule, "target": each.target, "input": each.start.input} for each in matches
                ],
                "executions": [as_json(each) for each in executions],
            }
        )
    else:
        print_line(f"{event['detail'].get('eventName')} of {event['source']}: {_matched(matches)}.")
        for match in matches:
            lines = [("Rule", match.rule), ("Starts", match.target), *_flat(_understood(match.start))]
            print_table("", ("", ""), lines)
        if executions:
            print_executions(executions, format)
        for execution in executions:
            print_timeline(execution)


def _matched(matches: Sequence[object]) -> str:
    return f"{counted(len(matches), 'rule')} matched" if matches else "no rule matched"


def _understood(start: Start) -> Mapping[str, Any]:
    """What the execution makes of its input, which holds more of the event than anybody wants to read."""
    try:
        found = triggers.understood(load(start.resource_type), start.input).start
    except (InvalidInput, UnexpectedEvent) as error:
        return {"Not understood": str(error)}
    return found.model_dump(mode="json", exclude_none=True, exclude_defaults=True)


def _flat(given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The input's values, each with its path."""
    for key, value in given.items():
        if isinstance(value, dict):
            yield from ((f"{key}.{path}", text) for path, text in _flat(value))
        else:
            yield key, value if isinstance(value, str) else json.dumps(value)
