"""What explains a resource, as people see it."""

from collections.abc import Sequence

from rightstate.models.decision import Deviation, Status
from rightstate.policy import Mode
from rightstate.wants import as_change
from rightstate_cli.operations.assessed import LastAssessed
from rightstate_cli.operations.explain import LOOKED_AT, Explained, Now
from rightstate_cli.tables.ledger_table import Entry
from rightstate_cli.terminal.executions import print_entry
from rightstate_cli.terminal.output import print_line, print_table, say

_COLUMNS = ("Status", "Mode", "Policy", "Found", "Why")
_BY = {"execution": "an execution", "sweep": "a sweep or backfill", "local survey": "a local survey"}


def print_explained(explained: Explained) -> None:
    """What explains the resource, for people."""
    account, region, resource_type, identifier = explained.resource.split("/", 3)
    print_line(f"{resource_type} {identifier} in {account}, {region}", style="bold")
    now = explained.now
    if now.status in ("busy", "gone", "unreadable"):
        say(f"It could not be looked at now ({now.status}): {now.reason}")
    elif now.reason:
        say(now.reason)
    _print_now(now)
    if explained.assessed:
        _print_assessed(explained.assessed, now)
    if explained.unread:
        say(f"The ledger could not be read: {explained.unread}")
    elif explained.last is None:
        say("The ledger has nothing of it: no execution has been about it, or its entries have expired.")
    elif explained.last_event is None:
        say(f"No event has led to any of its entries, or of the latest {LOOKED_AT} if there are more.")
    if explained.last_event:
        _print_entry("When the last event came", explained.last_event)
    if explained.last and explained.last != explained.last_event:
        _print_entry("When it was last looked at", explained.last)


def _print_now(now: Now) -> None:
    """A line for each policy that is enabled, and one for all that are off."""
    rows = [
        (each.status, each.mode.value, each.policy, _found(each.findings), f"{each.rule}: {each.reason}")
        for each in now.policies
        if each.mode is not Mode.OFF
    ]
    if rows:
        print_table("Now", _COLUMNS, rows, whole=("Status", "Mode"))
    off = [each for each in now.policies if each.mode is Mode.OFF]
    if off:
        broken = [each.policy for each in off if each.status == Status.BROKEN]
        would = f" Enabled, these would find something: {', '.join(broken)}." if broken else ""
        print_line(f"Off, so nothing looks at them: {', '.join(each.policy for each in off)}.{would}")


def _print_assessed(assessed: LastAssessed, now: Now) -> None:
    """When it was last assessed; what was found then only where it could not be read now."""
    by = f" ({assessed.by})" if assessed.by else ""
    print_line(f"Last assessed: {assessed.at}, by {_BY[assessed.source]}{by}: {assessed.status}.")
    if now.status not in ("read", "off") and assessed.policies:
        print_table("", ("Status", "Policy"), [(was, name) for name, was in assessed.policies.items()])


def _print_entry(title: str, entry: Entry) -> None:
    print_line(title, style="bold")
    print_entry(entry)
    rows = [
        (each.status.value, each.mode.value, each.policy, _found(each.findings), each.reason or each.rule)
        for each in entry.verdicts
    ]
    if rows:
        print_table("", _COLUMNS, rows, whole=("Status", "Mode"))


def _found(findings: Sequence[Deviation]) -> str:
    return "; ".join(f"{each.setting}: {as_change(each.before, each.after)}" for each in findings)
