"""`rightstate plan`: what would change, and nothing changed."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from rightstate.errors import InvalidInput
from rightstate_cli.hub import deployment
from rightstate_cli.hub.deployment import DEFAULT_STACK
from rightstate_cli.operations.plan import make
from rightstate_cli.planning import filters, plan_file, plan_markdown
from rightstate_cli.planning.accounts import Wanted
from rightstate_cli.planning.plan_file import Plan
from rightstate_cli.terminal.options import (
    AccountsOption,
    DeployedOption,
    ExternalIdOption,
    FrameworkOption,
    HubRegionOption,
    LedgerOption,
    PolicyOption,
    RegionsOption,
    ResourceOption,
    RoleOption,
    SetOption,
    SeverityOption,
    StackOption,
    TypeOption,
)
from rightstate_cli.terminal.output import print_csv, print_raw, say, showing_progress
from rightstate_cli.terminal.plans import exit_code, next_step, plan_table, print_plan
from rightstate_cli.text import counted


class PlanFormat(StrEnum):
    """How a plan is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"


def plan(
    accounts: AccountsOption = None,
    regions: RegionsOption = None,
    role: RoleOption = None,
    external_id: ExternalIdOption = None,
    types: TypeOption = None,
    policies: PolicyOption = None,
    severity: SeverityOption = None,
    framework: FrameworkOption = None,
    resources: ResourceOption = None,
    parameters: SetOption = None,
    deployed: DeployedOption = False,
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="Plan fixes for the findings in this file: of Prowler (OCSF or CSV), Security Hub or AWS "
            "Config.",
            metavar="FILE",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Also write the plan to this file, for a review and `rightstate apply`.",
            metavar="FILE",
            show_default=False,
        ),
    ] = None,
    show: Annotated[
        Path | None,
        typer.Option(
            help="Print this plan file again, without reading AWS.", metavar="FILE", show_default=False
        ),
    ] = None,
    details: Annotated[
        bool,
        typer.Option("--details", help="Show every resource with its settings and calls, not totals alone."),
    ] = False,
    stack: StackOption = DEFAULT_STACK,
    hub_region: HubRegionOption = None,
    ledger: LedgerOption = None,
    format: Annotated[
        PlanFormat,
        typer.Option(
            "--format",
            help="`table` for people, `json` as in the file, `csv` for a spreadsheet, `markdown` for a pull "
            "request.",
        ),
    ] = PlanFormat.TABLE,
) -> None:
    """Show what would change in accounts and regions, and change nothing.

    First come totals by severity, policy, type and account. `--details` adds each resource: the policies that
    it breaks, each setting before and after, and the API calls that a fix makes. Up to 5 resources are always
    shown in detail. A call that replaces a whole object is shown without the object, e.g. a bucket's ACL: it
    is read again just before the call. AWS is only read.

    Exemptions and halts of this machine's ledger count. With --deployed the hub's settings count instead, and
    say which accounts, regions, policies and parameters to plan. The members' roles trust the hub's functions
    only, so --role has to name a role that trusts you.

    - `rightstate plan` looks at everything in your account and region.
    - `rightstate plan --type s3-bucket --region eu-west-1` looks at the buckets there.
    - `rightstate plan --resource arn:aws:sqs:eu-west-1:111122223333:invoices` looks at one queue.
    - `rightstate plan --deployed --role audit -o plan.json` plans all accounts of the hub, for an apply.
    - `rightstate plan --from prowler.ocsf.json` plans fixes for these findings.

    Exit codes: 0 nothing to change, or all of it exempt, 1 something is broken, busy, or a finding that is
    not planned, 2 something could not be read, or does not exist.
    """
    named = filters.narrowed(policies or (), types or (), severity, framework)
    chosen = (types or (), named, resources or (), parameters or ())
    wanted = Wanted(accounts or (), regions or (), role, external_id, *chosen)
    if show:
        if wanted != Wanted() or deployed or source or output:
            raise InvalidInput(
                "--show prints a plan file as it is, without reading AWS. It goes with --format and "
                "--details only. Leave it out to make another plan. Nothing was written."
            )
        made = plan_file.read(show)
    else:
        if output:
            plan_file.check(output)
        hub = deployment.find(stack, hub_region) if deployed else None
        with showing_progress("Reading") as progressed:
            made = make(wanted, source, hub, ledger, say, progressed)
    if output:
        plan_file.write(made, output)
        say(f"{output}: {counted(len(made.to_change), 'resource')} to change, SHA-256 {made.sha256}.")
    _print(made, format, details)
    if made.to_change and not show:
        say(next_step(made, str(output or ""), deployed))
    raise typer.Exit(exit_code(made))


def _print(made: Plan, format: PlanFormat, details: bool) -> None:
    match format:
        case PlanFormat.JSON:
            # To the byte, so that what was redirected into a file is one that can be applied.
            print_raw(plan_file.render(made))
        case PlanFormat.MARKDOWN:
            print_raw(plan_markdown.page(made))
        case PlanFormat.CSV:
            print_csv(plan_table(made))
        case PlanFormat.TABLE:
            print_plan(made, details)
