"""`rightstate accounts list`."""

from rightstate_cli.operations import workspace
from rightstate_cli.terminal import accounts as shown
from rightstate_cli.terminal.options import (
    FormatOption,
    LedgerOption,
    OfHubOption,
    OfHubRegionOption,
    OfStackOption,
)
from rightstate_cli.terminal.output import Format, print_json, print_table, say
from rightstate_cli.text import counted


def list_accounts(
    deployed: OfHubOption = False,
    stack: OfStackOption = None,
    hub_region: OfHubRegionOption = None,
    ledger: LedgerOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """List the registered accounts.

    - `rightstate accounts list --format json` gives all their settings to a script.
    """
    chosen = workspace.choose(deployed, stack, hub_region, ledger)
    found = sorted(chosen.registry.all(), key=lambda each: each.account)
    if format is Format.JSON:
        print_json([each.model_dump(mode="json") for each in found])
    elif found:
        print_table(
            counted(len(found), "account"),
            ("Account", "Name", "Regions", "Policies", "Contacts"),
            [
                (each.account, each.name, shown.regions(each), shown.modes(each), str(len(each.contacts)))
                for each in found
            ],
            whole=("Account",),
        )
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
