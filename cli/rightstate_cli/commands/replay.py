"""`rightstate replay`: one event through the real rules and the state machine that they start."""

from pathlib import Path
from typing import Annotated

import typer

from rightstate.errors import InvalidInput
from rightstate.policy import Mode
from rightstate_cli.application import events
from rightstate_cli.hub import deployment
from rightstate_cli.hub.deployment import DEFAULT_STACK
from rightstate_cli.operations import replay as replaying
from rightstate_cli.operations.replay import Acting
from rightstate_cli.terminal.executions import exit_code
from rightstate_cli.terminal.hub_replays import replay_event, replay_queue
from rightstate_cli.terminal.options import (
    DeployedOption,
    ExternalIdOption,
    HubRegionOption,
    LedgerOption,
    PolicyOption,
    RoleOption,
    RunMode,
    SetOption,
    StackOption,
    TableFormatOption,
)
from rightstate_cli.terminal.output import Format, say, showing_progress
from rightstate_cli.terminal.replays import print_replayed

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
        typer.Option(help="`report` changes nothing, and is the default; `auto` fixes.", show_default=False),
    ] = None,
    deployed: DeployedOption = False,
    undelivered: Annotated[
        bool,
        typer.Option("--undelivered", help="With --deployed: all events in the dead-letter queue."),
    ] = False,
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="With --deployed: also an event that is older than 24 hours, or was handled."
        ),
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask before an event goes to a hub; for scripts.")
    ] = False,
    ledger: LedgerOption = None,
    stack: StackOption = DEFAULT_STACK,
    hub_region: HubRegionOption = None,
    format: TableFormatOption = Format.TABLE,
) -> None:
    """Show which rule an event matches, what it starts there, and how that ends.

    The rules and the state machine are the real ones of template.yaml. Nothing is changed without
    `--mode auto`. It acts on the AWS of the standard credentials, or on the server that `AWS_ENDPOINT_URL`
    names. With --deployed the event goes to a hub's bus, and the hub changes what its enabled policies want.
    An event that the ledger knows, or that is older than 24 hours, needs --force.

    - `rightstate replay event.json` reports what is wrong with the resource that the event names.
    - `rightstate replay event.json --match-only` says whether a rule listens to it, and needs no AWS.
    - `rightstate replay event.json --simulated --mode auto` fixes a resource of the demo's accounts, if the
      event is one of those in events/.
    - `rightstate replay event.json --deployed` puts it on the hub's bus, after asking, and follows.
    - `rightstate replay --deployed --undelivered` delivers the events of the dead-letter queue, each once.

    Exit codes: 0 the resource is in its right state, 1 it is broken or no rule matches, 2 it could not tell.
    """
    if undelivered == bool(file) or ((undelivered or force) and not deployed):
        raise InvalidInput(_USAGE)
    if deployed:
        given = {
            "--match-only": match_only,
            "--simulated": simulated,
            "--role": role,
            "--external-id": external_id,
            "--policy": policies,
            "--set": parameters,
            "--mode": mode,
        }
        _refuse([option for option, value in given.items() if value])
        event = events.read(file) if file else None
        hub = deployment.find(stack, hub_region)
        code = (
            replay_event(event, hub, yes, force, format) if event else replay_queue(hub, yes, force, format)
        )
        raise typer.Exit(code)
    event = events.read(file) if file else {}
    with showing_progress("Reading the rules") as progressed:
        if match_only:
            found = replaying.match(event)
        elif simulated:
            found = replaying.on_simulation(event, Mode(mode or RunMode.REPORT), progressed)
        else:
            acting = Acting(role, external_id, policies or (), parameters or (), ledger)
            found = replaying.on_account(event, Mode(mode or RunMode.REPORT), acting, progressed)
    print_replayed(event, found, match_only, format)
    if not found.matches:
        say(events.why_unmatched(event))
        raise typer.Exit(1)
    raise typer.Exit(exit_code(found.executions))


def _refuse(given: list[str]) -> None:
    if given:
        raise InvalidInput(
            f"{', '.join(given)} cannot be used with --deployed: there the hub's rules and settings decide. "
            "Nothing was replayed."
        )
