"""Accounts: their settings, what is done of their steps, and what is next."""

from starlette.responses import Response

from rightstate.models.settings import Handling
from rightstate_cli.aws import checked_account
from rightstate_cli.console import account_checks, account_fixes
from rightstate_cli.console.policies import registered
from rightstate_cli.console.routing import get
from rightstate_cli.console.visit import Visit
from rightstate_cli.operations import account_lines, onboarding


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
        checked=next(
            (
                each
                for each in visit.console.works.all
                if each.kind == account_checks.CHECK and each.about == account.account
            ),
            None,
        ),
        command=visit.command("accounts", "show", account.account),
    )


def steps(visit: Visit) -> Response:
    """What is done of the account's steps, and what is next. Its role is tried."""
    account = visit.workspace.registry.get(checked_account(visit.path("account")))
    known = visit.console.known.latest
    looked = bool(known and known.figures["accounts"].get(account.account))
    found = onboarding.steps(visit.workspace, account, looked)
    return visit.page(
        "account_steps_part.html.j2",
        account=account,
        steps=[(each, account_fixes.page_of_step(each, visit.local)) for each in found],
        next=onboarding.next_step(found),
    )


ROUTES = [
    get("/accounts", list_all),
    get("/accounts/{account}", show),
    get("/accounts/{account}/steps", steps),
]
