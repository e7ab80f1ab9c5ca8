"""Accounts: their settings, whether their roles work, and the steps of a new one."""

from starlette.responses import Response

from rightstate.models.settings import Handling
from rightstate_cli.aws import checked_account
from rightstate_cli.console.policies import registered
from rightstate_cli.console.routing import get
from rightstate_cli.console.visit import Visit
from rightstate_cli.operations import account_lines, account_settings


def list_all(visit: Visit) -> Response:
    """Every account, with how much is enabled."""
    accounts, unreadable = registered(visit)
    known = visit.console.known.standing(patience=0)
    return visit.page(
        "accounts.html.j2",
        section="accounts",
        accounts=accounts,
        unreadable=unreadable,
        lines=account_lines,
        standing=known.figures["accounts"] if known else {},
        local=visit.local,
        removed=visit.one("removed"),
        command=visit.command("accounts", "list"),
    )


def show(visit: Visit) -> Response:
    """One account: where it is a member, what is enabled, and how it handles what code manages."""
    account = visit.workspace.registry.get(checked_account(visit.path("account")))
    return visit.page(
        "account.html.j2",
        section="accounts",
        account=account,
        membership=account_lines.membership(account),
        handling=account_lines.handling(account),
        modes=account_lines.modes(account),
        exemptions=account_lines.exemptions(account),
        handlings=list(Handling),
        local=visit.local,
        saved=visit.one("saved"),
        command=visit.command("accounts", "show", account.account),
    )


def role(visit: Visit) -> Response:
    """Whether the account's role works now, and how to fix it if not."""
    account = visit.workspace.registry.get(checked_account(visit.path("account")))
    return visit.page(
        "account_role_part.html.j2", check=account_settings.check_role(visit.workspace, account)
    )


ROUTES = [
    get("/accounts", list_all),
    get("/accounts/{account}", show),
    get("/accounts/{account}/role", role),
]
