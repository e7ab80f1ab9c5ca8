"""Take the changes of an execution back: what will be restored, then the run."""

import shlex
from contextlib import nullcontext
from datetime import timedelta

from starlette.responses import Response

from rightstate.catalogue import find_policy
from rightstate.errors import InvalidInput
from rightstate.policy import Reversibility
from rightstate_cli.console.routing import get, post
from rightstate_cli.console.visit import Visit
from rightstate_cli.console.work import Work
from rightstate_cli.operations import taking_back
from rightstate_cli.operations.taking_back import Result
from rightstate_cli.text import checked_line

UNDO = "undo"
SPANS = {
    "2h": timedelta(hours=2),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}
"""For how long the policies leave the resource alone."""


def show(visit: Visit) -> Response:
    """What will be restored, and what that breaks or destroys."""
    wanted = taking_back.find(visit.workspace, visit.path("execution"))
    return visit.page(
        "undo.html.j2",
        section="executions",
        wanted=wanted,
        spans=SPANS,
        reversible=[
            (policy, find_policy(policy)[1].reversible)
            for policy in wanted.policies
            if find_policy(policy)[1].reversibility is not Reversibility.FULLY
        ],
        command=visit.command("undo", wanted.execution.rpartition(":")[2], "--reason", "TEXT"),
    )


def run(visit: Visit) -> Response:
    """Begin the undo."""
    workspace = visit.workspace
    reason = checked_line("The reason", visit.given("reason"))
    named = visit.given("exempt_for")
    if named not in SPANS:
        raise InvalidInput("Choose how long to exempt the resource. Nothing was changed.")
    taking_back.check_exemption(workspace, SPANS[named], named)
    wanted = taking_back.find(workspace, visit.path("execution"))
    consent = bool(visit.given("consent"))
    if wanted.destroyed and not consent:
        raise InvalidInput(
            f"Undoing it would destroy something. {' '.join(wanted.destroyed)} Nothing was changed."
        )
    start = taking_back.start_of(wanted, reason, consent, workspace.caller.user_id)
    approver = visit.given("approver") or None
    console, local = visit.console, visit.local

    def undo(work: Work) -> Result:
        with console.alone(work) if local else nullcontext():
            exemption = taking_back.exempt(workspace, wanted, SPANS[named], reason, approver)
            if exemption:
                work.say(f"Exemption {exemption.id} of {wanted.named} until {exemption.until} is written.")
            return taking_back.run(
                workspace,
                wanted,
                start,
                exemption,
                work.stop,
                lambda arn: work.say(f"Started {arn.rpartition(':')[2]}."),
            )

    words = ["rightstate", "undo", wanted.execution.rpartition(":")[2], "--reason", reason]
    words += ["--exempt-for", named, *(["--approver", approver] if approver else [])]
    words += ["--consent"] if consent else []
    command = shlex.join([*words, *visit.console.named.options])
    return visit.begin(UNDO, f"Undo of {wanted.named}", command, undo, wanted)


ROUTES = [get("/undo/{execution:path}", show), post("/undo/{execution:path}", run)]
