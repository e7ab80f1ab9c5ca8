"""`rightstate accounts add`."""

from typing import Annotated

import typer

from rightstate_cli.operations import add_account, workspace
from rightstate_cli.operations.add_account import AccountRequest, admission_question, installation_question
from rightstate_cli.terminal.accounts import check_code
from rightstate_cli.terminal.added_account import print_added
from rightstate_cli.terminal.options import (
    AccountArgument,
    FormatOption,
    LedgerOption,
    OfHubOption,
    OfHubRegionOption,
    OfStackOption,
    TypeOption,
    YesOption,
    optional,
)
from rightstate_cli.terminal.output import Format, confirmed, say
from rightstate_cli.terminal.waiting import confirmed_change, shown_progress


def add(
    account: AccountArgument,
    region: Annotated[
        list[str] | None,
        optional(
            "NAME",
            "Region in which the account is a member; repeatable, and replaces those that it has. Left out: "
            "those that it has, else the hub's.",
        ),
    ] = None,
    all_regions: Annotated[
        bool, typer.Option("--all-regions", help="Every region that the account has enabled; AWS is asked.")
    ] = False,
    name: Annotated[str | None, optional("TEXT", "What people call the account.")] = None,
    contact: Annotated[
        list[str] | None,
        optional(
            "EMAIL",
            "Address that gets the messages about the account; repeatable, and replaces those that it has.",
        ),
    ] = None,
    role: Annotated[
        str | None,
        optional(
            "ROLE",
            "Name or ARN of the account's role that writes. The role that reads has the same name with "
            "-read. Left out: the hub's parameter MemberRoleName.",
        ),
    ] = None,
    external_id: Annotated[
        str | None, optional("ID", "External id that the role requires. Left out: the hub's own.")
    ] = None,
    install: Annotated[
        bool,
        typer.Option(
            "--install",
            help="Create or update the member's stack in each region, with the account's credentials: yours "
            "if they belong to that account, else those of --profile.",
        ),
    ] = False,
    profile: Annotated[
        str | None, optional("NAME", "AWS profile that has the account's credentials.")
    ] = None,
    types: TypeOption = None,
    boundary: Annotated[
        str | None,
        optional("ARN", "Managed policy to use as permissions boundary of the member's roles."),
    ] = None,
    yes: YesOption = False,
    deployed: OfHubOption = False,
    stack: OfStackOption = None,
    hub_region: OfHubRegionOption = None,
    ledger: LedgerOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Register an account, and check at once that its role can be assumed.

    This enables no policy. Adding an account again keeps every setting that you do not name, also its
    policies. With --install it upgrades the account's stacks. Without --install it prints the commands with
    which the account's administrator installs the member.

    - `rightstate accounts add 111122223333 --install` is enough for the hub's own account.
    - `rightstate accounts add 444455556666 --install --profile payments --all-regions` installs another.
    - `rightstate accounts add 444455556666 --region eu-west-1 --contact team@example.com` registers it.

    Exit codes: 0 the hub can work there, 1 something failed or is missing, 2 could not tell or wrong usage.
    """
    request = AccountRequest(
        account=account,
        regions=tuple(region or ()),
        all_regions=all_regions,
        name=name,
        contacts=tuple(contact or ()),
        role=role,
        external_id=external_id,
        install=install,
        profile=profile,
        types=tuple(types or ()),
        boundary=boundary,
    )
    chosen = workspace.choose(deployed, stack, hub_region, ledger)
    if chosen.hub is None:
        added = add_account.add_here(chosen, request)
    else:
        addition = add_account.prepare(chosen.hub, request)
        for each in addition.notices:
            say(each)
        if addition.installation and not confirmed_change(installation_question(addition.installation), yes):
            raise typer.Exit(2)
        admit = addition.admits and confirmed(admission_question(addition), "Nothing was changed", yes)
        with shown_progress() as progress:
            added = addition.run(admit, progress)
    print_added(added, format)
    raise typer.Exit(check_code(added.works))
