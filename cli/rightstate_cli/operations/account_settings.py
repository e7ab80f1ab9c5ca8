"""How an account handles exemptions by tag, approvals by hand, and resources that code manages."""

from collections.abc import Sequence
from typing import Any

from rightstate.errors import InvalidInput
from rightstate.frozen import Frozen
from rightstate.identify import shown
from rightstate.models.settings import Account, Handling
from rightstate_cli.aws import checked_account
from rightstate_cli.embedded import accounts as local_accounts
from rightstate_cli.member import role as role_check
from rightstate_cli.member.role import Check
from rightstate_cli.operations.workspace import Workspace


class HandlingRequest(Frozen):
    """The settings to change. None keeps what the account has; an empty text alone clears a list."""

    account: str
    tag_exemptions: bool | None = None
    approvers: tuple[str, ...] | None = None
    managed: Handling | None = None
    delay_minutes: int | None = None
    managed_tags: tuple[str, ...] | None = None
    managed_principals: tuple[str, ...] | None = None


def change(before: Account, request: HandlingRequest) -> Account:
    """The account with what the request gives. Raises InvalidInput."""
    given = {
        "handling": request.managed,
        "delay_minutes": request.delay_minutes,
        "tags": _texts("--managed-tag", request.managed_tags, 385),
        "principals": _texts("--managed-principal", request.managed_principals, 2048),
    }
    if any(not each.startswith("arn:") for each in given["principals"] or ()):
        raise InvalidInput("--managed-principal takes ARNs. Nothing was changed.")
    if any(each.startswith("=") for each in given["tags"] or ()):
        raise InvalidInput("--managed-tag takes KEY or KEY=VALUE. Nothing was changed.")
    approvers = _texts("--approver", request.approvers, 256)
    changes = {name: value for name, value in given.items() if value is not None}
    return before.model_copy(
        update={
            "managed": before.managed.model_copy(update=changes),
            "tag_exemptions": before.tag_exemptions
            if request.tag_exemptions is None
            else request.tag_exemptions,
            "approvers": before.approvers if approvers is None else approvers,
        }
    )


def set_handling(workspace: Workspace, request: HandlingRequest) -> tuple[Account, Account]:
    """Write the settings, if they change. Returns them before and after.

    Raises InvalidInput, UnknownAccount, SettingsUnreadable, Denied, Unavailable.
    """
    before = workspace.registry.get(checked_account(request.account))
    after = change(before, request)
    return before, workspace.registry.put(after) if after != before else before


def check_role(workspace: Workspace, account: Account) -> Check:
    """Whether the account's role works now. Raises Denied and InvalidInput if the hub may not be asked."""
    if workspace.hub:
        return role_check.check(workspace.hub, account)
    return local_accounts.check(account, workspace.caller)


def _texts(option: str, given: Sequence[str] | None, longest: int) -> Any:
    """Those that are not empty, None if the option was not given. Raises InvalidInput."""
    if given is None:
        return None
    for each in given:
        if not each.isprintable() or len(each) > longest:
            raise InvalidInput(f"{option} does not take {shown(each)}. Nothing was changed.")
    return tuple(dict.fromkeys(each for each in given if each))
