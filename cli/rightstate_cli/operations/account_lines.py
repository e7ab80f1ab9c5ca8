"""An account's settings as lines that people read, in the terminal's tables and on the console's pages."""

from collections import Counter

from rightstate.accounts.exemptions import in_force
from rightstate.clock import now
from rightstate.models.settings import Account, Handling
from rightstate.policy import Mode
from rightstate_cli.member.role import Check

_HANDLING = {
    Handling.REMEDIATE: "fixed like any other resource",
    Handling.REPORT: "reported, and not changed",
    Handling.DELAY: "looked at again after a time, and fixed if still broken",
}
Lines = list[tuple[str, str]]


def title(account: Account) -> str:
    """The number, and the name if it has one."""
    return f"{account.account} ({account.name})" if account.name else account.account


def regions(account: Account) -> str:
    return ", ".join(account.regions) or "all"


def modes(account: Account) -> str:
    """`3 auto, 1 report`."""
    count = Counter(each.mode for each in account.policies.values())
    enabled = [mode for mode in reversed(Mode) if mode in count and mode is not Mode.OFF]
    return ", ".join(f"{count[mode]} {mode}" for mode in enabled) or "none"


def membership(account: Account) -> Lines:
    """Where the account is a member, with which roles and contacts."""
    return [
        ("Regions", regions(account)),
        ("Contacts", ", ".join(account.contacts) or "none"),
        ("Role that reads", account.read_role_arn or "none: the one that writes"),
        ("Role that writes", account.role_arn or "none: the functions' own"),
        ("External id", account.external_id or "none"),
    ]


def handling(account: Account) -> Lines:
    """What `accounts set` changes."""
    managed = account.managed
    found = [
        (
            "Approvers",
            ", ".join(account.approvers) or "none: executions started by hand cannot be approved",
        ),
        ("Exemptions by tag", "count" if account.tag_exemptions else "do not count"),
        ("Managed by code", _HANDLING[managed.handling]),
    ]
    if managed.handling is not Handling.REMEDIATE:
        found.append(("Known by the tags", ", ".join(managed.tags) or "none"))
        found.append(("And by the caller", ", ".join(["CloudFormation", *managed.principals])))
    if managed.handling is Handling.DELAY:
        found.append(("Looked at again", f"after {managed.delay_minutes} min"))
    return found


def exemptions(account: Account) -> str:
    """How many count, how many have ended, and the command that lists them."""
    counting = sum(in_force(each, now()) for each in account.exemptions)
    ended = len(account.exemptions) - counting
    listing = f": `rightstate exempt list --all --account {account.account}`" if account.exemptions else ""
    return f"{counting}{f', {ended} ended' if ended else ''}{listing}"


def check_text(check: Check) -> str:
    state = {True: "works", False: "does not work", None: "could not be tested"}[check.ok]
    return "\n".join(filter(None, (f"{state}. {check.said}", check.fix)))
