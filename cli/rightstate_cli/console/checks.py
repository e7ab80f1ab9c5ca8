"""Whether the hub and its members are set up as they should be: the last look, and a new one."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.responses import Response

from rightstate_cli import checks
from rightstate_cli.checks import Per, Result, Status
from rightstate_cli.checks.grouping import Group, grouped
from rightstate_cli.checks.verification import prepare
from rightstate_cli.console.routing import get, post
from rightstate_cli.console.visit import Visit
from rightstate_cli.console.work import State, Work

CHECKS = "checks"
_WORST = (Status.FAIL, Status.WARN, Status.SKIP, Status.PASS)


@dataclass(frozen=True)
class Verified:
    """The results of one run."""

    results: Sequence[Result]

    @property
    def groups(self) -> list[Group]:
        """By cause, the worst first."""
        return sorted(grouped(self.results), key=lambda each: _WORST.index(each.status))

    @property
    def counts(self) -> dict[Status, int]:
        found = Counter(each.finding.status for each in self.results)
        return {status: found[status] for status in _WORST}


def show(visit: Visit) -> Response:
    """The last run, and the form of a new one."""
    works = visit.console.works.all
    last = next((each for each in works if each.kind == CHECKS and each.state is State.DONE), None)
    running = next((each for each in works if each.kind == CHECKS and each.running), None)
    return visit.page(
        "checks.html.j2",
        section="checks",
        last=last,
        running=running,
        result=last.result if last else None,
        local=visit.local,
        all=checks.ALL,
        per=Per,
        command=visit.command("verify", options=False),
    )


def run(visit: Visit) -> Response:
    """Begin a run of all checks, or of those that are named."""
    hub = visit.workspace.hub
    if hub is None:
        return visit.go("/checks")
    names = [each for each in visit.given("checks").replace(",", " ").split() if each]
    verification = prepare(hub, names, (), visit.given("inspect_role") or None, bool(visit.given("canary")))

    def verify(work: Work) -> Verified:
        found: list[Result] = []
        for each in verification.run():
            found.append(each)
            work.progressed(len(found), None, f"{each.check.id} {each.check.title}")
        return Verified(found)

    words = [word for each in names for word in ("--check", each)]
    return visit.begin(CHECKS, "Checks", visit.command("verify", *words, options=False), verify)


ROUTES = [get("/checks", show), post("/checks/run", run)]
