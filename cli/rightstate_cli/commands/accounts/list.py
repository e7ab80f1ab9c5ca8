"""`rightstate accounts list`."""

from rightstate_cli.operations import workspace
from rightstate_cli.terminal import accounts as shown
from rightstate_cli.terminal.options import (
    LedgerOption,
    OfHubOption,
    OfHubRegionOption,
    OfStackOption,
    TableFormatOption,
)
from rightstate_cli.terminal.output import Format, Table, print_result, say
from rightstate_cli.text import counted


def list_accounts(
    deployed: OfHubOption = False,
    stack: OfStackOption = None,
    hub_region: OfHubRegionOption = None,
    ledger: LedgerOption = None,
    format: TableFormatOption = Format.TABLE,
) -> None:
    """List the registered accounts.

    - `rightstate accounts list --format json` gives all their settings to a script.
    """
    chosen = workspace.choose(deployed, stack, hub_region, ledger)
    found = sorted(chosen.registry.all(), key=lambda each: each.account)
    if found or format is not Format.TABLE:
        table = Table(
            ("Account", "Name", "Regions", "Policies", "Contacts"),
            [
                (each.account, each.name, shown.regions(each), shown.modes(each), len(each.contacts))
                for each in found
            ],
            title=counted(len(found), "account"),
            whole=("Account",),
        )
        print_result(table, [each.model_dump(mode="json") for each in found], format)
    elif chosen.hub:
        say("No account is registered. `rightstate accounts add` registers one.")
    else:
        say("No account has settings on this machine. None is needed here.")
    old = [each.account for each in found if each.role_arn and not each.read_role_arn]
    if chosen.hub and old:
        say(
            f"With one role for reading and writing: {', '.join(old)}. `rightstate accounts add ACCOUNT "
            "--install` upgrades each. If a StackSet installed them: `rightstate organization deploy`, then "
            "`rightstate organization register`."
        )
