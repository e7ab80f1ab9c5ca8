"""`rightstate replay`: one event through the real rules and the state machine that they start."""

from pathlib import Path
from typing import Annotated

import typer

from rightstate.policy import Mode
from rightstate_cli import events, past
from rightstate_cli.commands.remediate import ModeOption, RunMode
from rightstate_cli.options import ExternalIdOption, FormatOption, PolicyOption, RoleOption, SetOption
from rightstate_cli.output import Format, print_json, print_table, say
from rightstate_cli.reports import as_json, exit_code, print_executions, print_timeline
from rightstate_cli.target import target


def replay(
    file: Annotated[
        Path, typer.Argument(metavar="EVENT.json", help="A CloudTrail event as EventBridge delivers it.")
    ],
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
    mode: ModeOption = RunMode.REPORT,
    format: FormatOption = Format.TABLE,
) -> None:
    """Show which rule an event matches, what it starts, and how that ends.

    Looks and reports unless `--mode auto` is given. Acts on the AWS of the standard credentials or
    `AWS_ENDPOINT_URL`, except with `--simulated`. Ends with 1 if no rule matches.
    """
    from rightstate_cli import engine, examples, simulated_accounts  # noqa: PLC0415 - moto takes a second to import

    event = events.read(file)
    region = str(event["region"])
    if match_only or simulated:
        deployed = engine.simulated(region)
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
        deployed = engine.acting_outside(region)
    with deployed as hub:
        matches = hub.matches(event)
        if simulated:
            with simulated_accounts.built(region) as made:
                own = made.get(str(event["account"]), {})
                matches = hub.matches(examples.event_about(event, own))
                for account in simulated_accounts.settings(Mode(mode)):
                    hub.configure(account)
                executions = [] if match_only else list(hub.run(match.start for match in matches))
        elif match_only:
            executions = []
        else:
            hub.configure(chosen.account)
            executions = list(hub.run(match.start for match in matches))
    past.keep(executions)
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
        print_table(
            f"{len(matches)} rules match",
            ("Rule", "Target", "Input"),
            [
                (each.rule, each.target, "\n".join(f"{k}: {v}" for k, v in each.start.input.items()))
                for each in matches
            ],
        )
        if executions:
            print_executions(executions, format)
        for execution in executions:
            print_timeline(execution)
    if not matches:
        say(events.why_unmatched(event))
        raise typer.Exit(1)
    raise typer.Exit(exit_code(executions))
