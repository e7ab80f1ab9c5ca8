"""The pages of what was begun: how far it is, and what a plan shows."""

from collections.abc import Sequence
from typing import Any

from starlette.responses import Response

from rightstate.catalogue import find_policy
from rightstate.errors import InvalidInput
from rightstate.policy import Reversibility, Risk
from rightstate_cli.console.routing import get, post
from rightstate_cli.console.visit import Visit
from rightstate_cli.console.work import KEPT, State, Work
from rightstate_cli.operations.chosen import Planned
from rightstate_cli.planning.plan_file import EXCUSED, Plan, on_one_line
from rightstate_cli.planning.totals import totals

PLAN = "plan"
_SHOWN = 100


def find(visit: Visit, kind: str = "") -> Work:
    """The work of that id in the address. Raises InvalidInput where it is not kept, or is of another kind."""
    found = visit.console.works.find(visit.path("id"))
    if found is None or (kind and found.kind != kind):
        raise InvalidInput(
            f"This work is not known any more: the console keeps the newest {KEPT} that have ended, until it "
            "is stopped. What it did is in the executions."
        )
    return found


def list_all(visit: Visit) -> Response:
    """What was begun since the console was started."""
    works = visit.console.works
    return visit.page("works.html.j2", section="work", works=works.all, gone=works.gone, kept=KEPT)


def show(visit: Visit) -> Response:
    """How far a piece of work is, or its result."""
    work = find(visit).at_this_moment()
    template = "work_part.html.j2" if visit.partial else "work.html.j2"
    values = _of_plan(work.result) if work.kind == PLAN and work.state is State.DONE else {}
    return visit.page(template, section="work", work=work, **values)


def stop(visit: Visit) -> Response:
    """Ask it to end early."""
    work = find(visit)
    work.stop.set()
    return visit.go(f"/work/{work.id}")


def _of_plan(planned: Planned) -> dict[str, Any]:
    plan = planned.plan
    found = [item for item in plan.items if item.changes or item.status in ("broken", "held", *EXCUSED)]
    others = [item for item in plan.items if item not in found]
    return {
        "plan": plan,
        "totals": totals(plan),
        "items": found[:_SHOWN],
        "more": max(0, len(found) - _SHOWN),
        "others": others[:_SHOWN],
        "line_of": on_one_line,
        "risks": _risks(plan),
        "undo": _undo(plan),
        "unread": [item for item in plan.items if item.status == "unreadable"],
    }


def _risks(plan: Plan) -> list[tuple[Sequence[str], str, str]]:
    """Policies, risk and what they may break, of those that would change something."""
    found: dict[tuple[str, str], list[str]] = {}
    names = {policy for item in plan.to_change for change in item.changes for policy in change.policies}
    for policy in (find_policy(name)[1] for name in sorted(names)):
        if policy.risk is not Risk.SAFE:
            found.setdefault((policy.risk.value, policy.side_effects), []).append(policy.id)
    return [(ids, risk, effects) for (risk, effects), ids in found.items()]


def _undo(plan: Plan) -> list[tuple[Sequence[str], str]]:
    """Policies, and what an undo of their changes leaves or loses."""
    found: dict[str, list[str]] = {}
    for name, about in plan.policies.items():
        if about.reversibility is not Reversibility.FULLY:
            found.setdefault(about.reversible, []).append(name)
    return [(names, words) for words, names in found.items()]


ROUTES = [
    get("/work", list_all),
    get("/work/{id}", show),
    post("/work/{id}/stop", stop),
]
