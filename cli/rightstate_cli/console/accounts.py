"""Accounts: their settings, whether their roles work, and the steps of a new one."""

import shlex
from collections.abc import Sequence
from typing import Any

from starlette.responses import Response

from rightstate.catalogue import names
from rightstate.errors import InvalidInput, UnknownAccount
from rightstate.models.settings import Account, Handling
from rightstate_cli.aws import checked_account
from rightstate_cli.console.policies import registered
from rightstate_cli.console.visit import Visit, get, post
from rightstate_cli.console.work import Work
from rightstate_cli.hub.deployment import Hub
from rightstate_cli.operations import account_lines, account_settings, add_account, remove_account
from rightstate_cli.operations.account_settings import HandlingRequest
from rightstate_cli.operations.add_account import (
    AccountRequest,
    Added,
    admission_question,
    installation_question,
)
from rightstate_cli.progress import Progress

ADD = "account"


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


def ask(visit: Visit) -> Response:
    """The form of a new account."""
    return _form(visit, {name: visit.one(name) for name in _FIELDS}, ())


def add(visit: Visit) -> Response:
    """Register it. What is installed, and whose events the hub accepts, is shown first."""
    given = {name: visit.given(name) for name in _FIELDS}
    request = _request(visit, given)
    workspace = visit.workspace
    if workspace.hub is None:
        request.check()

        def here(work: Work) -> Added:
            return add_account.add_here(workspace, request)

        return visit.begin(ADD, f"Add account {request.account}", _command(visit, request), here)
    addition = add_account.prepare(workspace.hub, request)
    questions = [
        *([installation_question(addition.installation)] if addition.installation else []),
        *([admission_question(addition)] if addition.admits else []),
    ]
    if questions and not visit.given("agreed"):
        return _form(visit, given, [*addition.notices, *questions])
    hub: Hub = workspace.hub

    def there(work: Work) -> Added:
        def count(what: str, done: int, total: int | None) -> None:
            work.progressed(done, total, what)

        prepared = add_account.prepare(hub, request)
        return prepared.run(prepared.admits, Progress(work.say, count))

    return visit.begin(ADD, f"Add account {request.account}", _command(visit, request), there)


def save(visit: Visit) -> Response:
    """Change how the account handles tags, approvals and what code manages."""
    account = checked_account(visit.path("account"))
    delay = visit.given("delay_minutes")
    if delay and not (delay.isdecimal() and 1 <= int(delay) <= 1440):
        raise InvalidInput("The minutes are a number from 1 to 1440. Nothing was changed.")
    request = HandlingRequest(
        account=account,
        tag_exemptions=bool(visit.given("tag_exemptions")),
        approvers=_lines(visit.given("approvers")),
        managed=Handling(visit.given("managed")) if visit.given("managed") in set(Handling) else None,
        delay_minutes=int(delay) if delay else None,
        managed_tags=_lines(visit.given("managed_tags")),
        managed_principals=_lines(visit.given("managed_principals")),
    )
    before, after = account_settings.set_handling(visit.workspace, request)
    visit.console.known.change()
    return visit.go(f"/accounts/{account}?saved={'yes' if before != after else 'same'}")


def ask_to_remove(visit: Visit) -> Response:
    """What its removal deletes, and what stays."""
    removal = remove_account.prepare(visit.workspace, visit.path("account"))
    return visit.page(
        "account_removal.html.j2",
        section="accounts",
        removal=removal,
        command=visit.command("accounts", "remove", removal.account.account),
    )


def remove(visit: Visit) -> Response:
    """Forget the account."""
    removal = remove_account.prepare(visit.workspace, visit.path("account"))
    left = removal.run()
    visit.console.known.change()
    if left:
        raise InvalidInput(
            f"Account {removal.account.account} was removed, except for this. {' '.join(left)}"
        )
    return visit.go(f"/accounts?removed={removal.account.account}")


def _form(visit: Visit, given: dict[str, str], questions: Sequence[str]) -> Response:
    try:
        before: Account | None = visit.workspace.registry.get(given["account"]) if given["account"] else None
    except UnknownAccount:
        before = None
    return visit.page(
        "account_form.html.j2",
        section="accounts",
        given=given,
        questions=questions,
        before=before,
        types=names(),
        local=visit.local,
        hub=visit.workspace.hub,
        command=shlex.join(["rightstate", "accounts", "add", given["account"] or "ACCOUNT"]),
    )


def _request(visit: Visit, given: dict[str, str]) -> AccountRequest:
    return AccountRequest(
        account=given["account"],
        regions=tuple(given["regions"].replace(",", " ").split()),
        all_regions=bool(given["all_regions"]),
        name=given["name"] or None,
        contacts=tuple(given["contacts"].replace(",", " ").split()),
        role=given["role"] or None,
        external_id=given["external_id"] or None,
        install=bool(given["install"]),
        profile=given["profile"] or None,
    )


def _command(visit: Visit, request: AccountRequest) -> str:
    single: dict[str, Any] = {
        "--name": request.name,
        "--role": request.role,
        "--external-id": request.external_id,
        "--profile": request.profile,
    }
    words = ["rightstate", "accounts", "add", request.account]
    words += [word for each in request.regions for word in ("--region", each)]
    words += [word for each in request.contacts for word in ("--contact", each)]
    words += [word for name, value in single.items() if value for word in (name, value)]
    words += ["--all-regions"] if request.all_regions else []
    words += ["--install"] if request.install else []
    return shlex.join([*words, *visit.console.named.options])


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip()) or ("",)


_FIELDS = (
    "account",
    "name",
    "regions",
    "all_regions",
    "contacts",
    "role",
    "external_id",
    "install",
    "profile",
)
ROUTES = [
    get("/accounts", list_all),
    get("/accounts/add", ask),
    post("/accounts/add", add),
    get("/accounts/{account}", show),
    get("/accounts/{account}/role", role),
    post("/accounts/{account}", save),
    get("/accounts/{account}/remove", ask_to_remove),
    post("/accounts/{account}/remove", remove),
]
