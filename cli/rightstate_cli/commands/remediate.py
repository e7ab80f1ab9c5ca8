"""`rightstate remediate`: run remediations of an account and region in the embedded engine."""

from enum import StrEnum
from functools import partial
from typing import Annotated

import typer

from rightstate.errors import InvalidInput
from rightstate.policy import Mode
from rightstate_cli.commands import plan as planned
from rightstate_cli.embedded.local import Local, engine_on
from rightstate_cli.embedded.processes import Engines
from rightstate_cli.embedded.run_settings import Asked
from rightstate_cli.executions.executions import Execution
from rightstate_cli.planning import plan_file, survey
from rightstate_cli.planning.acting import Acting
from rightstate_cli.planning.target import Target, target
from rightstate_cli.terminal.executions import exit_code, print_executions
from rightstate_cli.terminal.interrupt import interrupted
from rightstate_cli.terminal.options import (
    AccountOption,
    AtOnceOption,
    ExternalIdOption,
    FormatOption,
    LedgerOption,
    PolicyOption,
    RegionOption,
    ResourceOption,
    RoleOption,
    SetOption,
    TypeOption,
)
from rightstate_cli.terminal.output import Format, ask, progress, say, talk
from rightstate_cli.text import counted


class RunMode(StrEnum):
    """What this run may do."""

    REPORT = "report"
    AUTO = "auto"


_STOPPING = (
    "Stopping: no more executions are started, those that run end, and none waits for a resource any more. "
    "Ctrl-C again aborts them."
)
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
    at_once: AtOnceOption = 8,
    ledger: LedgerOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Put the resources of an account and region right, from this machine, with nothing deployed.

    Shows the plan and asks, then runs an execution for each resource to change: the same state machine as a
    deployed hub's, here in this process. Resources are looked at in bulk. Those that are in their right state
    are counted, and need no execution. Acts on the AWS of the standard credentials, or on the server that
    `AWS_ENDPOINT_URL` names.

    The policies that --policy or --type choose count as enabled for this run. Without these, the policies
    count that `rightstate policies enable` has enabled for the account on this machine, or all if it has
    enabled none. What is enabled there in mode `report` is never changed, and neither is what is exempt or
    halted.

    - `rightstate remediate --type s3-bucket` shows the plan for all buckets, and asks.
    - `rightstate remediate --policy kms-key-rotation --yes` does not ask.
    - `rightstate remediate --account 111122223333 --external-id ID` acts through that account's role.

    Exit codes: 0 every resource is in its right state, 1 one failed or is left broken, 2 it could not be
    told. One that fails never stops the others. Ctrl-C lets the running ones end,
    without waiting for busy resources, and starts no more.
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
    local = Local(ledger)
    asked = Asked(chosen.account, named=bool(types or policies), role_given=bool(role))
    chosen = local.within(chosen, asked)
    made = None
    if mode is RunMode.AUTO and not yes:
        made = planned.read([chosen])
        left = _unless_confirmed(chosen, made)
        if left is not None:
            if format is Format.JSON:
                print_executions([], format)
            raise typer.Exit(left)
    executions, unlisted, stopped = _run(local, asked, chosen, made, at_once)
    print_executions(executions, format, "resource")
    for each in unlisted:
        say(f"Could not list all of {each.resource_type}: {each.reason}")
    if stopped:
        say("Stopped as you asked: what was not started was left as it was.")
    missing = [each.resource for each in executions if each.outcome == "gone"] if chosen.resources else []
    if missing:
        say(f"There is no {', '.join(missing)}. Look at its spelling, the account and the region.")
    raise typer.Exit(exit_code(executions) or (2 if unlisted or stopped or missing else 0))


def _unless_confirmed(chosen: Target, made: planned.Read) -> int | None:
    """Show the plan and ask. The exit code if nothing is to be done, for whatever reason."""
    plan = plan_file.document([chosen], *made, {})
    planned.print_plan(plan, talk)
    found = planned.exit_code(plan)
    changes = [len(item.changes) for item in plan.items if item.changes]
    if not changes:
        say("There is nothing to change.")
        return found
    what = f"{counted(sum(changes), 'setting')} of {counted(len(changes), 'resource')}"
    place = chosen.place
    answer = ask(f"Change {what} in account {place.account}, {place.region}?")
    if answer is None:
        raise InvalidInput("Nothing was changed: nobody confirmed it. In a script, give --yes.")
    if answer:
        return None
    say("Nothing was changed.")
    return found


def _run(
    local: Local, asked: Asked, chosen: Target, made: planned.Read | None, at_once: int
) -> tuple[list[Execution], list[survey.Unlisted], bool]:
    """What came of each resource, the types that could not be listed, and whether the user stopped it.

    `made` is a plan that was shown. Without one the resources are looked at now, while executions run.
    """
    place = chosen.place
    say(f"Remediating account {place.account} in {place.region} ...")
    with interrupted(_STOPPING) as stop, progress() as bar:
        running = bar.add_task("Resources", total=None)

        def looked_at(done: int, found: int) -> None:
            bar.update(running, completed=len(acting.ended), total=found)

        found = (each for some in made for each in some) if made else survey.plan([chosen], looked_at)
        acting = Acting(found, stop)
        engines = Engines(partial(engine_on, local.path, place.region, asked), at_once, stop)
        try:
            for execution in engines.run(acting.starts()):
                acting.ended.append(execution)
                told = f"{execution.resource}: {execution.outcome}"
                bar.update(running, completed=len(acting.ended), description=told)
        except KeyboardInterrupt:
            say(
                f"Aborted after {counted(len(acting.ended), 'resource')}. Not ended, and perhaps changed: "
                f"{', '.join(sorted(engines.in_work)) or 'nothing'}. `rightstate history` has what was run. "
                "Run the same command again: it changes only what is not right yet."
            )
            raise
        stopped = stop.is_set()
    ended = sorted(acting.ended, key=lambda each: (each.resource_type, each.resource))
    return ended, acting.unlisted, stopped
