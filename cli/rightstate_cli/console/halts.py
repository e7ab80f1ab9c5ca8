"""Halts: policies that no longer change a resource, because something undoes their changes."""

from urllib.parse import quote, urlencode

from starlette.responses import Response

from rightstate.errors import InvalidInput, RightstateError
from rightstate.guarding.guards import Halt
from rightstate_cli.console.routing import get, post
from rightstate_cli.console.visit import Visit
from rightstate_cli.executions.recorded import KEY
from rightstate_cli.operations import release_halts
from rightstate_cli.operations.workspace import guarding_of


def list_all(visit: Visit) -> Response:
    """Every halt, the oldest first, by resource."""
    by_resource: dict[str, list[Halt]] = {}
    for resource, halt in guarding_of(visit.workspace).halts():
        by_resource.setdefault(resource, []).append(halt)
    return visit.page(
        "halts.html.j2",
        section="resources",
        by_resource=by_resource,
        command=visit.command("breaker", "list"),
    )


def release(visit: Visit) -> Response:
    """Let the policies change the resource again; all of them where the form names none."""
    key = visit.given("resource")
    if not KEY.match(key):
        raise InvalidInput("A resource is account/region/type/id. Nothing was released.")
    policies = [each for each in visit.form.get("policy", ()) if each]
    resource, released = release_halts.release(guarding_of(visit.workspace), key, policies)
    visit.console.known.change()
    return visit.go(f"/resources/{quote(resource)}?{urlencode({'released': released}, doseq=True)}")


def of(visit: Visit, key: str) -> tuple[tuple[Halt, ...], list[str]]:
    """The halts of a resource as they are now, and why they cannot be told, if so."""
    guarding = visit.workspace.guarding
    if guarding is None:
        return (), []
    try:
        return guarding.guard(key).halts, []
    except RightstateError as error:
        return (), [f"Whether it is halted cannot be told. {error}"]


ROUTES = [get("/halts", list_all), post("/halts/release", release)]
