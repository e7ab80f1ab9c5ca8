"""The executions of a deployed hub, which Step Functions keeps for 90 days after their end."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from heapq import merge
from itertools import chain, islice
from typing import Any

from botocore.exceptions import ClientError

from rightstate.errors import InvalidInput
from rightstate.identify import shown
from rightstate_cli.aws import answers
from rightstate_cli.executions import Execution, Wanted, glance, listed, machine_of, moment, read
from rightstate_cli.following import states_of
from rightstate_cli.hub import Hub

_READERS = 16
_LOOKED_AT = 2000
"""So many executions at most are described for one list."""
_LISTED = 10_000
"""So many of each machine at most are searched for a part of a name."""
_ABSENT = {"ExecutionDoesNotExist", "InvalidArn"}


class HubHistory:
    """Reads what the hub's machines have run, those of the types wanted or all.

    Its methods raise Denied, Unavailable and InvalidInput.
    """

    def __init__(self, hub: Hub, wanted: Wanted) -> None:
        self._hub = hub
        self._wanted = wanted
        self._states = states_of(hub)
        self._machines = {
            arn: named for named, arn in hub.machines().items() if not wanted.types or named in wanted.types
        }

    def latest(self, limit: int) -> tuple[list[Execution], str]:
        """The latest that are wanted, the latest last, and a sentence about what is left out, if anything."""
        with answers("Nothing was changed."), ThreadPoolExecutor(_READERS) as readers:
            entries = self._newest_first(readers, min(limit, _LOOKED_AT))
            found: list[Execution] = []
            looked_at = 0
            while len(found) < limit and looked_at < _LOOKED_AT:
                some = [each["executionArn"] for each in islice(entries, max(limit - len(found), _READERS))]
                if not some:
                    break
                looked_at += len(some)
                described = readers.map(self._describe, some)
                glances = [glance(each, self._type_of(each)) for each in described if each]
                found += [each for each in glances if self._wanted.has(each)]
            more = len(found) > limit or next(entries, None) is not None
        shown_ones = sorted(found[:limit], key=lambda each: each.started_at)
        if not more:
            return shown_ones, ""
        if len(found) < limit:
            return shown_ones, f"Only the latest {looked_at} were looked at; --type and --since narrow that."
        return shown_ones, "Earlier ones are not shown; --limit shows more."

    def named(self, name: str) -> list[Execution]:
        """Those of that name or ARN, or whose name begins or ends so. Of a single one the history is read."""
        with answers("Nothing was changed."), ThreadPoolExecutor(_READERS) as readers:
            described = self._described(readers, [name] if name.startswith("arn:") else self._arns(name))
            if not described and not name.startswith("arn:"):
                lists = readers.map(lambda machine: self._alike(machine, name), self._machines)
                described = self._described(readers, list(chain.from_iterable(lists)))
            if len(described) == 1:
                found = [read(self._states, described[0], self._type_of(described[0]))]
            else:
                found = [glance(each, self._type_of(each)) for each in described]
        found = [each for each in found if self._wanted.has(each)]
        if not found:
            raise InvalidInput(
                f"No execution is named {shown(name)} in account {self._hub.account}, {self._hub.region}, "
                f"among the latest {_LISTED} of each state machine of the hub {shown(self._hub.stack)}. Step "
                "Functions keeps them for 90 days; the ledger keeps what they did for longer."
            )
        return sorted(found, key=lambda each: each.started_at)

    def _newest_first(self, readers: ThreadPoolExecutor, page: int) -> Iterator[Any]:
        """What ListExecutions has of all the machines, as far as the status can be wanted."""
        lists = [listed(self._states, machine, self._wanted.since, page) for machine in self._machines]
        # The first page of each is asked for at once, the others as they are needed.
        firsts = list(readers.map(lambda each: next(each, None), lists))
        begun = [chain([first], rest) for first, rest in zip(firsts, lists, strict=True) if first]
        merged = merge(*begun, key=moment, reverse=True)
        return (each for each in merged if self._wanted.may_have(each["status"]))

    def _arns(self, name: str) -> list[str]:
        return [f"{machine.replace(':stateMachine:', ':execution:', 1)}:{name}" for machine in self._machines]

    def _alike(self, machine: str, part: str) -> list[str]:
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
