"""Executions started and followed until they end, in the embedded engine or in a deployed hub."""

import json
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from threading import Event
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError

from rightstate.aws.sessions import CONFIG
from rightstate_cli.aws import answers
from rightstate_cli.executions.executions import RUNNING, Execution, Start, listed, machine_of, read
from rightstate_cli.hub.deployment import Hub
from rightstate_cli.text import counted

# Step Functions developer guide, "Quotas related to API action throttling": DescribeExecution has 10 to 15 a
# second in a region, for all who ask; so one may have to wait for its turn, and leaves some to others.
_DESCRIPTIONS_A_SECOND = 5
_PATIENT = CONFIG.merge(Config(retries={"mode": "adaptive", "total_max_attempts": 10}))
# DescribeExecution and ListExecutions are eventually consistent (API reference): what was started may not be
# there at once.
_UNSEEN_SECONDS = 30
# Resolve names no more than these of the executions that it started.
_NAMED = 100


@dataclass
class Following:
    """Starts executions, and gives them back as they end.

    `machines` has the ARN to start for each resource type. `pause` gives the seconds between two looks, for a
    number of executions. Once `left` is set it starts and follows no more. `running` has those that go on.
    """

    states: Any
    machines: Mapping[str, str]
    pause: Callable[[int], float]
    left: Event = field(default_factory=Event)
    running: dict[str, float] = field(default_factory=dict)
    _begun: set[str] = field(default_factory=set)

    def start(self, start: Start) -> str:
        """Start one and return its ARN. Raises Denied, Unavailable, InvalidInput."""
        with answers(self._so_far()):
            answer = self.states.start_execution(
                stateMachineArn=self.machines[start.resource_type],
                name=start.name or str(uuid.uuid4()),
                input=json.dumps(start.input),
            )
        arn: str = answer["executionArn"]
        self.follow([arn])
        return arn

    def follow(self, arns: Iterable[str]) -> None:
        """Follow executions that something else has started, each once."""
        for arn in arns:
            if arn not in self._begun:
                self._begun.add(arn)
                self.running[arn] = time.monotonic()

    def run(self, starts: Iterable[Start] = (), at_once: int = 8) -> Iterator[Execution]:
        """Start the executions, `at_once` at a time. Yields each followed execution when it has ended, and
        the executions that it started in turn. Raises Denied, Unavailable, InvalidInput."""
        waiting = iter(starts)
        while not self.left.is_set():
            for start in islice(waiting, max(0, at_once - len(self.running))):
                self.start(start)
                if self.left.is_set():
                    return
            if not self.running:
                return
            yield from self._ended()
            if self.running:
                time.sleep(self.pause(len(self.running)))

    def _ended(self) -> Iterator[Execution]:
        for arn in list(self.running):
            if self.left.is_set():
                return
            with answers(self._so_far()):
                described = self._described(arn)
                if described["status"] == RUNNING:
                    continue
                execution = read(self.states, described, self.type_of(arn))
                self.follow(self._children(arn, execution))
            del self.running[arn]
            yield execution

    def _described(self, arn: str) -> Mapping[str, Any]:
        try:
            described: Mapping[str, Any] = self.states.describe_execution(executionArn=arn)
        except ClientError as error:
            unseen = error.response["Error"]["Code"] == "ExecutionDoesNotExist"
            if unseen and time.monotonic() - self.running[arn] < _UNSEEN_SECONDS:
                return {"status": RUNNING}
            raise
        return described

    def _children(self, arn: str, execution: Execution) -> list[str]:
        """The executions that it started. Its output names only the first of many; all begin alike."""
        beginning = arn.rpartition(":")[0]
        named = [f"{beginning}:{name}" for name in execution.fanned_out_to]
        if len(named) < _NAMED:
            return named
        alike = execution.fanned_out_to[0].rpartition("-")[0]
        entries = listed(self.states, machine_of(arn), since=execution.started_at)
        return named + [each["executionArn"] for each in entries if each["name"].rpartition("-")[0] == alike]

    def type_of(self, arn: str) -> str:
        """The resource type of an execution."""
        machine = machine_of(arn)
        # What is started may be an alias, which the ARN of an execution does not name.
        return next(
            named for named, started in self.machines.items() if f"{started}:".startswith(f"{machine}:")
        )

    def _so_far(self) -> str:
        """What holds if the next call fails. One that was not answered may have been carried out."""
        if not self._begun:
            return "No execution is known to have been started."
        return (
            f"{counted(len(self._begun), 'execution')} had been started before, which nothing stops: "
            "`rightstate history --deployed` lists them."
        )


def states_of(hub: Hub) -> Any:
    """A client of the hub's Step Functions."""
    return hub.caller.session.client("stepfunctions", region_name=hub.region, config=_PATIENT)


def deployed(hub: Hub, left: Event | None = None) -> Following:
    """Follow executions of a deployed hub."""
    states = states_of(hub)
    machines = {resource_type: hub.machine(resource_type) for resource_type in hub.machines()}
    return Following(states, machines, lambda count: max(1, count / _DESCRIPTIONS_A_SECOND), left or Event())
