"""Executions as a ledger has them."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from heapq import merge

from rightstate.catalogue import load_all
from rightstate.identify import at_home, identify, is_arn_of, place_of
from rightstate.models.approval import Requested
from rightstate.models.decision import Decision, Outcome
from rightstate.resource_type import Place
from rightstate_cli.executions.executions import Execution, Step, Wanted
from rightstate_cli.tables.ledger_table import Entry, Ledger, Query

KEY = re.compile(r"[0-9]{12}/[^/]+/[^/]+/.")
"""So begins account/region/type/id."""


@dataclass(frozen=True)
class Past:
    """An execution, with the ledger's entry once it has ended, and the request that it waits with. Of one
    that Step Functions has `forgotten` the states are the ledger's."""

    execution: Execution
    entry: Entry | None
    request: Requested | None = None
    forgotten: bool = False


def recorded(ledger: Ledger, wanted: Wanted, partition: str) -> Iterator[Past]:
    """What of the wanted the ledger has, the newest first."""
    queries = _queries(wanted, partition)
    for entry in merge(*map(ledger.entries, queries), key=lambda each: each.at, reverse=True):
        named = wanted.resource
        if named is None or named in (entry.identifier, entry.arn) or queries[0].resource:
            yield Past(execution_of(entry), entry)


def execution_of(entry: Entry) -> Execution:
    """The execution as its entry shows it, which has no states."""
    status = {"failed": "FAILED", "died": entry.error, "stopped": "ABORTED"}.get(entry.outcome, "SUCCEEDED")
    return Execution(
        arn=entry.execution,
        name=entry.name,
        resource_type=entry.resource_type,
        status=status,
        outcome=entry.outcome,
        reason=entry.reason,
        account=entry.account,
        region=entry.region,
        resource=entry.identifier,
        started_at=entry.started_at,
        seconds=entry.seconds or 0,
        decision=decision_of(entry),
        operations=entry.calls,
    )


def with_steps(entry: Entry) -> Execution:
    """The execution with the states that its entry has."""
    steps = tuple(
        Step(
            state=each.state,
            entered=each.entered,
            left=each.entered + timedelta(seconds=each.seconds),
            errors=tuple(Counter(each.errors).elements()),
        )
        for each in entry.path
    )
    return execution_of(entry).model_copy(update={"steps": steps})


def _queries(wanted: Wanted, partition: str) -> list[Query]:
    """What to ask the ledger for: of a resource whose place is known, its own entries alone."""
    query = Query(
        account=wanted.account,
        types=wanted.types,
        policies=wanted.policies,
        outcomes=frozenset({wanted.outcome} if wanted.outcome else ()),
        since=wanted.since,
        until=wanted.until,
    )
    if wanted.resource is None:
        return [query]
    keys = keys_of(wanted.resource, partition)
    return [replace(query, resource=key) for key in keys] or [query]


def keys_of(resource: str, partition: str) -> list[str]:
    """account/region/type/id of the resource, where its ARN or name says all of it; one for each type that
    it may be of, as the ARNs of RDS and Neptune are alike."""
    if KEY.match(resource):
        return [resource]
    found = []
    for each in (each for each in load_all() if is_arn_of(each, resource)):
        named = place_of(each, resource, Place(account="", region="", partition=partition))
        place = at_home(each, named)
        if place.account and place.region:
            found.append(f"{place.account}/{place.region}/{each.name}/{identify(each, place, resource).id}")
    return found


def decision_of(entry: Entry) -> Decision | None:
    # One that has died has no verdicts, and may have changes.
    if not (entry.verdicts or entry.changes) or entry.outcome not in set(Outcome):
        return None
    return Decision(
        apply=entry.outcome == Outcome.REMEDIATED,
        outcome=Outcome(entry.outcome),
        reason=entry.reason,
        rule=entry.rule,
        plan=entry.plan,
        verdicts=entry.verdicts,
        changes=entry.changes,
    )
