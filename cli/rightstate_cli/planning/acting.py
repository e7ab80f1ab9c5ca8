"""Act on resources that were read: an execution for each that needs one, and a count of all."""

from collections import Counter
from collections.abc import Generator
from contextlib import closing
from datetime import UTC, datetime
from threading import Event

from rightstate_cli.executions.executions import NOT_STARTED, Execution, Start
from rightstate_cli.planning.survey import Item, Unlisted

_SETTLED = {"compliant", "not-applicable"}


class Acting:
    """What becomes of the resources that `found` yields, each read shortly before.

    `ended` has an entry for each resource that is done: its execution, or what was read of a resource that
    needs none. Without `keep`, `settled` counts those that comply or to which no policy applies, by outcome,
    and `ended` has no entry for them. `unlisted` are the types of which some or all could not be listed. Once
    `stop` is set, no more are read or started. `reason` goes into the ledger with each execution.
    """

    def __init__(
        self,
        found: Generator[Item | Unlisted, None, None],
        stop: Event,
        keep: bool = True,
        reason: str = "",
    ) -> None:
        self.ended: list[Execution] = []
        self.settled: Counter[str] = Counter()
        self.unlisted: list[Unlisted] = []
        self._found = found
        self._stop = stop
        self._keep = keep
        self._reason = reason

    @property
    def count(self) -> int:
        """How many resources are done."""
        return len(self.ended) + self.settled.total()

    def starts(self) -> Generator[Start, None, None]:
        """The executions to start, as soon as the resource is found."""
        with closing(self._found):
            for each in self._found:
                if self._stop.is_set():
                    return
                if isinstance(each, Unlisted):
                    self.unlisted.append(each)
                elif each.needs_execution:
                    yield _start(each, self._reason)
                elif not self._keep and each.status in _SETTLED:
                    self.settled[each.status] += 1
                else:
                    self.ended.append(_seen(each))


def _start(item: Item, reason: str) -> Start:
    return Start(
        resource_type=item.resource_type,
        input={
            "account": item.account,
            "region": item.region,
            "resource": item.resource,
            "reason": reason,
        },
    )


def _seen(item: Item) -> Execution:
    return Execution(
        name="",
        resource_type=item.resource_type,
        status=NOT_STARTED,
        outcome=item.decision.outcome if item.decision else item.status,
        reason=item.reason,
        account=item.account,
        region=item.region,
        resource=item.resource,
        started_at=datetime.now(UTC),
        seconds=0,
        decision=item.decision,
    )
