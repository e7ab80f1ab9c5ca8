"""`rightstate accounts set`."""

from typing import Annotated

import typer

from rightstate.models.settings import Handling
from rightstate_cli.operations import workspace
from rightstate_cli.operations.account_settings import HandlingRequest, set_handling
from rightstate_cli.terminal import accounts as shown
from rightstate_cli.terminal.options import (
    AccountArgument,
    FormatOption,
    LedgerOption,
    OfHubOption,
    OfHubRegionOption,
    OfStackOption,
    optional,
)
from rightstate_cli.terminal.output import Format, print_json, print_table, say


def set_account(
    account: AccountArgument,
    tag_exemptions: Annotated[
        bool | None,
        typer.Option(
            "--tag-exemptions/--no-tag-exemptions",
            help="Whether a tag may exempt a resource. Then everybody who may tag it can exempt it.",
            show_default=False,
        ),
    ] = None,
    approver: Annotated[
        list[str] | None,
        optional(
            "AWS-USERID",
            "aws:userid of a person who may approve executions with no proven starter, * for any characters; "
            'repeatable, and replaces those that the account has. "" for none.',
        ),
    ] = None,
    managed: Annotated[
        Handling | None,
        typer.Option(
            help="What to do about resources that infrastructure as code manages: fix them like any other, "
            "report them, or look again after --delay-minutes.",
            show_default=False,
        ),
    ] = None,
    delay_minutes: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=1440,
            metavar="NUMBER",
            help="With --managed delay: minutes until a managed resource is looked at again.",
            show_default=False,
        ),
    ] = None,
    managed_tag: Annotated[
        list[str] | None,
        optional(
            "KEY[=VALUE]",
            'Tag of a managed resource; repeatable, and replaces those that the account has. "" for none.',
        ),
    ] = None,
    managed_principal: Annotated[
        list[str] | None,
        optional(
            "ARN",
            "ARN of a principal that makes changes as code, * for any characters; repeatable, and replaces "
            'those that the account has. "" for none.',
        ),
    ] = None,
    deployed: OfHubOption = False,
    stack: OfStackOption = None,
    hub_region: OfHubRegionOption = None,
    ledger: LedgerOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Set the approvers of an account, and how it handles tags and resources that code manages.

    What you do not name stays as it is. The next execution uses the new settings.

    - `rightstate accounts set 111122223333 --managed report` does not change what a pipeline made.
    - `rightstate accounts set 111122223333 --managed delay --delay-minutes 45` lets a deployment end first.
    - `rightstate accounts set 111122223333 --tag-exemptions` allows `rightstate exempt add --tag`.

    Exit codes: 0 done, 2 nothing was changed.
    """
    request = HandlingRequest(
        account=account,
        tag_exemptions=tag_exemptions,
        approvers=_given(approver),
        managed=managed,
        delay_minutes=delay_minutes,
        managed_tags=_given(managed_tag),
        managed_principals=_given(managed_principal),
    )
    before, after = set_handling(workspace.choose(deployed, stack, hub_region, ledger), request)
    if after == before:
        say("There is nothing to change.")
    elif after.tag_exemptions and not before.tag_exemptions:
        say("From now on, everybody who may tag a resource can use the account's exemptions by tag for it.")
    if format is Format.JSON:
        print_json(after.model_dump(mode="json"))
    else:
        print_table(f"Account {account}", ("", ""), shown.handling(after))


def _given(values: list[str] | None) -> tuple[str, ...] | None:
    return None if values is None else tuple(values)
