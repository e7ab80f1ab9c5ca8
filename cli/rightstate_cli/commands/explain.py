"""`rightstate explain`: why a resource is, or is not, changed."""

from typing import Annotated

import typer

from rightstate.catalogue import find_policy
from rightstate.errors import InvalidInput
from rightstate_cli.operations import workspace
from rightstate_cli.operations.explain import Explained, Explaining
from rightstate_cli.terminal.explained import print_explained
from rightstate_cli.terminal.options import (
    ExternalIdOption,
    FormatOption,
    LedgerOption,
    OfHubOption,
    OfHubRegionOption,
    OfStackOption,
    PolicyOption,
)
from rightstate_cli.terminal.output import Format, print_json


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
    """Show why a resource is changed or left alone, now and when it was last assessed.

    For each enabled policy of its type: what it finds, its mode, and the one rule that decides. Policies that
    are off share one line. The resource is read as it is now, and nothing is changed. The members'
    remediation roles trust the hub's functions only: to read other accounts than the hub's, name with --role
    one that trusts you. If the resource cannot be read, you see what executions and surveys last found.

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
            print_explained(each)
    raise typer.Exit(max(_exit_code(each) for each in explained))


def _exit_code(explained: Explained) -> int:
    if explained.now.status not in ("read", "off") or explained.unread:
        return 2
    return 1 if explained.now.broken else 0
