"""`rightstate policies set-mode`."""

from typing import Annotated

import typer

from rightstate.policy import Mode
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
    YesOption,
)
from rightstate_cli.terminal.output import Format, say
from rightstate_cli.terminal.policy_changes import (
    AllAccountsOption,
    AllPoliciesOption,
    IdsArgument,
    InAccountsOption,
    OnMode,
    change_settings,
)


def set_mode(
    mode: Annotated[OnMode, typer.Argument(help="What the policies may do.", show_default=False)],
    ids: IdsArgument = None,
    accounts: InAccountsOption = None,
    all_accounts: AllAccountsOption = False,
    types: TypeOption = None,
    category: CategoryOption = None,
    risk: RiskOption = None,
    severity: SeverityOption = None,
    framework: FrameworkOption = None,
    every: AllPoliciesOption = False,
    yes: YesOption = False,
    deployed: OfHubOption = False,
    stack: OfStackOption = None,
    hub_region: OfHubRegionOption = None,
    ledger: LedgerOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Change the mode of enabled policies. Policies that are off stay off.

    - `rightstate policies set-mode auto s3-versioning --account 111122223333` lets it fix from now on.
    - `rightstate policies set-mode report --all --all-accounts` makes everything report, and change nothing.

    Exit codes: 0 done, 1 not in every account, 2 nothing was changed, or a policy that you named is off.
    """
    chosen = filters.named_policies(ids or (), types or (), category, risk, severity, framework, every)
    kept = workspace.choose(deployed, stack, hub_region, ledger)
    found = filters.accounts(kept.registry, accounts or (), all_accounts)
    change = enable_policies.prepare(kept, chosen, found, enable_policies.setting_mode(Mode(mode)))
    if ids:
        enable_policies.check_none_off(change, [policy.id for _, policy in chosen], Mode(mode))
    code = change_settings(change, yes, format)
    if off := [each.account.account for each in change.accounts if each.off and (ids or not each.changes)]:
        say(
            f"Policies that are off stayed off in {', '.join(off)}. `rightstate policies enable ID --mode "
            f"{mode.value}` enables one."
        )
    raise typer.Exit(code)
