"""The first page: how everything stands, what needs somebody, and what was done."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from rightstate.errors import RightstateError
from rightstate_cli.console import charts
from rightstate_cli.console.routing import get
from rightstate_cli.console.visit import Visit
from rightstate_cli.executions.executions import Wanted
from rightstate_cli.report.posture import STATES, State
from rightstate_cli.report.standing import Standing

_FEW = 6
_COMPLIANT, _EXEMPT = STATES.index(State.COMPLIANT), STATES.index(State.EXEMPT)


def show(visit: Visit) -> Response:
    """The overview, or that the ledger is being read."""
    found = visit.console.known.standing()
    if found is None:
        return visit.page("reading.html.j2", section="overview")
    return visit.page("overview.html.j2", section="overview", **_values(visit, found))


def reading(visit: Visit) -> Response:
    """What the page that waits for the ledger asks for: itself again, or to be loaded anew."""
    try:
        ready = visit.console.known.standing() is not None
    except RightstateError:
        # The page says it when it is loaded.
        ready = True
    if ready:
        return Response(headers={"HX-Refresh": "true"})
    return visit.page("reading_part.html.j2")


def _values(visit: Visit, found: Standing) -> dict[str, Any]:
    figures = found.figures
    active = [each for each in found.exemptions if each["state"] != "expired"]
    coverage = found.coverage
    off = sum(len(each["off"]) for each in coverage["accounts"])
    return {
        "found": found,
        "figures": figures,
        "compliant": figures["pairs"][_COMPLIANT],
        "of": _of(figures["pairs"]),
        "trend": charts.trend(figures["days"], found.at.date()),
        "failing": figures["failures"],
        "active": active,
        "ending": [each for each in active if each["state"] == "ending"],
        "off": off,
        "switches": coverage["policies"] * len(coverage["accounts"]),
        "by_account": _worst(figures["accounts"]),
        "by_policy": _worst(figures["policies"])[:_FEW],
        "more_policies": max(0, len(figures["policies"]) - _FEW),
        "names": {key: each.name for key, each in found.accounts.items()},
        "assessed": _assessed(found.assessed),
        "running": visit.console.works.running,
        "latest": visit.workspace.history(_EVERYTHING).latest(_FEW)[0][::-1],
    }


def _of(row: Sequence[int]) -> int:
    return sum(row) - row[_EXEMPT]


def _worst(rows: Mapping[str, Sequence[int]]) -> list[tuple[str, Sequence[int]]]:
    """Those with the smallest compliant share first."""
    return sorted(
        rows.items(),
        key=lambda each: (each[1][_COMPLIANT] / _of(each[1]) if _of(each[1]) else 2, -_of(each[1]), each[0]),
    )


def _assessed(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """By account and region: when something was last assessed, and what was assessed longest ago."""
    found: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for each in rows:
        found.setdefault((each["account"], each["region"]), []).append(each)
    return [
        {
            "account": account,
            "region": region,
            "types": len(each),
            "oldest": min(each, key=lambda one: one["at"]),
            "newest": max(each, key=lambda one: one["at"]),
        }
        for (account, region), each in sorted(found.items(), key=lambda one: -max(r["at"] for r in one[1]))
    ]


_EVERYTHING = Wanted()
ROUTES = [get("/", show), get("/reading", reading)]
