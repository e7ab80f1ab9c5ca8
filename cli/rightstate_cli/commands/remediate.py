"""`rightstate remediate`: fix resources of an account and region with the embedded engine."""

from typing import Annotated

import typer

from rightstate.policy import Mode
from rightstate_cli.batches.applying import checked_reason
from rightstate_cli.operations import remediate as fixing
from rightstate_cli.operations.plan import Reading
from rightstate_cli.operations.remediate import Remediation
from rightstate_cli.planning import filters
from rightstate_cli.terminal import plans
from rightstate_cli.terminal.executions import exit_code, print_executions
from rightstate_cli.terminal.interrupt import interrupted
from rightstate_cli.terminal.options import (
    AccountOption,
    AtOnceOption,
    ExternalIdOption,
    FrameworkOption,
    LedgerOption,
    PolicyOption,
    RegionOption,
    ResourceOption,
    RoleOption,
    RunMode,
    SetOption,
    SeverityOption,
    TableFormatOption,
    TypeOption,
)
from rightstate_cli.terminal.output import Format, confirmed, say, showing_progress, talk
from rightstate_cli.text import counted

_STOPPING = (
    "Stopping: no more executions are started. Those that run end, without waiting for busy resources. "
    "Ctrl-C again aborts them."
)


def remediate(
    account: AccountOption = None,
    region: RegionOption = None,
    role: RoleOption = None,
    external_id: ExternalIdOption = None,
    types: TypeOption = None,
    policies: PolicyOption = None,
    severity: SeverityOption = None,
    framework: FrameworkOption = None,
    resources: ResourceOption = None,
    parameters: SetOption = None,
    mode: Annotated[
        RunMode, typer.Option(help="`report` changes nothing; `auto` fixes what is broken.")
    ] = RunMode.AUTO,
    reason: Annotated[str, typer.Option(help="Goes into the ledger.", metavar="TEXT")] = fixing.REASON,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not show the plan and do not ask; for scripts.")
    ] = False,
    at_once: AtOnceOption = 8,
    ledger: LedgerOption = None,
    format: TableFormatOption = Format.TABLE,
) -> None:
    """Fix the resources of an account and region from this machine, with nothing deployed.

    Shows the plan and asks. Then it runs an execution for each resource to change: the state machine of a
    deployed hub, in this process. Resources are read in bulk, so those in their right state need none. AWS is
    that of the standard credentials, or the server that `AWS_ENDPOINT_URL` names.

    The policies that --policy, --type, --severity or --framework choose count as enabled for this run.
    Without these options, the policies count that `rightstate policies enable` enabled for the account on
    this machine, or all if it enabled none. Policies in mode `report` change nothing. Exempt and halted
    resources are not changed.

    - `rightstate remediate --type s3-bucket` shows the plan for all buckets, and asks.
    - `rightstate remediate --policy kms-key-rotation --yes` does not ask.
    - `rightstate remediate --reason CHG-5521` says in the ledger why.
    - `rightstate remediate --account 111122223333 --external-id ID` acts through that account's role.

    Exit codes: 0 every resource is in its right state, 1 one failed or is left broken, 2 it could not tell.
    A resource that fails never stops the others. After Ctrl-C it starts no more, and waits for those that run
    but not for busy resources. After a second Ctrl-C it ends at once with 130.
    """
    with showing_progress("Signing in"):
        named = filters.narrowed(policies or (), types or (), severity, framework)
        checked_reason(reason)
        chosen = (types or (), named, resources or (), parameters or ())
        prepared = fixing.prepare(account, region, role, external_id, *chosen, Mode(mode), ledger)
    reading = None
    if mode is RunMode.AUTO and not yes:
        with showing_progress("Reading") as progressed:
            reading = prepared.read(say, progressed)
        left = _exit_code_unless_confirmed(prepared, reading)
        if left is not None:
            if format is not Format.TABLE:
                print_executions([], format)
            raise typer.Exit(left)
    place = prepared.target.place
    say(f"Remediating account {place.account} in {place.region} ...")
    with interrupted(_STOPPING) as stop, showing_progress("Resources") as progressed:
        keep = format is not Format.TABLE
        result = prepared.run(reading, at_once, stop, progressed, say, keep, reason)
    print_executions(result.executions, format, "resource", result.settled)
    for each in result.unlisted:
        say(f"Could not list all of {each.resource_type}: {each.reason}")
    if result.stopped:
        say("Stopped as you asked: what was not started was left as it was.")
    missing = [each.resource for each in result.executions if each.outcome == "gone"] if resources else []
    if missing:
        say(f"There is no {', '.join(missing)}. Look at its spelling, the account and the region.")
    unknown = result.unlisted or result.stopped or missing
    raise typer.Exit(exit_code(result.executions) or (2 if unknown else 0))


def _exit_code_unless_confirmed(prepared: Remediation, reading: Reading) -> int | None:
    """Show the plan and ask. None if it was confirmed."""
    plan = prepared.plan(reading)
    plans.print_plan(plan, to=talk)
    changes = [len(item.changes) for item in plan.items if item.changes]
    if not changes:
        say("There is nothing to change.")
        return plans.exit_code(plan)
    what = f"{counted(sum(changes), 'setting')} of {counted(len(changes), 'resource')}"
    place = prepared.target.place
    if confirmed(f"Change {what} in account {place.account}, {place.region}?", "Nothing was changed"):
        return None
    say("Nothing was changed.")
    return plans.exit_code(plan)
