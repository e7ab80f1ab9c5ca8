"""`rightstate accounts set`: how an account's tagged and managed resources are handled."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from rightstate.errors import InvalidInput
from rightstate.identify import shown
from rightstate.models.settings import Account, Handling
from rightstate_cli.aws import checked_account
from rightstate_cli.operations import workspace
from rightstate_cli.terminal.options import (
    FormatOption,
    LedgerOption,
    OfHubOption,
    OfHubRegionOption,
    OfStackOption,
)
from rightstate_cli.terminal.output import Format, print_json, print_table, say

_MEANING = {
    Handling.REMEDIATE: "put right like any other, and nobody asks who manages it",
    Handling.REPORT: "reported and left alone",
    Handling.DELAY: "looked at again after a time, and put right if it is broken still",
}


def set_account(
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="12 digits.", show_default=False)],
    tag_exemptions: Annotated[
        bool | None,
        typer.Option(
            "--tag-exemptions/--no-tag-exemptions",
            help="Whether a tag may exempt a resource: whoever may tag it can then do so.",
            show_default=False,
        ),
    ] = None,
    approver: Annotated[
        list[str] | None,
        typer.Option(
            help="aws:userid of who may approve what nobody is proven to have caused, * for any characters; "
            'repeatable, and replaces those that the account has. "" for none.',
            metavar="AWS-USERID",
            show_default=False,
        ),
    ] = None,
    managed: Annotated[
        Handling | None,
        typer.Option(
            help="What to do about what infrastructure as code manages: put it right too, report it, or look "
            "again after --delay-minutes.",
            show_default=False,
        ),
    ] = None,
    delay_minutes: Annotated[
        int | None, typer.Option(min=1, max=1440, metavar="NUMBER", show_default=False)
    ] = None,
    managed_tag: Annotated[
        list[str] | None,
        typer.Option(
            help='A tag that says so; repeatable, and replaces those that the account has. "" for none.',
            metavar="KEY[=VALUE]",
            show_default=False,
        ),
    ] = None,
    managed_principal: Annotated[
        list[str] | None,
        typer.Option(
            help="ARN of who makes changes as code, * for any characters; repeatable, and replaces those "
            'that the account has. "" for none.',
            metavar="ARN",
            show_default=False,
        ),
    ] = None,
    deployed: OfHubOption = False,
    stack: OfStackOption = None,
    hub_region: OfHubRegionOption = None,
    ledger: LedgerOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Set who may approve, and how an account handles exemptions by tag and what code manages.

    What is not named stays as it is. It counts from the next execution on.

    - `rightstate accounts set 111122223333 --managed report` leaves to a pipeline what it has made.
    - `rightstate accounts set 111122223333 --managed delay --delay-minutes 45` lets a deployment end first.
    - `rightstate accounts set 111122223333 --tag-exemptions` allows `rightstate exempt add --tag`.

    Exit codes: 0 done, 2 nothing was changed.
    """
    registry = workspace.choose(deployed, stack, hub_region, ledger).registry
    before = registry.get(checked_account(account))
    given = {
        "handling": managed,
        "delay_minutes": delay_minutes,
        "tags": _texts("--managed-tag", managed_tag, 385),
        "principals": _texts("--managed-principal", managed_principal, 2048),
    }
    if any(not each.startswith("arn:") for each in given["principals"] or ()):
        raise InvalidInput("--managed-principal takes ARNs. Nothing was changed.")
    if any(each.startswith("=") for each in given["tags"] or ()):
        raise InvalidInput("--managed-tag takes KEY or KEY=VALUE. Nothing was changed.")
    approvers = _texts("--approver", approver, 256)
    changes = {name: value for name, value in given.items() if value is not None}
    after = before.model_copy(
        update={
            "managed": before.managed.model_copy(update=changes),
            "tag_exemptions": before.tag_exemptions if tag_exemptions is None else tag_exemptions,
            "approvers": before.approvers if approvers is None else approvers,
        }
    )
    if after == before:
        say("There is nothing to change.")
    else:
        if after.tag_exemptions and not before.tag_exemptions:
            say("Whoever may tag a resource can from now on use the account's exemptions by tag for it.")
        after = registry.put(after)
    if format is Format.JSON:
        print_json(after.model_dump(mode="json"))
    else:
        print_table(f"Account {account}", ("", ""), lines(after))


def lines(account: Account) -> list[tuple[str, str]]:
    """These settings, as `accounts show` has them."""
    managed = account.managed
    found = [
        (
            "Approvers",
            ", ".join(account.approvers) or "none: what is started by hand cannot be approved",
        ),
        ("Exemptions by tag", "count" if account.tag_exemptions else "do not count"),
        ("Managed by code", _MEANING[managed.handling]),
    ]
    if managed.handling is not Handling.REMEDIATE:
        found.append(("Known by the tags", ", ".join(managed.tags) or "none"))
        principals = ", ".join(managed.principals)
        found.append(("And by the caller", f"CloudFormation{', ' if principals else ''}{principals}"))
    if managed.handling is Handling.DELAY:
        found.append(("Looked at again", f"after {managed.delay_minutes} min"))
    return found


def _texts(option: str, given: Sequence[str] | None, longest: int) -> Any:
    """Those that are not empty, None where the option was not given. Raises InvalidInput."""
    if given is None:
        return None
    for each in given:
        if not each.isprintable() or len(each) > longest:
            raise InvalidInput(f"{option} does not take {shown(each)}. Nothing was changed.")
    return tuple(dict.fromkeys(each for each in given if each))
