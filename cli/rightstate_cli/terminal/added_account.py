"""An account that is added: the questions before, and the result."""

from rightstate_cli.operations.add_account import Added
from rightstate_cli.terminal import accounts as shown
from rightstate_cli.terminal.output import Format, print_json, print_line, print_raw, print_table, say


def print_added(added: Added, format: Format) -> None:
    """Print the account as it was added."""
    account = added.account
    if format is Format.JSON:
        print_json(
            {
                "account": account.model_dump(mode="json"),
                "stacks": [
                    {"region": each.region, "result": each.result.value, "reason": each.reason}
                    for each in added.stacks
                ],
                "commands": list(added.commands),
                "contacts": dict(added.contacts),
                "events": added.events,
                "check": shown.check_facts(added.check),
            }
        )
    elif added.stacks:
        print_table(
            "",
            ("Region", "Stack", "Reason"),
            [(each.region, each.result.value, each.reason) for each in added.stacks],
            whole=("Region", "Stack"),
        )
    if added.check is None:
        say(
            f"Account {account.account} was not registered: it has no role. Fix that, then run the same "
            "again."
        )
        return
    if format is Format.JSON:
        return
    lines = [*shown.membership(account), ("Events", added.events)]
    lines += [(f"Contact {address}", state) for address, state in added.contacts.items()]
    lines.append(("Role", shown.check_text(added.check)))
    print_table(f"Account {shown.title(account)}", ("", ""), lines)
    if added.commands:
        print_line("The account's administrator installs or upgrades the member with:")
        for command in added.commands:
            # Whole lines, so that they can be copied.
            print_raw(command + "\n")
    if added.check.ok and not account.policies:
        say(f"No policy is enabled there yet: `rightstate policies enable ID --account {account.account}`.")
