"""Plan the chosen resources, remediate what the plan shows, and follow it on a page of its own."""

import shlex
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from itertools import pairwise

from starlette.responses import Response

from rightstate.catalogue import names
from rightstate.errors import InvalidInput
from rightstate_cli.console import resources
from rightstate_cli.console.routing import post
from rightstate_cli.console.visit import Visit
from rightstate_cli.console.work import State, Work
from rightstate_cli.console.work_pages import PLAN, find
from rightstate_cli.operations import chosen
from rightstate_cli.operations.chosen import Planned, Role
from rightstate_cli.text import checked_line, counted

REMEDIATE = "remediate"
_MOST = 1000
"""Resources of one plan. More are what `rightstate plan` and `apply` are for."""


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
    how = _how(visit, keys)
    workspace, ledger = visit.workspace, visit.console.named.ledger

    def run(work: Work) -> Planned:
        return chosen.plan(workspace, keys, ledger, work.say, work.progressed, how.role, how.parameters)

    command = _commands(visit, "plan", keys, how)
    return visit.begin(PLAN, f"Plan of {counted(len(keys), 'resource')}", command, run, how)


def remediate(visit: Visit) -> Response:
    """Begin what a plan shows."""
    before = find(visit, PLAN)
    if before.state is not State.DONE:
        raise InvalidInput("This plan is not complete. Nothing was begun.")
    planned: Planned = before.result
    if not planned.plan.to_change and visit.local:
        raise InvalidInput("This plan changes nothing. Nothing was begun.")
    reason = checked_line("The reason", visit.given("reason") or "rightstate console", 256)
    console, local = visit.console, visit.local
    keys = ["/".join(item.key) for item in planned.plan.to_change]

    def run(work: Work) -> chosen.Ended:
        with console.alone(work) if local else nullcontext():
            return planned.run(reason, work.stop, work.progressed, work.say)

    title = f"Remediate {counted(len(keys), 'resource')}"
    command = _commands(visit, "remediate", keys, before.about, reason)
    return visit.begin(REMEDIATE, title, command, run)


@dataclass(frozen=True)
class How:
    """The role and the values of parameters that the form gives. A hub has its own."""

    role: Role = field(default_factory=Role)
    parameters: Sequence[str] = ()


def _how(visit: Visit, keys: Sequence[str]) -> How:
    if not visit.local:
        return How()
    name, external_id = visit.given("role"), visit.given("external_id")
    if external_id and not name:
        raise InvalidInput("The external id is that of a role, and no role is named. Nothing was begun.")
    lines = (each.strip() for each in visit.given("set").splitlines())
    parameters = tuple(each for each in lines if each)
    chosen.check_parameters(parameters, {key.split("/", 3)[2] for key in keys})
    return How(Role(name, external_id or None) if name else Role(), parameters)


def _commands(visit: Visit, name: str, keys: Sequence[str], how: How, reason: str = "") -> str:
    """The commands that do the same, a line for each account and region."""
    partition = visit.workspace.caller.partition
    why = ["--reason", reason] if reason else []
    options = [*why, *visit.console.named.options]
    lines = []
    for each in chosen.options_of(keys, partition):
        types = {word for flag, word in pairwise(each) if flag == "--type"} or set(names())
        values = [word for one in chosen.of_types(how.parameters, types) for word in ("--set", one)]
        words = ["rightstate", name, *each, *_of_role(how.role), *values, *options]
        if name == REMEDIATE and not visit.local:
            named = [word for flag, word in pairwise(each) if flag == "--resource"]
            rest = each[: each.index("--resource")]
            words = ["rightstate", "start", *named, *rest, *why, *_of_start(visit)]
        lines.append(shlex.join(words))
    return "\n".join(lines)


def _of_role(role: Role) -> list[str]:
    given = {"--role": role.name, "--external-id": role.external_id}
    return [word for option, value in given.items() if value for word in (option, value)]


def _of_start(visit: Visit) -> list[str]:
    return [word for word in visit.console.named.options if word != "--deployed"]


ROUTES = [post("/plans", plan), post("/work/{id}/remediate", remediate)]
