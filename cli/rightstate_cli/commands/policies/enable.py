"""`rightstate policies enable`."""

from typing import Annotated

import typer

from rightstate.policy import Mode
from rightstate_cli.operations import enable_policies, workspace
from rightstate_cli.planning import filters
from rightstate_cli.standards.frameworks import consequences
from rightstate_cli.terminal.options import (
    CategoryOption,
    FormatOption,
    FrameworkOption,
    LedgerOption,
    OfHubOption,
    OfHubRegionOption,
    OfStackOption,
    RiskOption,
    SetOption,
    SeverityOption,
    TypeOption,
    YesOption,
)
from rightstate_cli.terminal.output import Format
from rightstate_cli.terminal.policy_changes import (
    AllAccountsOption,
    AllPoliciesOption,
    IdsArgument,
    InAccountsOption,
    OnMode,
    change_settings,
)


def enable(
    ids: IdsArgument = None,
    accounts: InAccountsOption = None,
    all_accounts: AllAccountsOption = False,
    mode: Annotated[
        OnMode | None,
        typer.Option(
            help="What the policies may do. Left out: report, and enabled policies keep their mode.",
            show_default=False,
        ),
    ] = None,
    types: TypeOption = None,
    category: CategoryOption = None,
    risk: RiskOption = None,
    severity: SeverityOption = None,
    framework: FrameworkOption = None,
    every: AllPoliciesOption = False,
    given: SetOption = None,
    yes: YesOption = False,
    deployed: OfHubOption = False,
    stack: OfStackOption = None,
    hub_region: OfHubRegionOption = None,
    ledger: LedgerOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Enable policies in accounts.

    Says what will happen. Asks before a policy that may break something gets to change resources.

    - `rightstate policies enable s3-versioning --account 111122223333` begins with a report.
    - `rightstate policies enable --risk safe --all-accounts --mode auto` lets all safe policies fix.
    - `rightstate policies enable --framework cis-7.0 --all-accounts` reports on what CIS 7.0 asks for.
    - `rightstate policies enable asg-cooldown --account 111122223333 --set
      asg-cooldown.default_cooldown_seconds=90` sets a parameter.

    Exit codes: 0 done, 1 not in every account, 2 nothing was changed.
    """
    chosen = filters.named_policies(ids or (), types or (), category, risk, severity, framework, every)
    values = enable_policies.parameter_values(chosen, given or ())
    kept = workspace.choose(deployed, stack, hub_region, ledger)
    found = filters.accounts(kept.registry, accounts or (), all_accounts)
    decide = enable_policies.enabling(Mode(mode) if mode else None, values)
    change = enable_policies.prepare(kept, chosen, found, decide, by_filters=not ids)
    told = consequences(framework) if framework else ()
    raise typer.Exit(change_settings(change, yes, format, told))
