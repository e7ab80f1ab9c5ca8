"""What policies have to leave alone, why, and until when."""

import shlex
from datetime import UTC, datetime

from starlette.responses import Response

from rightstate.catalogue import load_all
from rightstate_cli.console.policies import registered
from rightstate_cli.console.routing import get, post
from rightstate_cli.console.visit import Visit
from rightstate_cli.operations import exempt
from rightstate_cli.operations.exempt import ExemptionRequest
from rightstate_cli.operations.workspace import exemption_days
from rightstate_cli.report import exemptions as listing


def list_all(visit: Visit) -> Response:
    """Those that count, what ends first coming first, then those that have ended."""
    now = datetime.now(UTC)
    found = exempt.find(visit.workspace, (), True, now)
    accounts = list({account.account: account for account, _ in found.exemptions}.values())
    return visit.page(
        "exemptions.html.j2",
        section="exemptions",
        rows=listing.listed(accounts, now),
        unreadable=found.unreadable,
        written=visit.one("written"),
        removed=visit.one("removed"),
        command=visit.command("exempt", "list", "--all"),
    )


def ask(visit: Visit) -> Response:
    """The form of a new one."""
    return _form(visit, {name: visit.one(name) for name in _FIELDS})


def add(visit: Visit) -> Response:
    """Write it. One that is wider than a resource or overlaps others is shown first."""
    given = {name: visit.given(name) for name in _FIELDS}
    request = ExemptionRequest(
        account=given["account"],
        reason=given["reason"],
        approver=given["approver"],
        resource=given["resource"] or None,
        region=given["region"] or None,
        tag=given["tag"] or None,
        policies=tuple(each for each in visit.form.get("policies", ()) if each),
        until=given["until"] or None,
    )
    addition = exempt.prepare(visit.workspace, request, datetime.now(UTC))
    if not visit.given("agreed") and (addition.of_whole_account or addition.overlapping):
        return _form(visit, given, addition)
    addition.run()
    visit.console.known.change()
    return visit.go(f"/exemptions?written={addition.made[0].id}")


def ask_to_remove(visit: Visit) -> Response:
    """What its removal means."""
    removal = exempt.prepare_removal(visit.workspace, visit.path("id"), None, datetime.now(UTC))
    return visit.page(
        "exemption_removal.html.j2",
        section="exemptions",
        each=removal.exemption,
        account=removal.account,
        counts=removal.counts,
        command=visit.command("exempt", "remove", removal.exemption.id),
    )


def remove(visit: Visit) -> Response:
    """Remove it."""
    removal = exempt.prepare_removal(visit.workspace, visit.path("id"), None, datetime.now(UTC))
    removal.run()
    visit.console.known.change()
    return visit.go(f"/exemptions?removed={removal.exemption.id}")


def _form(visit: Visit, given: dict[str, str], addition: exempt.Addition | None = None) -> Response:
    accounts, _ = registered(visit)
    policies = list(visit.form.get("policies", ())) or list(visit.asked.get("policies", ()))
    words = ["rightstate", "exempt", "add"]
    for name in _FIELDS:
        words += [f"--{name}", given[name]] if given[name] else []
    words += [word for each in policies if each for word in ("--policy", each)]
    return visit.page(
        "exemption_form.html.j2",
        section="exemptions",
        given=given,
        chosen=policies,
        accounts=accounts,
        addition=addition,
        most=exemption_days(visit.workspace),
        today=datetime.now(UTC).date(),
        policies=[policy.id for of in load_all() for policy in of.policies],
        command=shlex.join([*words, *visit.console.named.options]),
    )


_FIELDS = ("account", "resource", "region", "tag", "reason", "approver", "until")
ROUTES = [
    get("/exemptions", list_all),
    get("/exemptions/add", ask),
    post("/exemptions/add", add),
    get("/exemptions/{id}/remove", ask_to_remove),
    post("/exemptions/{id}/remove", remove),
]
