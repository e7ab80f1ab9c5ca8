"""Batches of a hub: what an apply, a backfill or a sweep runs. Watch one, stop it, and go on with it."""

from collections import Counter

from starlette.responses import Response

from rightstate.errors import InvalidInput
from rightstate_cli.batches import applying
from rightstate_cli.batches.batches import DIED, IS_RUNNING, NOT_RUN, Batches, checked
from rightstate_cli.console.routing import get, post
from rightstate_cli.console.visit import Visit
from rightstate_cli.executions.executions import RUNNING

_LATEST = 30
_SHOWN = 100
_AGAIN = ("failed", DIED)
"""The outcomes of which `--failed` tries the resources once more."""


def list_all(visit: Visit) -> Response:
    """The latest runs, with the outcomes of the resources of their batches."""
    hub = visit.workspace.hub
    work = Batches(hub) if hub else None
    runs = work.latest(_LATEST) if work else []
    counts = {
        batch: Counter(each["outcome"] for each in work.outcomes(batch).values())
        for batch in dict.fromkeys(run.batch for run in runs)
        if work
    }
    return visit.page(
        "batches.html.j2",
        section="executions",
        local=visit.local,
        runs=runs,
        counts=counts,
        running=RUNNING,
        command=visit.of_hub("batch", "list", "--limit", str(_LATEST)),
    )


def show(visit: Visit) -> Response:
    """One batch: its runs, and what became of each resource."""
    work, batch = _work(visit), checked(visit.path("batch"))
    items, runs = work.items(batch), work.runs(batch)
    counts = Counter(each.outcome for each in items)
    wanted = visit.one("outcome")
    # What needs somebody comes first.
    chosen = sorted(
        (each for each in items if not wanted or each.outcome == wanted),
        key=lambda each: (each.settled, each.outcome == NOT_RUN, each.key),
    )
    return visit.page(
        "batch_part.html.j2" if visit.partial else "batch.html.j2",
        section="executions",
        batch=batch,
        runs=runs,
        run=runs[-1] if runs else None,
        running=bool(runs) and runs[-1].status == RUNNING,
        unlisted=work.unlisted(batch),
        counts=counts,
        settled=sum(each.settled for each in items),
        total=len(items),
        items=chosen[:_SHOWN],
        more=max(0, len(chosen) - _SHOWN),
        wanted=wanted,
        not_run=counts[NOT_RUN],
        again=sum(counts[each] for each in _AGAIN),
        not_begun=(NOT_RUN, IS_RUNNING),
        stop=_command(visit, "stop"),
        resume=_command(visit, "resume"),
        again_too=_command(visit, "resume", "--failed"),
        everything=_command(visit, "show", "--format", "csv"),
        command=_command(visit, "show"),
    )


def stop(visit: Visit) -> Response:
    """Start no more of its resources."""
    batch = visit.path("batch")
    applying.stop(_work(visit), batch)
    return visit.go(f"/batches/{batch}")


def resume(visit: Visit) -> Response:
    """Go on with what was not begun, and with what failed if the form says so."""
    batch = visit.path("batch")
    arn, _ = applying.resume(_work(visit), batch, bool(visit.given("failed")), None, None)
    if arn is None:
        raise InvalidInput("There is nothing to go on with. Nothing was started.")
    visit.console.known.change()
    return visit.go(f"/batches/{batch}")


def _work(visit: Visit) -> Batches:
    return Batches(visit.needs_hub())


def _command(visit: Visit, name: str, *words: str) -> str:
    return visit.of_hub("batch", name, visit.path("batch"), *words)


ROUTES = [
    get("/batches", list_all),
    get("/batches/{batch}", show),
    post("/batches/{batch}/stop", stop),
    post("/batches/{batch}/resume", resume),
]
