"""The accounts whose events the hub accepts by their number."""

from starlette.responses import Response

from rightstate.errors import InvalidInput
from rightstate_cli.console.routing import get, post
from rightstate_cli.console.visit import Visit
from rightstate_cli.console.work import Work
from rightstate_cli.hub import admission
from rightstate_cli.operations import admit_accounts
from rightstate_cli.operations.admit_accounts import Reconciliation

ADMIT = "admission"


def show(visit: Visit) -> Response:
    """The list as it is, and as it should be."""
    named = visit.asked.get("account", ())
    found = admit_accounts.prepare(visit.needs_hub(), named)
    return visit.page(
        "admitted.html.j2",
        section="accounts",
        found=found,
        named=named,
        stack=admission.name(found.hub),
        command=visit.of_hub("accounts", "admit", *named),
    )


def admit(visit: Visit) -> Response:
    """Begin to change the list, if it is still the one that was shown."""
    hub = visit.needs_hub()
    named = [each for each in visit.form.get("account", ()) if each]
    found = admit_accounts.prepare(hub, named)
    if list(visit.form.get("wanted", ())) != list(found.wanted):
        raise InvalidInput("The list is another one than the page showed. Nothing was changed. Reload it.")

    def run(work: Work) -> Reconciliation:
        work.progressed(0, None, f"Changing the stack {admission.name(hub)}")
        found.run()
        return found

    command = visit.of_hub("accounts", "admit", *named)
    return visit.begin(ADMIT, "Change whose events the hub accepts", command, run)


ROUTES = [get("/accounts/admitted", show), post("/accounts/admitted", admit)]
