"""Everything that is found wrong, with filters, and one resource: why it is as it is."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from starlette.responses import Response, StreamingResponse

from rightstate.catalogue import load_all, names
from rightstate.errors import InvalidInput, Unavailable
from rightstate.in_code import MANAGED, lines_of
from rightstate.models.decision import Status
from rightstate.policy import Severity
from rightstate_cli.console import halts
from rightstate_cli.console.routing import get
from rightstate_cli.console.visit import Visit
from rightstate_cli.executions.recorded import KEY
from rightstate_cli.operations.explain import Explaining
from rightstate_cli.report import found_wrong
from rightstate_cli.report.posture import State
from rightstate_cli.report.standing import Standing, Wrong
from rightstate_cli.standards.frameworks import Framework, policies_of
from rightstate_cli.tables.ledger_table import Query

_PAGE = 50
_PATIENCE_OF_FILE = 60.0
"""Seconds that a file waits for the ledger: it cannot show itself later."""
_FILTERS = ("text", "account", "region", "type", "policy", "severity", "framework", "state")
_OF_PLAN = ("account", "region", "type", "policy", "severity", "framework")
"""The filters that `rightstate plan` has too."""
_LINES = 500
"""Lines of a file that are sent at once."""
STATES = {
    "broken": "Not compliant",
    "waiting": "Waits for approval",
    "halted": "Halted",
    "left": "Left alone",
    "unread": "Could not be read",
}
"""The states that a resource can be chosen by. Halted ones are left alone too."""


def list_all(visit: Visit) -> Response:
    """A page of the resources that are found wrong."""
    known = visit.console.known.standing()
    if known is None:
        template = "reading_part.html.j2" if visit.partial else "reading.html.j2"
        return visit.page(template, section="resources")
    rows = chosen(visit, known)
    first = min(visit.number("from", 0), max(0, len(rows) - 1))
    shown = rows[first : first + _PAGE]
    return visit.filtered(
        "resources",
        section="resources",
        known=known,
        rows=shown,
        first=first,
        page=_PAGE,
        count=len(rows),
        accounts={key: each.name for key, each in known.accounts.items()},
        all_accounts=sorted({each.place[0] for each in known.wrong}),
        regions=sorted({each.place[1] for each in known.wrong}),
        types=names(),
        policies=[policy.id for of in load_all() for policy in of.policies],
        severities=list(reversed(Severity)),
        frameworks=list(Framework),
        states=STATES,
        halted={key for key, _ in known.halts},
        asked={name: visit.one(name) for name in _FILTERS},
        filtered=any(visit.one(name) for name in _FILTERS),
        command=visit.command("plan", *_options(visit)),
        query=visit.address(**{"from": None}).partition("?")[2],
    )


def as_csv(visit: Visit) -> Response:
    """What the address asks for, for a spreadsheet: a row for each policy that a resource breaks."""
    known = _read(visit)
    return _file(
        found_wrong.as_csv(chosen(visit, known)), "text/csv; charset=utf-8", "rightstate-findings.csv"
    )


def as_findings(visit: Visit) -> Response:
    """What the address asks for, as findings in the OCSF for other tools."""
    known = _read(visit)
    lines = found_wrong.as_ocsf(chosen(visit, known), known.at)
    return _file(lines, "application/jsonl", "rightstate-findings.ocsf.jsonl")


def show(visit: Visit) -> Response:
    """One resource: its history, and a place for what a fresh read finds."""
    key = visit.path("key")
    explaining = Explaining(visit.workspace)
    _check(key)
    [(resource_type, resource), *_] = explaining.resources(key, None, None)
    halted, unknown = halts.of(visit, key)
    known = visit.console.known.standing(patience=0)
    wrong = next((each for each in known.wrong if each.resource == key), None) if known else None
    entries = list(islice(visit.workspace.ledger.entries(Query(resource=key)), 20))
    return visit.page(
        "resource.html.j2",
        section="resources",
        key=key,
        of=resource_type,
        resource=resource,
        arn=_arn(resource_type.arn_of(resource)),
        wrong=wrong,
        entries=entries,
        halts=halted,
        unknown=unknown,
        released=visit.asked.get("released", ()),
        parameters=[
            (f"{policy.id}.{name}", declared.why)
            for policy in resource_type.policies
            for name, declared in policy.parameters.items()
        ],
        release=visit.command("breaker", "release", key),
        command=visit.command("explain", key),
    )


def explained(visit: Visit) -> Response:
    """What a fresh read finds: for each policy, the one rule that decides."""
    key = visit.path("key")
    _check(key)
    explaining = Explaining(visit.workspace)
    [(resource_type, resource), *_] = explaining.resources(key, None, None)
    found = explaining.explain(resource_type, resource, ())
    places = resource_type.in_code
    code = {
        each.policy: lines_of(places, ((finding.setting, finding.after) for finding in each.findings))
        for each in found.now.policies
        if each.status == Status.MANAGED
    }
    return visit.page("explained_part.html.j2", found=found, code=code, managed=MANAGED)


def chosen(visit: Visit, known: Standing) -> Sequence[Wrong]:
    """The resources that the address, or the form that has its values, asks for."""
    tests = list(_tests(visit, known))
    return [each for each in known.wrong if all(test(each) for test in tests)]


def _tests(visit: Visit, known: Standing) -> Iterator[Callable[[Wrong], bool]]:
    for place, name in enumerate(("account", "region", "type")):
        if wanted := visit.asked.get(name):
            values = frozenset(wanted)
            yield lambda each, place=place, values=values: each.place[place] in values  # type: ignore[misc]
    if policies := frozenset(visit.asked.get("policy", ())):
        yield lambda each: any(name in policies for name, _ in each.states)
    if (severity := visit.one("severity")) in set(Severity):
        least = Severity(severity).rank
        yield lambda each: each.severity is not None and each.severity.rank >= least
    if (framework := visit.one("framework")) in set(Framework):
        required = policies_of(Framework(framework))
        yield lambda each: any(name in required for name, _ in each.states)
    if state := visit.one("state"):
        yield _of_state(state, known)
    if words := visit.one("text").lower().split():
        yield lambda each: _has(each, words)


def _read(visit: Visit) -> Standing:
    known = visit.console.known.standing(_PATIENCE_OF_FILE)
    if known is None:
        raise Unavailable("The ledger is still being read. Nothing was written. Try again in a moment.")
    return known


def _file(lines: Iterator[str], kind: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    # Each part is sent by way of another thread, which takes longer than to make a line.
    parts = iter(lambda: "".join(islice(lines, _LINES)), "")
    return StreamingResponse(parts, media_type=kind, headers=headers)


def _of_state(state: str, known: Standing) -> Callable[[Wrong], bool]:
    if state == "unread":
        return lambda each: not each.states
    if state == "halted":
        halted = {key for key, _ in known.halts}
        return lambda each: each.resource in halted
    if state not in set(State):
        return lambda each: False
    return lambda each: any(found == state for _, found in each.states)


def _has(each: Wrong, words: Sequence[str]) -> bool:
    text = f"{each.resource} {each.reason} {' '.join(name for name, _ in each.states)}".lower()
    return all(word in text for word in words)


def _options(visit: Visit) -> list[str]:
    return [word for name in _OF_PLAN for value in visit.asked.get(name, ()) for word in (f"--{name}", value)]


def _check(key: str) -> None:
    if not KEY.match(key) or key.split("/", 3)[2] not in names():
        raise InvalidInput("There is no such resource: a resource is account/region/type/id.")


def _arn(arn: str) -> str:
    return "" if "*" in arn else arn


ROUTES = [
    get("/resources", list_all),
    get("/resources.csv", as_csv),
    get("/resources.ocsf.jsonl", as_findings),
    get("/explained/{key:path}", explained),
    get("/resources/{key:path}", show),
]
