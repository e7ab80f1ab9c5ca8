"""The states of the backfill: which resources there are, where, and how it ended.

What is long goes through the work bucket, never through state data: Step Functions passes 256 KiB at most,
and its Distributed Map reads its items from S3.
"""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

from rightstate import settings
from rightstate.aws_errors import named_errors
from rightstate.catalogue import load, load_all
from rightstate.errors import SettingsUnreadable
from rightstate.models import (
    Account,
    BackfillInput,
    BackfillTask,
    ItemsFound,
    ListTask,
    Outcome,
    Scope,
    StartInput,
    StoredObject,
    SummarizeTask,
    Summary,
    Work,
)
from rightstate.resource_type import Place, ResourceType
from rightstate.sessions import Phase, hub_client, open_session
from rightstate.step import logger, parse


def find_scopes(task: BackfillTask) -> Work:
    """Which accounts, regions and services to look at; of an approved plan, those that it came with.

    Raises InvalidInput, SettingsUnreadable (of an account that the input names), Throttled, Unavailable.
    """
    given = parse(BackfillInput, task.input)
    batch = given.batch or task.execution.name
    scopes = given.scopes
    if scopes is None:
        found = list(_scopes(given, task.execution.partition))
        scopes = _stored(f"batches/{batch}/scopes.json", [each.model_dump(mode="json") for each in found])
    return Work(
        batch=batch,
        scopes=scopes,
        policies=given.policies,
        mode=given.mode,
        reason=given.reason,
        sweep=given.sweep,
        concurrency=given.concurrency,
        until=given.until,
    )


def _scopes(given: BackfillInput, partition: str) -> Iterator[Scope]:
    types = [load(name) for name in given.types] if given.types else list(load_all())
    for account in _accounts(given):
        enabled = [each for each in types if _wanted(account, each, given)]
        regions = account.regions or (os.environ["AWS_REGION"],)
        for region in dict.fromkeys(given.regions or regions):
            if account.regions and region not in account.regions:
                continue
            services: dict[str, list[str]] = {}
            for each in enabled:
                if not each.home_regions:
                    services.setdefault(each.service, []).append(each.name)
            for service, named in services.items():
                yield Scope(account=account.account, region=region, service=service, types=tuple(named))
        for each in enabled:
            if home := each.home_regions.get(partition):
                yield Scope(account=account.account, region=home, service=each.service, types=(each.name,))


def _accounts(given: BackfillInput) -> Iterator[Account]:
    if given.accounts:
        yield from (settings.read(account) for account in given.accounts)
        return
    pages = hub_client("dynamodb").get_paginator("scan").paginate(TableName=os.environ["SETTINGS_TABLE"])
    with named_errors():
        for page in pages:
            for item in page["Items"]:
                account = item["account"]["S"]
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


def list_resources(task: ListTask) -> ItemsFound:
    """List the scope's resources into the work bucket, as the executions to be started.

    Raises what opening a session and listing may raise.
    """
    scope, work = task.scope, task.work
    account = settings.read(scope.account)
    items = [
        to_start(
            resource_type.name,
            StartInput(
                account=scope.account,
                region=scope.region,
                resource=named,
                policies=_narrowed(resource_type, work),
                mode=work.mode,
                reason=work.reason,
                sweep=work.sweep or None,
                batch=work.batch,
            ),
        )
        for resource_type in map(load, scope.types)
        for named in _found(account, resource_type, scope, task)
    ]
    name = f"{scope.account}-{scope.region}-{scope.service}"
    return ItemsFound(items=_stored(f"batches/{work.batch}/{name}.json", items), count=len(items))


def _found(account: Account, resource_type: ResourceType, scope: Scope, task: ListTask) -> Iterator[str]:
    place = Place(account=scope.account, region=scope.region, partition=task.execution.partition)
    session = open_session(account, resource_type, place, Phase.READ, task.execution.name)
    with named_errors():
        yield from resource_type.find(session.client, place)


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
    digest = hashlib.sha256(resource.encode()).hexdigest()[:16]
    return {
        "resource_type": resource_type,
        "name": f"{given.batch}-{digest}",
        "input": given.model_dump(mode="json", exclude_none=True),
    }


def summarize(task: SummarizeTask) -> Summary:
    """Count the batch's entries of the ledger by outcome, and write them to the work bucket.

    An execution that has not recorded its end is not among them; the alarm about died executions tells.
    """
    entries = [
        {"resource": item["resource"]["S"], "outcome": item["outcome"]["S"], "error": item["error"]["S"]}
        for item in _of_batch(task.work.batch)
    ]
    outcomes = Counter(each["outcome"] for each in entries)
    report = _stored(f"batches/{task.work.batch}/report.json", {"outcomes": outcomes, "entries": entries})
    return Summary(outcomes=dict(sorted(outcomes.items())), failed=outcomes[Outcome.FAILED], report=report)


def _of_batch(batch: str) -> Iterator[dict[str, Any]]:
    pages = (
        hub_client("dynamodb")
        .get_paginator("query")
        .paginate(
            TableName=os.environ["LEDGER_TABLE"],
            IndexName="batch",
            KeyConditionExpression="batch = :batch",
            ExpressionAttributeValues={":batch": {"S": batch}},
        )
    )
    with named_errors():
        for page in pages:
            yield from page["Items"]


def _stored(key: str, content: Any) -> StoredObject:
    bucket = os.environ["WORK_BUCKET"]
    with named_errors():
        hub_client("s3").put_object(
            Bucket=bucket,
            Key=key,
            Body=json.dumps(content, separators=(",", ":")).encode(),
            ContentType="application/json",
        )
    return StoredObject(bucket=bucket, key=key)
