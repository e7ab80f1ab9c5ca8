"""`rightstate verify`: whether the deployed hub and its members are set up as they should be."""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated

import typer

from rightstate_cli.checks import Per, Result, Status
from rightstate_cli.checks.grouping import Group, grouped
from rightstate_cli.checks.verification import prepare
from rightstate_cli.hub.deployment import DEFAULT_STACK, Hub, find
from rightstate_cli.terminal.options import HubRegionOption, StackOption, TableFormatOption
from rightstate_cli.terminal.output import Format, Table, print_line, print_result, print_table, progress, say
from rightstate_cli.text import counted

_FACTS = ("id", "title", "account", "region", "status", "found", "fix")


def verify(
    accounts: Annotated[
        list[str] | None,
        typer.Option(
            "--account",
            help="Only the hub and this account; repeatable.",
            metavar="ID",
            show_default=False,
        ),
    ] = None,
    names: Annotated[
        list[str] | None,
        typer.Option(
            "--check", help="Only this check, e.g. V5; repeatable.", metavar="CHECK", show_default=False
        ),
    ] = None,
    inspect_role: Annotated[
        str | None,
        typer.Option(
            help="Name of a role in the other accounts that you may assume to read there, e.g. "
            "OrganizationAccountAccessRole. Left out: checks that read there are skipped.",
            metavar="ROLE",
            show_default=False,
        ),
    ] = None,
    canary: Annotated[
        bool,
        typer.Option(
            "--canary",
            help="Also start two executions for resources that do not exist. One is refused, and sends a "
            "message to the topic.",
        ),
    ] = False,
    stack: StackOption = DEFAULT_STACK,
    hub_region: HubRegionOption = None,
    format: TableFormatOption = Format.TABLE,
) -> None:
    """Check the deployed hub, its members and their regions, and show how to fix each problem.

    Reads, and changes nothing. Each check ends PASS, WARN, FAIL or SKIP, and shows what it found and the
    command that fixes it. Findings of one cause are one row; `--format json` has each of them. The hub's own
    function tests each member's role, also as a stranger who knows its name.

    - `rightstate verify` checks all.
    - `rightstate verify --check V5 --account 111122223333` tries one account's role.
    - `rightstate verify --inspect-role OrganizationAccountAccessRole` also looks into the other accounts.

    Exit codes: 0 nothing failed (warnings are shown), 1 a check failed, 2 could not tell.
    """
    hub = find(stack, hub_region)
    verification = prepare(hub, names or (), accounts or (), inspect_role, canary)
    say(f"Checking the hub {stack} in account {hub.account}, {hub.region} ...")
    results = []
    with progress() as bar:
        task = bar.add_task("Checks", total=None)
        for each in verification.run():
            results.append(each)
            bar.update(task, advance=1, description=f"{each.check.id} {each.check.title}")
    if format is Format.TABLE:
        _print(results, hub)
    else:
        facts = [_facts(each) for each in results]
        print_result(Table(_FACTS, [[each[name] for name in _FACTS] for each in facts]), facts, format)
    if not verification.registered:
        say("No account is registered, so only the hub was checked. `rightstate accounts add` registers one.")
    raise typer.Exit(int(any(each.finding.status is Status.FAIL for each in results)))


def _facts(result: Result) -> dict[str, str]:
    return {
        "id": result.check.id,
        "title": result.check.title,
        "account": result.account,
        "region": result.region,
        "status": result.finding.status.value,
        "found": result.finding.found,
        "fix": result.finding.fix,
    }


def _print(results: Sequence[Result], hub: Hub) -> None:
    """One table for the hub, one for each other place, and one for causes found in several places."""
    groups = grouped(results)
    several = [each for each in groups if len(each.places) > 1]
    by_place: dict[str, list[Group]] = {}
    for each in sorted((each for each in groups if len(each.places) == 1), key=_order):
        by_place.setdefault(_title(each, hub), []).append(each)
    if several:
        by_place["Several accounts or regions"] = several
    for title, found in by_place.items():
        rows = [(each.first.check.id, each.status.value, _text(each)) for each in found]
        print_table(title, ("Check", "", "Found"), rows, whole=("Check", ""))
    count = Counter(each.finding.status for each in results)
    statuses = ", ".join(f"{count[status]} {status.value}" for status in Status)
    print_line(f"{counted(len(results), 'finding')}: {statuses}.")


def _order(group: Group) -> tuple[bool, str, str]:
    return group.first.check.per is not Per.HUB, group.first.account, group.first.region


def _title(group: Group, hub: Hub) -> str:
    account, region = group.first.account, group.first.region
    if group.first.check.per is Per.HUB:
        return f"Hub {hub.stack}, account {account}, {region}"
    return f"Account {account}, {region}" if region else f"Account {account}"


def _text(group: Group) -> str:
    fix = f"Fix: {group.fix}" if group.fix else ""
    return "\n".join(filter(None, (f"{group.first.check.title}: {group.found}", group.where, fix)))
