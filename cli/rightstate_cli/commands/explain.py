"""`rightstate explain`: why a resource is, or is not, changed."""

from collections.abc import Sequence
from typing import Annotated

import typer

from rightstate.catalogue import find_policy
from rightstate.errors import InvalidInput
from rightstate.models.decision import Deviation, Verdict
from rightstate.wants import as_change
from rightstate_cli.operations import workspace
from rightstate_cli.operations.explain import LOOKED_AT, Explained, Explaining
from rightstate_cli.tables.ledger_table import Entry
from rightstate_cli.terminal.executions import print_entry
from rightstate_cli.terminal.options import (
    ExternalIdOption,
    FormatOption,
    LedgerOption,
    OfHubOption,
    OfHubRegionOption,
    OfStackOption,
    PolicyOption,
)
from rightstate_cli.terminal.output import Format, print_json, print_line, print_table, say


def explain(
    resource: Annotated[
        str, typer.Argument(metavar="RESOURCE", help="Its ARN, or account/region/type/id as in the ledger.")
    ],
    account: Annotated[
        str | None,
        typer.Option(help="The account, where the ARN does not say it.", metavar="ID", show_default=False),
    ] = None,
    region: Annotated[
        str | None,
        typer.Option(help="The region, where the ARN does not say it.", metavar="NAME", show_default=False),
    ] = None,
    policies: PolicyOption = None,
    role: Annotated[
        str | None,
        typer.Option(
            metavar="ROLE",
            help="Name or ARN of the role to read the account with. Left out: that of the settings; none in "
            "the hub's own account.",
            show_default=False,
        ),
    ] = None,
    external_id: ExternalIdOption = None,
    deployed: OfHubOption = False,
    stack: OfStackOption = None,
    hub_region: OfHubRegionOption = None,
    ledger: LedgerOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Show why a deployed hub changes a resource or leaves it alone, now and when it last looked.

    For each policy of its type: the mode of the settings, what it finds, and the one rule that decides.
    The resource is read as it is now, and nothing is changed. The members' remediation roles trust the hub's
    functions only: to read other accounts than the hub's, name with --role one that trusts you. Where it
    cannot be read, what the ledger has is shown all the same.

    - `rightstate explain arn:aws:sqs:eu-west-1:111122223333:invoices` explains a queue.
    - `rightstate explain 444455556666/eu-west-1/s3-bucket/invoices --role audit` explains a bucket.

    Exit codes: 0 no enabled policy is broken or all that are broken are exempt, 1 one is, also where it is
    held, halted or left to what manages the resource, 2 it could not be told.
    """
    explaining = Explaining(workspace.choose(deployed, stack, hub_region, ledger), role, external_id)
    named = {find_policy(each)[1].id: find_policy(each)[0].name for each in policies or ()}
    chosen = explaining.resources(resource, account, region)
    if named:
        chosen = [(each, found) for each, found in chosen if each.name in named.values()]
        if not chosen:
            raise InvalidInput(f"None of {', '.join(named)} is about such a resource. Nothing was looked at.")
    explained = [explaining.explain(each, found, named) for each, found in chosen]
    if len(explained) > 1:
        # ARNs of RDS and Neptune are alike: what it is not is gone, or out of scope.
        explained = [each for each in explained if each.now.status != "gone"] or explained[:1]
    if format is Format.JSON:
        print_json([each.model_dump(mode="json") for each in explained])
    else:
        for each in explained:
            _print(each)
    raise typer.Exit(max(_exit_code(each) for each in explained))


def _exit_code(explained: Explained) -> int:
    if explained.now.status not in ("read", "off") or explained.unread:
        return 2
    return 1 if explained.now.broken else 0


def _print(explained: Explained) -> None:
    account, region, resource_type, identifier = explained.resource.split("/", 3)
    print_line(f"{resource_type} {identifier} in {account}, {region}", style="bold")
    now = explained.now
    if now.status in ("busy", "gone", "unreadable"):
        say(f"It could not be looked at now ({now.status}): {now.reason}")
    elif now.reason:
        say(now.reason)
    print_table(
        "Now",
        ("Policy", "Mode", "Status", "Found", "Rule", "Why"),
        [
            (each.policy, each.mode.value, each.status, _found(each.findings), each.rule, each.reason)
            for each in now.policies
        ],
        whole=("Mode", "Status"),
    )
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


def _print_entry(title: str, entry: Entry) -> None:
    print_line(title, style="bold")
    print_entry(entry)
    if entry.verdicts:
        print_table(
            "",
            ("Policy", "Mode", "Status", "Found", "Why"),
            [_row(each) for each in entry.verdicts],
            whole=("Mode", "Status"),
        )


def _row(verdict: Verdict) -> tuple[str, str, str, str, str]:
    why = verdict.reason or verdict.rule
    return verdict.policy, verdict.mode.value, verdict.status.value, _found(verdict.findings), why


def _found(findings: Sequence[Deviation]) -> str:
    return "; ".join(f"{each.setting}: {as_change(each.before, each.after)}" for each in findings)
