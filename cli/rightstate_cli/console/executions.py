"""What has run and what runs: a list with filters, and one execution with its path."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from starlette.responses import Response

from rightstate.catalogue import load_all, names
from rightstate.errors import InvalidInput
from rightstate.models.decision import Outcome
from rightstate.notifying.notification import NEXT_STEPS
from rightstate_cli.console.execution_path import machine
from rightstate_cli.console.routing import get
from rightstate_cli.console.visit import Visit
from rightstate_cli.executions.executions import short_ids
from rightstate_cli.executions.recorded import KEY, Past
from rightstate_cli.operations import history
from rightstate_cli.text import plain

_PAGE = 50
_FILTERS = ("outcome", "account", "type", "policy", "resource", "since", "until")


def list_all(visit: Visit) -> Response:
    """The executions that the address asks for, the newest first."""
    rows, more = _page(visit)
    ids = short_ids(each.execution.name for each in rows)
    return visit.filtered(
        "executions",
        section="executions",
        rows=rows,
        ids=ids,
        older=_cursor(rows) if more else None,
        failed=list(dict.fromkeys(key for past in rows if (key := _to_try_again(past)))),
        asked={name: visit.one(name) for name in _FILTERS},
        outcomes=list(Outcome),
        types=names(),
        policies=[policy.id for of in load_all() for policy in of.policies],
        command=visit.command("history", *_options(visit)),
        now=datetime.now(UTC),
    )


def show(visit: Visit) -> Response:
    """One execution: what led to it, what it found and did, and its path."""
    found = history.look_up(visit.workspace, _ANY, visit.path("name"), _PAGE)
    if len(found.executions) > 1:
        ids = short_ids(each.execution.name for each in found.executions)
        return visit.page(
            "several.html.j2",
            section="executions",
            rows=found.executions[::-1],
            ids=ids,
            asked=visit.path("name"),
        )
    [past] = found.executions
    execution = past.execution
    template = "execution_part.html.j2" if visit.partial else "execution.html.j2"
    return visit.page(
        template,
        section="executions",
        past=past,
        execution=execution,
        entry=past.entry,
        machine=machine(execution, found.definition(execution)),
        late=history.recorded_late(visit.workspace, past),
        step=_next_step(past),
        undoable=_undoable(past),
        again=_to_try_again(past),
        command=visit.command("history", execution.name),
    )


def _next_step(past: Past) -> str:
    """What to do about an execution that has failed."""
    error = past.entry.error if past.entry else ""
    return NEXT_STEPS.get(error, "").replace("{account}", plain(past.execution.account))


def _to_try_again(past: Past) -> str:
    """The resource whose execution has failed, as account/region/type/id; empty where it has not, or where
    that names no resource."""
    each = past.execution
    key = "/".join((each.account, each.region, each.resource_type, each.resource))
    # What steers the text around it is in no name of a resource.
    known = each.resource_type in names() and KEY.match(key) and plain(key) == key
    return key if known and each.outcome in (Outcome.FAILED, Outcome.DIED) else ""


def _undoable(past: Past) -> bool:
    entry = past.entry
    return bool(entry and entry.changes and entry.outcome == Outcome.REMEDIATED)


def _page(visit: Visit) -> tuple[list[Past], bool]:
    """A page of executions, the newest first, and whether there are older ones.

    Several may have started in the same millisecond, so a page begins behind the last one's name, not only
    behind its time.
    """
    before, name = _before(visit.one("before"))
    until = _moment(visit, "until", whole_day=True)
    if before and (until is None or before < until):
        until = before + timedelta(milliseconds=1)
    wanted = history.wanted(
        visit.asked.get("type", ()),
        Outcome(visit.one("outcome")) if visit.one("outcome") in set(Outcome) else None,
        visit.one("account") or None,
        _moment(visit, "since", whole_day=False),
        until,
        visit.asked.get("policy", ()),
        visit.one("resource") or None,
    )
    most = _PAGE * 2 if before else _PAGE
    rows = list(history.look_up(visit.workspace, wanted, None, most + 1).executions)[::-1]
    behind = next((place for place, each in enumerate(rows) if each.execution.name == name), -1)
    rows = rows[behind + 1 :]
    return rows[:_PAGE], len(rows) > _PAGE


def _cursor(rows: Sequence[Past]) -> str:
    last = rows[-1].execution
    return f"{last.started_at.astimezone(UTC).isoformat()} {last.name}"


def _before(given: str) -> tuple[datetime | None, str]:
    time, _, name = given.partition(" ")
    try:
        return (datetime.fromisoformat(time), name) if given else (None, "")
    except ValueError:
        raise InvalidInput("This address is cut off. Begin with the first page.") from None


def _moment(visit: Visit, name: str, whole_day: bool) -> datetime | None:
    """A day of the form, from its beginning or to its end."""
    given = visit.one(name)
    if not given:
        return None
    try:
        day = datetime.fromisoformat(given)
    except ValueError:
        raise InvalidInput(f"{name} takes a day, e.g. 2026-11-25.") from None
    day = day if day.tzinfo else day.replace(tzinfo=UTC)
    return day + timedelta(days=1) if whole_day and len(given) == len("2026-11-25") else day


def _options(visit: Visit) -> list[str]:
    return [word for name in _FILTERS for value in visit.asked.get(name, ()) for word in (f"--{name}", value)]


_ANY = history.wanted((), None, None, None, None, (), None)
ROUTES = [get("/executions", list_all), get("/executions/{name:path}", show)]
