"""Add, change and remove accounts."""

from collections.abc import Sequence

from starlette.responses import Response

from rightstate.errors import InvalidInput, UnknownAccount
from rightstate.models.settings import Account, Handling
from rightstate_cli.aws import checked_account
from rightstate_cli.console.account_form import FIELDS, command, lines, requested
from rightstate_cli.console.routing import get, post
from rightstate_cli.console.visit import Visit
from rightstate_cli.console.work import Work
from rightstate_cli.hub.deployment import Hub
from rightstate_cli.operations import account_settings, add_account, remove_account
from rightstate_cli.operations.account_settings import HandlingRequest
from rightstate_cli.operations.add_account import (
    Added,
    admission_question,
    installation_question,
)
from rightstate_cli.progress import Progress

ADD = "account"


def ask(visit: Visit) -> Response:
    """The form of a new account."""
    return _form(visit, {name: visit.one(name) for name in FIELDS}, ())


def add(visit: Visit) -> Response:
    """Register it. What is installed, and whose events the hub accepts, is shown first. A form that cannot be
    right is shown again, with the reason."""
    given = {name: visit.given(name) for name in FIELDS}
    try:
        return _add(visit, given)
    except InvalidInput as error:
        return _form(visit, given, (), str(error))


def _add(visit: Visit, given: dict[str, str]) -> Response:
    request = requested(given)
    workspace = visit.workspace
    if workspace.hub is None:
        request.check()

        def here(work: Work) -> Added:
            return add_account.add_here(workspace, request)

        return visit.begin(ADD, f"Add account {request.account}", command(visit, request), here)
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

    return visit.begin(ADD, f"Add account {request.account}", command(visit, request), there)


def save(visit: Visit) -> Response:
    """Change how the account handles tags, approvals and what code manages."""
    account = checked_account(visit.path("account"))
    delay = visit.given("delay_minutes")
    if delay and not (delay.isdecimal() and 1 <= int(delay) <= 1440):
        raise InvalidInput("The minutes are a number from 1 to 1440. Nothing was changed.")
    request = HandlingRequest(
        account=account,
        tag_exemptions=bool(visit.given("tag_exemptions")),
        approvers=lines(visit.given("approvers")),
        managed=Handling(visit.given("managed")) if visit.given("managed") in set(Handling) else None,
        delay_minutes=int(delay) if delay else None,
        managed_tags=lines(visit.given("managed_tags")),
        managed_principals=lines(visit.given("managed_principals")),
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


def _form(visit: Visit, given: dict[str, str], questions: Sequence[str], wrong: str = "") -> Response:
    asked = requested(given)
    return visit.page(
        "account_form.html.j2",
        400 if wrong else 200,
        section="accounts",
        wrong=wrong,
        given=given,
        questions=questions,
        before=_before(visit, asked.account),
        local=visit.local,
        hub=visit.workspace.hub,
        command=command(visit, asked.model_copy(update={"account": asked.account or "ACCOUNT"})),
    )


def _before(visit: Visit, account: str) -> Account | None:
    """The settings that are written of the account; None if there are none, or it is no account."""
    try:
        found = visit.workspace.registry.get(account) if account else None
    except UnknownAccount:
        return None
    return found if found and found.revision else None


ROUTES = [
    get("/accounts/add", ask),
    post("/accounts/add", add),
    post("/accounts/{account}", save),
    get("/accounts/{account}/remove", ask_to_remove),
    post("/accounts/{account}/remove", remove),
]
