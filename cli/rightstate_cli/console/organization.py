"""Members in every account of an organization: the StackSet, its stacks, and the accounts to register."""

from starlette.responses import Response

from rightstate.catalogue import names
from rightstate.errors import InvalidInput
from rightstate_cli.console.routing import get, post
from rightstate_cli.console.visit import Visit
from rightstate_cli.console.work import State, Work
from rightstate_cli.console.work_pages import find
from rightstate_cli.operations import organization
from rightstate_cli.operations.organization import Deployed, Deployment, DeployRequest, Registered
from rightstate_cli.progress import Progress

PREPARE, INSTALL, REGISTER = "organization_plan", "organization", "registration"


def show(visit: Visit) -> Response:
    """The forms to install members and to register their accounts. The stacks are read after the page."""
    visit.needs_hub()
    profile = visit.one("profile")
    return visit.page(
        "organization.html.j2",
        section="accounts",
        profile=profile,
        types=names(),
        given=DeployRequest(),
        command=visit.of_hub("organization", "show", *_of_profile(profile)),
    )


def stacks(visit: Visit) -> Response:
    """The StackSet, and its stack in each account and region."""
    hub = visit.needs_hub()
    _, stack_set = organization.administered(hub.stack, hub.region, visit.one("profile") or None)
    found = stack_set.find()
    return visit.page(
        "organization_part.html.j2",
        stack_set=stack_set,
        found=found,
        instances=stack_set.instances() if found else [],
    )


def prepare(visit: Visit) -> Response:
    """Begin to find out what the form means. Operations of AWS that run are followed to their end first."""
    hub = visit.needs_hub()
    profile = visit.given("profile")
    request = DeployRequest(
        units=_words(visit, "units"),
        root=bool(visit.given("root")),
        regions=_words(visit, "regions"),
        types=tuple(each for each in visit.form.get("types", ()) if each),
        boundary=visit.given("boundary") or None,
        max_concurrent=_percent(visit, "max_concurrent", 25, 1),
        failure_tolerance=_percent(visit, "failure_tolerance", 10, 0),
    )

    def run(work: Work) -> Deployment:
        _, stack_set = organization.administered(hub.stack, hub.region, profile or None, _told(work))
        return organization.prepare(hub, stack_set, request)

    return visit.begin(
        PREPARE, "What installing members means", _command(visit, request, profile), run, bool(profile)
    )


def install(visit: Visit) -> Response:
    """Begin what was shown. If it is stopped or fails, the same again does what is left."""
    visit.needs_hub()
    before = find(visit, PREPARE)
    if before.state is not State.DONE:
        raise InvalidInput("What it means is not known. Nothing was begun.")
    if not visit.given("agreed"):
        raise InvalidInput("Nothing was begun. Confirm first that these stacks are to be changed.")
    deployment: Deployment = before.result

    def run(work: Work) -> Deployed:
        deployment.stack_set.progress = _told(work)
        return deployment.run()

    return visit.begin(INSTALL, "Install members in the organization", before.command, run)


def register(visit: Visit) -> Response:
    """Begin to register the accounts that have their stacks, with no policy enabled."""
    hub = visit.needs_hub()
    profile = visit.given("profile")

    def run(work: Work) -> list[Registered]:
        _, stack_set = organization.administered(hub.stack, hub.region, profile or None, _told(work))
        return organization.register(hub, stack_set)

    command = visit.of_hub("organization", "register", *_of_profile(profile))
    return visit.begin(REGISTER, "Register the organization's accounts", command, run)


def _command(visit: Visit, request: DeployRequest, profile: str) -> str:
    words = [word for each in request.units for word in ("--ou", each)]
    words += ["--root"] if request.root else []
    words += [word for each in request.regions for word in ("--region", each)]
    words += [word for each in request.types for word in ("--type", each)]
    words += ["--boundary", request.boundary] if request.boundary else []
    default = DeployRequest()
    for name in ("max_concurrent", "failure_tolerance"):
        if getattr(request, name) != getattr(default, name):
            words += [f"--{name.replace('_', '-')}", str(getattr(request, name))]
    return visit.of_hub("organization", "deploy", *words, *_of_profile(profile))


def _of_profile(profile: str) -> list[str]:
    return ["--profile", profile] if profile else []


def _words(visit: Visit, name: str) -> tuple[str, ...]:
    return tuple(visit.given(name).replace(",", " ").split())


def _percent(visit: Visit, name: str, otherwise: int, least: int) -> int:
    given = visit.given(name)
    if not given:
        return otherwise
    if not (given.isdecimal() and least <= int(given) <= 100):
        raise InvalidInput(f"The percentage is a number from {least} to 100. Nothing was begun.")
    return int(given)


def _told(work: Work) -> Progress:
    return Progress(work.say, lambda what, done, total: work.progressed(done, total, what))


ROUTES = [
    get("/accounts/organization", show),
    get("/accounts/organization/stacks", stacks),
    post("/accounts/organization/prepare", prepare),
    post("/accounts/organization/register", register),
    post("/work/{id}/install", install),
]
