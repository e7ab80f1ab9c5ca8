"""The states of the backfill: where it looks, what it starts for a resource, and how it ended.

What is long goes through the work bucket, never through state data: Step Functions passes 256 KiB at most,
and its Distributed Map reads its items from S3.
"""

import hashlib
import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice
from typing import Any

from rightstate import storage
from rightstate.accounts import settings
from rightstate.aws.errors import named_errors
from rightstate.catalogue import load, load_all
from rightstate.clock import written
from rightstate.errors import InvalidInput, SettingsUnreadable, UnexpectedEvent, UnknownAccount
from rightstate.executions import metrics, triggers
from rightstate.executions.step import logger
from rightstate.identify import identify, is_arn_of, shown
from rightstate.models.backfill import (
    BackfillInput,
    BackfillTask,
    NamedResource,
    PlaceTypes,
    Scope,
    ServiceItems,
    StoredObject,
    SummarizeTask,
    Summary,
    Work,
)
from rightstate.models.decision import Outcome
from rightstate.models.names import BATCH
from rightstate.models.settings import Account
from rightstate.models.start import StartInput
from rightstate.resource_type import Place, Resource, ResourceType

LONGEST_WAIT = timedelta(days=5)
"""So far ahead a backfill may begin. Its machine has some days more than that for the work itself."""
PLACES_OF_A_SCOPE = 4
"""Regions of an account that one execution of the map surveys, as each execution costs state transitions. The
types that could not be listed are in its state data, some hundred bytes each. It has room for 256 KiB."""


def find_scopes(task: BackfillTask) -> Work:
    """Which accounts, regions and services to look at. An approved plan names its own.

    Raises InvalidInput, Throttled and Unavailable; of an account that the input names UnknownAccount and
    SettingsUnreadable.
    """
    partition = task.execution.partition
    try:
        given = triggers.backfill_input(task.input)
    except UnexpectedEvent as error:
        metrics.add("UnexpectedEvents", 1)
        logger.warning("A finding starts nothing.", reason=str(error))
        given = BackfillInput(reason=str(error))
        return _work(given, task.execution.name)
    if given.not_before > written(datetime.now(UTC) + LONGEST_WAIT):
        raise InvalidInput(
            f"not_before is more than {LONGEST_WAIT.days} days ahead, longer than a backfill waits. "
            "Nothing was started."
        )
    work = _work(given, task.execution.name)
    if work.scopes:
        if (work.scopes.bucket, work.scopes.key.partition("/")[0]) != (os.environ["WORK_BUCKET"], "batches"):
            raise InvalidInput("scopes is no object of the hub's work bucket. Nothing was started.")
        return work
    found = list(_scopes_of_named(given, work, partition) if given.resources else _scopes(given, partition))
    found = [each.model_copy(update={"group": given.group}) for each in found]
    if not found:
        return work
    content = [each.model_dump(mode="json", exclude_none=True) for each in found]
    return work.model_copy(update={"scopes": _stored(f"batches/{work.batch}/scopes.json", content)})


def _work(given: BackfillInput, execution: str) -> Work:
    return Work(
        batch=given.batch or _as_batch(execution),
        scopes=given.scopes,
        policies=given.policies,
        mode=given.mode,
        reason=given.reason,
        sweep=given.sweep,
        concurrency=given.concurrency,
        not_before=given.not_before,
        until=given.until,
        requester=given.requester,
        event=given.event,
    )


def _as_batch(execution: str) -> str:
    """The execution's name; another, shorter one where that would not fit into the names of the batch's
    executions. EventBridge gives what it starts names of two UUIDs."""
    if re.fullmatch(BATCH, execution):
        return execution
    return f"{re.sub('[^A-Za-z0-9_-]', '-', execution)[:40]}-{_digest(execution)}"


def _scopes(given: BackfillInput, partition: str) -> Iterator[Scope]:
    for account in _accounts(given):
        enabled = [each for each in _types(given) if _wanted(account, each, given)]
        types: dict[str, list[str]] = {}
        regions = account.regions or (os.environ["AWS_REGION"],)
        for region in dict.fromkeys(given.regions or regions):
            if account.regions and region not in account.regions:
                continue
            for each in enabled:
                if not each.home_regions:
                    types.setdefault(region, []).append(each.name)
        for each in enabled:
            if home := each.home_regions.get(partition):
                types.setdefault(home, []).append(each.name)
        places = (PlaceTypes(region=region, types=tuple(named)) for region, named in types.items())
        while some := tuple(islice(places, PLACES_OF_A_SCOPE)):
            yield Scope(account=account.account, places=some)


def _types(given: BackfillInput) -> list[ResourceType]:
    return [load(name) for name in given.types] if given.types else load_all()


def _accounts(given: BackfillInput) -> Iterator[Account]:
    if given.accounts:
        yield from (settings.read(account) for account in given.accounts)
        return
    with named_errors():
        for item in storage.settings().scan():
            account = item["account"]
            try:
                yield settings.parsed(account, item)
            except SettingsUnreadable as error:
                # Its own executions fail with the same; those of the others go on.
                logger.error(str(error), account=account)


def _wanted(account: Account, resource_type: ResourceType, given: BackfillInput) -> bool:
    """Whether some policy of the type is enabled there, and not left out by the input."""
    try:
        enabled = settings.enabled(account, resource_type)
    except SettingsUnreadable as error:
        logger.error(str(error), account=account.account)
        return False
    if given.policies is None:
        return bool(enabled)
    return any(policy and policy.id in enabled for policy in map(resource_type.policy, given.policies))


def _scopes_of_named(given: BackfillInput, work: Work, partition: str) -> Iterator[Scope]:
    """The scopes of the resources that the input names, with their items."""
    found: dict[tuple[str, str, str], list[tuple[ResourceType, str, str]]] = {}
    # Once for an account, however many of its resources are named.
    read = cache(settings.read)
    for named in dict.fromkeys(given.resources or ()):
        for resource_type, resource in _covered(named, given, partition, read):
            place = (resource.account, resource.region, resource_type.service)
            found.setdefault(place, []).append((resource_type, resource.region, resource.id))
    for (account, region, service), resources in found.items():
        types = tuple(dict.fromkeys(resource_type.name for resource_type, _, _ in resources))
        scope = Scope(account=account, places=(PlaceTypes(region=region, types=types),), service=service)
        found_items = _items(scope, work, resources)
        yield scope.model_copy(update={"items": found_items.items, "count": found_items.count})


def _covered(
    named: NamedResource, given: BackfillInput, partition: str, read: Callable[[str], Account]
) -> Iterator[tuple[ResourceType, Resource]]:
    """What to start for a resource that is named. Several types share their ARNs, and find out by their
    descriptions which resources are theirs. A finding may be about anything: what is not to be started is
    logged, and no error."""
    place = Place(account=named.account, region=named.region, partition=partition)
    try:
        account = read(named.account)
        covering = [each for each in _types(given) if _is_named(each, named)]
        if not covering:
            raise InvalidInput("No resource type covers it.")
        elsewhere = account.regions and named.region not in account.regions
        enabled = [
            each
            for each in covering
            if _wanted(account, each, given) and (each.home_regions or not elsewhere)
        ]
        if not enabled:
            raise InvalidInput("No policy about it is enabled there.")
        for each in enabled:
            yield each, identify(each, place, named.resource)
    except (InvalidInput, UnknownAccount) as error:
        logger.warning(
            "Nothing is started for a resource that is named.",
            reason=str(error),
            account=named.account,
            resource=shown(named.resource),
        )


def _is_named(resource_type: ResourceType, named: NamedResource) -> bool:
    if named.config_type:
        return resource_type.config_type == named.config_type
    return is_arn_of(resource_type, named.resource)


def _items(scope: Scope, work: Work, resources: Iterable[tuple[ResourceType, str, str]]) -> ServiceItems:
    """The executions to be started for resources of one service, in the work bucket."""
    items = [
        item(scope, work, resource_type, region, resource) for resource_type, region, resource in resources
    ]
    [place] = scope.places
    where = _stored(items_key(scope, work, place.region, scope.service), items)
    return ServiceItems(region=place.region, service=scope.service, items=where, count=len(items))


def item(scope: Scope, work: Work, resource_type: ResourceType, region: str, resource: str) -> dict[str, Any]:
    """The execution to start for a resource."""
    return to_start(
        resource_type.name,
        StartInput(
            account=scope.account,
            region=region,
            resource=resource,
            policies=_narrowed(resource_type, work),
            mode=work.mode,
            reason=work.reason,
            sweep=work.sweep or None,
            batch=work.batch,
            requester=work.requester or None,
        ),
    )


def place_key(scope: Scope, work: Work, region: str) -> str:
    """What the keys of a place's objects in the work bucket begin with."""
    return f"batches/{work.batch}/{scope.account}-{region}"


def index_key(scope: Scope, work: Work, region: str) -> str:
    """Where it says of which services there are items, and which types could not be listed."""
    return f"{place_key(scope, work, region)}.json"


def items_key(scope: Scope, work: Work, region: str, service: str) -> str:
    """Where the items of a service of the place are."""
    return f"{place_key(scope, work, region)}-{service}.json"


def _narrowed(resource_type: ResourceType, work: Work) -> tuple[str, ...] | None:
    """Of the policies that the input names, those of the type."""
    if work.policies is None:
        return None
    return tuple(policy.id for policy in map(resource_type.policy, work.policies) if policy)


def to_start(resource_type: str, given: StartInput) -> dict[str, Any]:
    """One item of a batch: the execution to start for a resource.

    Its name is the same whenever the same batch comes to the same resource, so that Step Functions starts
    nothing twice (API reference, StartExecution: a name is free again after 90 days).
    """
    resource = f"{given.account}/{given.region}/{resource_type}/{given.resource}"
    return {
        "resource_type": resource_type,
        "name": f"{given.batch}-{_digest(resource)}",
        "input": given.model_dump(mode="json", exclude_none=True),
    }


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def summarize(task: SummarizeTask) -> Summary:
    """Count the batch's resources by the outcome of the last execution about each, and write them to the work
    bucket: one that has failed may have been tried once more.

    An execution that has not recorded its end is not among them; the alarm on died executions reports it.
    Types that an earlier run of the batch could not list are not either, because this run has tried them
    again.
    """
    # arn:aws:states:...:execution:MACHINE/MAP:NAME is what the executions of a map are called.
    maps = task.execution.id.rpartition(":")[0] + "/"
    latest = {
        item["resource"]: item
        for item in sorted(_of_batch(task.work.batch), key=lambda item: item["at"])
        if not item["execution"].startswith(maps) or item["at"] >= task.execution.started
    }
    entries = [
        {"resource": resource, "outcome": item["outcome"], "error": item["error"]}
        for resource, item in latest.items()
    ]
    outcomes = Counter(each["outcome"] for each in entries)
    report = _stored(f"batches/{task.work.batch}/report.json", {"outcomes": outcomes, "entries": entries})
    return Summary(outcomes=dict(sorted(outcomes.items())), failed=outcomes[Outcome.FAILED], report=report)


def _of_batch(batch: str) -> Iterator[dict[str, Any]]:
    with named_errors():
        yield from storage.ledger().query(batch, "batch")


def _stored(key: str, content: Any) -> StoredObject:
    with named_errors():
        storage.objects().put(key, json.dumps(content, separators=(",", ":")).encode())
    return StoredObject(bucket=os.environ["WORK_BUCKET"], key=key)
