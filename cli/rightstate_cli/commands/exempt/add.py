"""`rightstate exempt add`."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from rightstate_cli.operations import exempt, workspace
from rightstate_cli.operations.exempt import ExemptionRequest
from rightstate_cli.terminal.exemptions import policies as policies_of
from rightstate_cli.terminal.exemptions import print_exemptions, scope
from rightstate_cli.terminal.options import (
    LedgerOption,
    OfHubOption,
    OfHubRegionOption,
    OfStackOption,
    TableFormatOption,
    YesOption,
    optional,
)
from rightstate_cli.terminal.output import Format, say
from rightstate_cli.terminal.waiting import confirmed_change


def add(
    account: Annotated[str, optional("ID", "The account, 12 digits.", "--account")],
    reason: Annotated[str, optional("TEXT", "Why.")],
    approver: Annotated[str, optional("TEXT", "Who approved it.")],
    resource: Annotated[
        str | None,
        optional(
            "ARN",
            "Only this resource, by ARN or as REGION/TYPE/ID. Without it and --tag: the whole account.",
            "--resource",
            "-r",
        ),
    ] = None,
    region: Annotated[
        str | None,
        optional("NAME", "The resource's region, if its ARN has none, as that of a bucket."),
    ] = None,
    tag: Annotated[
        str | None,
        optional(
            "KEY=VALUE",
            "Resources with this tag. The account has to allow that: `rightstate accounts set`.",
        ),
    ] = None,
    policies: Annotated[
        list[str] | None,
        optional(
            "ID", "Only from this policy, by id or alias; repeatable. Left out: from all.", "--policy", "-p"
        ),
    ] = None,
    until: Annotated[str | None, optional("DATE", "The last day on which it counts, in UTC.")] = None,
    days: Annotated[
        int | None,
        typer.Option(min=1, help="Or the number of days after today.", metavar="NUMBER", show_default=False),
    ] = None,
    yes: YesOption = False,
    deployed: OfHubOption = False,
    stack: OfStackOption = None,
    hub_region: OfHubRegionOption = None,
    ledger: LedgerOption = None,
    format: TableFormatOption = Format.TABLE,
) -> None:
    """Exempt an account, a resource or a tag, from some policies or from all.

    Exempt resources are still looked at. The ledger keeps what policies find there, with the reason. Nothing
    is changed, and no message is sent. The exemption counts from the next execution on. After it has ended,
    the next event or sweep fixes the resource. Asks before a whole account is exempted.

    - `rightstate exempt add --account 111122223333 -r arn:aws:sqs:eu-west-1:111122223333:invoices --days 30
      --reason CHG-5521 --approver ana@example.com` exempts a queue.
    - `rightstate exempt add --account 111122223333 -p s3-versioning --until 2026-12-31 --reason "Cost review"
      --approver ana@example.com` asks, and exempts all buckets of the account from one policy.

    Exit codes: 0 done, 2 nothing was changed.
    """
    request = ExemptionRequest(
        account=account,
        reason=reason,
        approver=approver,
        resource=resource,
        region=region,
        tag=tag,
        policies=tuple(policies or ()),
        until=until,
        days=days,
    )
    now = datetime.now(UTC)
    addition = exempt.prepare(workspace.choose(deployed, stack, hub_region, ledger), request, now)
    for other in addition.overlapping:
        say(f"{other.id} ({scope(other)}, {policies_of(other)}) counts there too, until {other.until}.")
    if addition.of_whole_account:
        [whole] = addition.made
        question = f"Exempt the whole account {account} from {policies_of(whole)} until {whole.until}?"
        if not confirmed_change(question, yes):
            raise typer.Exit(2)
    addition.run()
    print_exemptions([(addition.after, each) for each in addition.made], now, format)
