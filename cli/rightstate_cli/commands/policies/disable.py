"""`rightstate policies disable`."""

import typer

from rightstate_cli.operations import enable_policies, workspace
from rightstate_cli.planning import filters
from rightstate_cli.terminal.options import (
    CategoryOption,
    FormatOption,
    FrameworkOption,
    LedgerOption,
    OfHubOption,
    OfHubRegionOption,
    OfStackOption,
    RiskOption,
    SeverityOption,
    TypeOption,
)
from rightstate_cli.terminal.output import Format
from rightstate_cli.terminal.policy_changes import (
    AllAccountsOption,
    AllPoliciesOption,
    IdsArgument,
    InAccountsOption,
    change_settings,
)


def disable(
    ids: IdsArgument = None,
    accounts: InAccountsOption = None,
    all_accounts: AllAccountsOption = False,
    types: TypeOption = None,
    category: CategoryOption = None,
    risk: RiskOption = None,
    severity: SeverityOption = None,
    framework: FrameworkOption = None,
    every: AllPoliciesOption = False,
    deployed: OfHubOption = False,
    stack: OfStackOption = None,
    hub_region: OfHubRegionOption = None,
    ledger: LedgerOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Disable policies in accounts, without asking.

    Running executions end as they began. The next execution leaves these policies out. Their parameters are
    kept, for when you enable them again.

    - `rightstate policies disable --all --all-accounts` stops everything.

    Exit codes: 0 done, 1 not in every account, 2 nothing was changed.
    """
    chosen = filters.named_policies(ids or (), types or (), category, risk, severity, framework, every)
    kept = workspace.choose(deployed, stack, hub_region, ledger)
    found = filters.accounts(kept.registry, accounts or (), all_accounts)
    change = enable_policies.prepare(kept, chosen, found, enable_policies.disabling)
    raise typer.Exit(change_settings(change, True, format))
