"""Plan the chosen resources, remediate what the plan shows, and follow it on a page of its own."""

import shlex
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from starlette.responses import Response

from rightstate.catalogue import find_policy
from rightstate.errors import InvalidInput
from rightstate.policy import Reversibility, Risk
from rightstate_cli.console import resources
from rightstate_cli.console.visit import Visit, get, post
from rightstate_cli.console.work import State, Work
from rightstate_cli.operations import chosen
from rightstate_cli.operations.chosen import Planned, Role
from rightstate_cli.planning.plan_file import EXCUSED, Plan, on_one_line
from rightstate_cli.planning.totals import totals
from rightstate_cli.text import checked_line, counted

PLAN, REMEDIATE = "plan", "remediate"
_MOST = 1000
"""Resources of one plan. More are what `rightstate plan` and `apply` are for."""
_SHOWN = 100


def plan(visit: Visit) -> Response:
    """Begin a plan of the chosen resources, or of all that the filter finds."""
    keys = list(visit.form.get("resource", ()))
    if visit.given("every"):
        known = visit.console.known.standing()
        if known is None:
            raise InvalidInput("The ledger is being read. Nothing was begun. Try again in a moment.")
        keys = [each.resource for each in resources.chosen(visit, known)]
    if len(keys) > _MOST:
        raise InvalidInput(
            f"{counted(len(keys), 'resource')} are chosen, and a plan has at most {_MOST} here. Nothing was "
            "begun. Use the filter, or `rightstate plan -o FILE` and `rightstate apply FILE`."
        )
    chosen.check(keys)
    role = _role(visit)
    workspace, ledger = visit.workspace, visit.console.named.ledger

    def run(work: Work) -> Planned:
        return chosen.plan(workspace, keys, ledger, work.say, work.progressed, role)

    command = _commands(visit, "plan", keys, role)
    return visit.begin(PLAN, f"Plan of {counted(len(keys), 'resource')}", command, run, role)


def remediate(visit: Visit) -> Response:
    """Begin what a plan shows."""
    before = _work(visit, PLAN)
    if before.state is not State.DONE:
        raise InvalidInput("This plan is not complete. Nothing was begun.")
    planned: Planned = before.result
    if not planned.plan.to_change and visit.local:
        raise InvalidInput("This plan changes nothing. Nothing was begun.")
    reason = checked_line("The reason", visit.given("reason") or "rightstate console", 256)
    console, local = visit.console, visit.local
    keys = ["/".join(item.key) for item in planned.plan.to_change]

    def run(work: Work) -> chosen.Ended:
        if not local:
            return planned.run(reason, work.stop, work.progressed, work.say)
        if not console.acting.acquire(blocking=False):
            work.say("Another run is under way on this machine. This one begins when it has ended.")
            console.acting.acquire()
        try:
            return planned.run(reason, work.stop, work.progressed, work.say)
        finally:
            console.acting.release()

    title = f"Remediate {counted(len(keys), 'resource')}"
    command = _commands(visit, "remediate", keys, before.about, reason)
    return visit.begin(REMEDIATE, title, command, run)


def list_all(visit: Visit) -> Response:
    """What was begun since the console was started."""
    return visit.page("works.html.j2", section="work", works=visit.console.works.all)


def show(visit: Visit) -> Response:
    """How far a piece of work is, or its result."""
    work = _work(visit)
    template = "work_part.html.j2" if visit.partial else "work.html.j2"
    values = _of_plan(work.result) if work.kind == PLAN and work.state is State.DONE else {}
    return visit.page(template, section="work", work=work, **values)


def stop(visit: Visit) -> Response:
    """Ask it to end early."""
    work = _work(visit)
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


def _role(visit: Visit) -> Role:
    """The role that the form names. A hub has its own."""
    name, external_id = visit.given("role"), visit.given("external_id")
    if not visit.local or not (name or external_id):
        return Role()
    if not name:
        raise InvalidInput("The external id is that of a role, and no role is named. Nothing was begun.")
    return Role(name, external_id or None)


def _commands(visit: Visit, name: str, keys: Sequence[str], role: Role, reason: str = "") -> str:
    """The commands that do the same, a line for each account and region."""
    partition = visit.workspace.caller.partition
    options = [*_of_role(role), *visit.console.named.options]
    lines = []
    for each in chosen.options_of(keys, partition):
        words = ["rightstate", name, *each, *options]
        if name == REMEDIATE and not visit.local:
            named = [word for flag, word in pairwise(each) if flag == "--resource"]
            rest = each[: each.index("--resource")]
            words = ["rightstate", "start", *named, *rest, "--reason", reason, *_of_start(visit)]
        lines.append(shlex.join(words))
    return "\n".join(lines)


def _of_role(role: Role) -> list[str]:
    given = {"--role": role.name, "--external-id": role.external_id}
    return [word for option, value in given.items() if value for word in (option, value)]


def _of_start(visit: Visit) -> list[str]:
    return [word for word in visit.console.named.options if word != "--deployed"]


def _work(visit: Visit, kind: str = "") -> Work:
    found = visit.console.works.find(visit.path("id"))
    if found is None or (kind and found.kind != kind):
        raise InvalidInput(
            "This work is not known any more: the console was started anew since. What it did is in the "
            "executions."
        )
    return found


ROUTES = [
    post("/plans", plan),
    post("/work/{id}/remediate", remediate),
    post("/work/{id}/stop", stop),
    get("/work", list_all),
    get("/work/{id}", show),
]
