"""The executions of a deployed hub: what the ledger has, and what Step Functions has beside it.

Step Functions knows those that run, and for 90 days after its end each execution's states.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import chain, islice
from typing import Any

from botocore.exceptions import ClientError

from rightstate.errors import InvalidInput, RightstateError
from rightstate.identify import shown
from rightstate.models.decision import Outcome
from rightstate_cli.aws import answers
from rightstate_cli.executions.executions import RUNNING, Execution, Wanted, glance, listed, machine_of, read
from rightstate_cli.executions.recorded import Past, decision_of, recorded, with_steps
from rightstate_cli.hub.deployment import Hub
from rightstate_cli.hub.follow import states_of
from rightstate_cli.hub.waiting import awaiting
from rightstate_cli.tables.guards_table import Guarding
from rightstate_cli.tables.ledger_table import Entry, Ledger, Query

_READERS = 16
_LOOKED_AT = 2000
"""Executions of each machine that are described at most for one list."""
_LISTED = 10_000
"""Executions of each machine that are searched at most for a part of a name."""
_ABSENT = {"ExecutionDoesNotExist", "InvalidArn"}


class HubHistory:
    """Reads what the hub's machines have run, those of the types wanted or all.

    `say` is given a sentence where requests for approval cannot be read. Its methods raise Denied,
    Unavailable and InvalidInput.
    """

    def __init__(self, hub: Hub, wanted: Wanted, say: Callable[[str], None] = lambda sentence: None) -> None:
        self._say = say
        self._hub = hub
        self._wanted = wanted
        self._ledger = Ledger(hub.ledger)
        self._states = states_of(hub)
        # A hub that is older than approvals has none, and nothing in it waits for one.
        self._guarding = Guarding(hub.guards) if hub.guards else None
        self._machines = {
            arn: named for named, arn in hub.machines().items() if not wanted.types or named in wanted.types
        }

    def latest(self, limit: int) -> tuple[list[Past], str]:
        """The latest that are wanted, the latest last, and a sentence about what is left out, if anything."""
        found = [
            *islice(recorded(self._ledger, self._wanted, self._hub.partition), limit + 1),
            *self._running(limit + 1),
        ]
        # One may have ended, and been recorded, between the two looks.
        unique = {each.execution.arn: each for each in reversed(found)}
        ordered = sorted(unique.values(), key=lambda each: each.execution.started_at)
        more = "Earlier ones are not shown; --limit shows more." if len(ordered) > limit else ""
        return ordered[-limit:], more

    def _running(self, limit: int) -> list[Past]:
        """Those that have not ended yet, of which nothing is recorded."""
        if self._wanted.outcome not in (None, Outcome.AWAITING_APPROVAL):
            return []
        # Most of them may be of other resources.
        most = limit if replace(self._wanted, types=frozenset()) == Wanted() else _LOOKED_AT
        with answers("Nothing was changed."), ThreadPoolExecutor(_READERS) as readers:
            lists = readers.map(self._listed_as_running, self._machines)
            arns = [each["executionArn"] for each in islice(chain.from_iterable(lists), most)]
            described = [each for each in readers.map(self._describe, arns) if each]
            glances = [glance(each, self._type_of(each)) for each in described if each["status"] == RUNNING]
            # What is decided of them only their requests say.
            about = replace(self._wanted, outcome=None, policies=frozenset())
            found = self._with_requests(readers, [each for each in glances if about.has(each)])
        return [each for each in found if self._wanted.has(each.execution)]

    def _with_requests(self, readers: ThreadPoolExecutor, running: Sequence[Execution]) -> list[Past]:
        """Those that run, with what they wait for."""
        guarding = self._guarding
        if guarding is None:
            return [Past(each, None) for each in running]
        try:
            requests = list(readers.map(lambda each: guarding.waiting_for(each.arn), running))
        except RightstateError as error:
            self._say(f"Whether one that runs waits for an approval cannot be told. {error}")
            return [Past(each, None) for each in running]
        return [
            Past(awaiting(each, request) if request else each, None, request)
            for each, request in zip(running, requests, strict=True)
        ]

    def _listed_as_running(self, machine: str) -> list[Any]:
        return list(islice(listed(self._states, machine, status=RUNNING), _LOOKED_AT))

    def named(self, name: str) -> list[Past]:
        """Those of that name or ARN, or whose name begins or ends so, each with what the ledger has of it.
        Of a single one the history is read, as long as Step Functions has it."""
        with answers("Nothing was changed."), ThreadPoolExecutor(_READERS) as readers:
            arns = [name] if name.startswith("arn:") else self._arns(name)
            described = self._described(readers, arns)
            entries = self._entries(readers, [each["executionArn"] for each in described] or arns)
            if not described and not entries and not name.startswith("arn:"):
                described = self._described(readers, self._alike(readers, name))
                entries = self._entries(readers, [each["executionArn"] for each in described])
            if len(described) == 1:
                seen = [read(self._states, described[0], self._type_of(described[0]))]
            else:
                seen = [glance(each, self._type_of(each)) for each in described]
            # One that has an entry has ended since it was looked at.
            runs = [each for each in seen if each.status == RUNNING and each.arn not in entries]
            found = self._with_requests(readers, runs)
        found += [_joined(each, entries.get(each.arn)) for each in seen if each not in runs]
        if not described:
            found = [Past(with_steps(each), each, forgotten=True) for each in entries.values()]
        found = [each for each in found if self._wanted.has(each.execution)]
        if not found:
            raise InvalidInput(
                f"No execution is named {shown(name)} in account {self._hub.account}, {self._hub.region}, "
                f"among the latest {_LISTED} of each state machine of the hub {shown(self._hub.stack)}, and "
                "none of exactly that name is in its ledger. Step Functions keeps them for 90 days; give the "
                "whole name of an older one."
            )
        return sorted(found, key=lambda each: each.execution.started_at)

    def definition(self, execution: Execution) -> Mapping[str, Any] | None:
        """The definition that the execution ran, None where it does not exist any more."""
        try:
            with answers("Nothing was changed."):
                answer = self._states.describe_state_machine_for_execution(executionArn=execution.arn)
            definition: Mapping[str, Any] = json.loads(answer["definition"])
        except (RightstateError, ValueError):
            return None
        return definition

    def _entries(self, readers: ThreadPoolExecutor, arns: list[str]) -> dict[str, Entry]:
        """The ledger's entries of those executions, by their ARN."""
        ours = [arn for arn in arns if machine_of(arn) in self._machines]
        lists = readers.map(lambda arn: list(self._ledger.entries(Query(execution=arn))), ours)
        return {entry.execution: entry for entry in chain.from_iterable(lists)}

    def _arns(self, name: str) -> list[str]:
        return [f"{machine.replace(':stateMachine:', ':execution:', 1)}:{name}" for machine in self._machines]

    def alike(self, part: str) -> list[str]:
        """The ARNs of the executions whose names begin or end so, as long as Step Functions has them."""
        with answers("Nothing was changed."), ThreadPoolExecutor(_READERS) as readers:
            return self._alike(readers, part)

    def _alike(self, readers: ThreadPoolExecutor, part: str) -> list[str]:
        return list(chain.from_iterable(readers.map(lambda each: self._alike_of(each, part), self._machines)))

    def _alike_of(self, machine: str, part: str) -> list[str]:
        entries = islice(listed(self._states, machine, self._wanted.since), _LISTED)
        alike = (each for each in entries if each["name"].startswith(part) or each["name"].endswith(part))
        return [each["executionArn"] for each in islice(alike, _LOOKED_AT)]

    def _described(self, readers: ThreadPoolExecutor, arns: list[str]) -> list[Mapping[str, Any]]:
        ours = [arn for arn in arns if machine_of(arn) in self._machines]
        return [each for each in readers.map(self._describe, ours) if each]

    def _describe(self, arn: str) -> Mapping[str, Any] | None:
        """None where there is none, or none any more."""
        try:
            described: Mapping[str, Any] = self._states.describe_execution(executionArn=arn)
        except ClientError as error:
            if error.response["Error"]["Code"] in _ABSENT:
                return None
            raise
        return described

    def _type_of(self, described: Mapping[str, Any]) -> str:
        return self._machines[machine_of(described["executionArn"])]


def _joined(execution: Execution, entry: Entry | None) -> Past:
    """What Step Functions has of it with what the ledger has. An execution that has died came to no outcome
    of its own."""
    if entry is None:
        return Past(execution, None)
    told = {
        "outcome": entry.outcome,
        "reason": entry.reason or execution.reason,
        "decision": execution.decision or decision_of(entry),
    }
    return Past(execution.model_copy(update=told), entry)
