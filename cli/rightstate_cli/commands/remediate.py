"""`rightstate remediate`: run remediations of an account and region in the embedded engine."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated

import typer

from rightstate.errors import InvalidInput
from rightstate.policy import Mode
from rightstate_cli import past, planning
from rightstate_cli.commands import plan as planned
from rightstate_cli.executions import Execution, Start
from rightstate_cli.options import (
    AccountOption,
    ExternalIdOption,
    FormatOption,
    PolicyOption,
    RegionOption,
    ResourceOption,
    RoleOption,
    SetOption,
    TypeOption,
)
from rightstate_cli.output import Format, progress, say, talk
from rightstate_cli.reports import exit_code, print_executions
from rightstate_cli.target import Target, target


class RunMode(StrEnum):
    """What this run may do."""

    REPORT = "report"
    AUTO = "auto"


ModeOption = Annotated[RunMode, typer.Option(help="`report` looks and changes nothing; `auto` mends.")]


def remediate(
    account: AccountOption = None,
    region: RegionOption = None,
    role: RoleOption = None,
    external_id: ExternalIdOption = None,
    types: TypeOption = None,
    policies: PolicyOption = None,
    resources: ResourceOption = None,
    parameters: SetOption = None,
    mode: ModeOption = RunMode.AUTO,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not show the plan and do not ask; for scripts.")
    ] = False,
    at_once: Annotated[int, typer.Option(min=1, max=64, help="Executions at a time.")] = 8,
    format: FormatOption = Format.TABLE,
) -> None:
    """Remediate the resources of an account and region, from this machine, with nothing deployed.

    Runs the same state machine as a deployed hub, here in this process, against the AWS of the standard
    credentials or the server that `AWS_ENDPOINT_URL` names. Takes the policies as enabled for this run.
    Ends with 0 if every resource is in its right state, 1 if any failed or is left broken, 2 if it could
    not tell.
    """
    chosen = target(
        account,
        region,
        role,
        external_id,
        types or (),
        policies or (),
        resources or (),
        parameters or (),
        Mode(mode),
    )
    if mode is RunMode.AUTO and not yes:
        _confirm(chosen)
    executions, unlisted = _run(chosen, at_once)
    past.keep(executions)
    print_executions(executions, format)
    for each in unlisted:
        say(f"Could not list any {each.resource_type}: {each.reason}")
    raise typer.Exit(exit_code(executions) or (2 if unlisted else 0))


def _confirm(chosen: Target) -> None:
    items, unlisted = planned.make(chosen)
    planned.print_plan(items, unlisted)
    if not any(item.decision and item.decision.changes for item in items):
        say("There is nothing to change.")
        raise typer.Exit(planned.exit_code(items, unlisted))
    if not talk.is_terminal and not _stdin_is_open():
        raise InvalidInput("Nothing was changed: there is nobody to confirm it. Give --yes in a script.")
    typer.confirm("Apply this to the account?", abort=True, err=True)


def _stdin_is_open() -> bool:
    stream = typer.get_text_stream("stdin")
    return not stream.closed and stream.readable()


def _run(chosen: Target, at_once: int) -> tuple[list[Execution], list[planning.Unlisted]]:
    from rightstate_cli.engine import acting_outside  # noqa: PLC0415 - moto takes a second to import

    unlisted: list[planning.Unlisted] = []

    def starts() -> Iterator[Start]:
        for each in planning.list_resources(chosen):
            if isinstance(each, planning.Unlisted):
                unlisted.append(each)
                continue
            resource_type, resource = each
            yield Start(
                resource_type=resource_type.name,
                input={
                    "account": resource.account,
                    "region": resource.region,
                    "resource": resource.id,
                    "reason": "rightstate remediate",
                },
            )

    place = chosen.place
    say(f"Remediating account {place.account} in {place.region} ...")
    executions = []
    with acting_outside(place.region) as engine, progress() as bar:
        engine.configure(chosen.account)
        running = bar.add_task("Executions", total=None)
        for execution in engine.run(starts(), at_once):
            executions.append(execution)
            bar.update(running, advance=1, description=f"{execution.resource}: {execution.outcome}")
    return sorted(executions, key=lambda each: (each.resource_type, each.resource)), unlisted
