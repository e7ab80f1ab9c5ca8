"""Halts that are due: an execution for each resource, which may change it once.

Without this a halted resource would stay broken for as long as nothing happens to it and no sweep runs.
"""

import hashlib
import os

from rightstate.clock import now
from rightstate.executions import metrics
from rightstate.executions.starting import start_execution
from rightstate.frozen import Frozen
from rightstate.guarding import guards
from rightstate.guarding.guards import Halt
from rightstate.models.start import StartInput
from rightstate.models.tasks import StateTask


class LookedAgain(Frozen):
    """How many halts there are, and for how many resources an execution was started."""

    halts: int
    started: int


def look_again(task: StateTask) -> LookedAgain:
    """Start an execution for each resource with a halt that is due, and emit how many halts there are.

    Raises Denied, Throttled, Unavailable, CallFailed.
    """
    halts, at = list(guards.halts()), now()
    due: dict[str, list[Halt]] = {}
    for resource, halt in halts:
        if halt.due(at):
            due.setdefault(resource, []).append(halt)
    for resource, found in due.items():
        _start(resource, found)
    metrics.add("Halts", len(halts))
    return LookedAgain(halts=len(halts), started=len(due))


def _start(resource: str, halts: list[Halt]) -> None:
    account, region, resource_type, identifier = resource.split("/", 3)
    start = StartInput(
        account=account,
        region=region,
        resource=identifier,
        policies=tuple(sorted(halt.policy for halt in halts)),
        reason="It is looked at again, because it is halted.",
    )
    # The same for the same halts: the schedule comes again before a slow execution has ended.
    tries = sorted(f"{halt.policy} {halt.since} {halt.tries}" for halt in halts)
    digest = hashlib.sha256("\n".join((resource, *tries)).encode()).hexdigest()[:32]
    start_execution(f"{os.environ['MACHINES']}-{resource_type}:live", f"look-again-{digest}", start)
