"""SQS queues, standard and FIFO."""

from collections.abc import Iterator, Mapping, Sequence

from rightstate.policies.sqs_queue import POLICIES
from rightstate.resource_type import (
    Call,
    Change,
    Clients,
    Observed,
    Place,
    Resource,
    ResourceType,
    Setting,
    Tags,
)
from rightstate.wants import Value


def _find(clients: Clients, place: Place) -> Iterator[str]:
    for page in clients("sqs").get_paginator("list_queues").paginate(PaginationConfig={"PageSize": 1000}):
        yield from (url.rsplit("/", 1)[-1] for url in page.get("QueueUrls", ()))


def _describe(clients: Clients, resource: Resource, settings: frozenset[str]) -> Observed:
    sqs = clients("sqs")
    # The URL is asked for and never taken from an event, which could name any host.
    url = sqs.get_queue_url(QueueName=resource.id)["QueueUrl"]
    observed: dict[str, Value] = {"QueueUrl": url}
    if "Encryption" in settings:
        attributes = sqs.get_queue_attributes(
            QueueUrl=url, AttributeNames=["KmsMasterKeyId", "SqsManagedSseEnabled"]
        ).get("Attributes", {})
        observed["Encryption"] = _encryption(attributes)
    return observed


def _encryption(attributes: Mapping[str, str]) -> str:
    if key := attributes.get("KmsMasterKeyId"):
        return key
    return "SSE-SQS" if attributes.get("SqsManagedSseEnabled") == "true" else "none"


def _tags(clients: Clients, resource: Resource) -> Tags:
    sqs = clients("sqs")
    url = sqs.get_queue_url(QueueName=resource.id)["QueueUrl"]
    tags: Tags = sqs.list_queue_tags(QueueUrl=url).get("Tags", {})
    return tags


def _restore(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    """Whatever the queue was encrypted with, it was not before: the policy leaves every encryption alone."""
    [change] = changes
    off = {"SqsManagedSseEnabled": "false"} if change.before == "SSE-SQS" else {"KmsMasterKeyId": ""}
    return [
        Call(
            service="sqs",
            operation="SetQueueAttributes",
            parameters={"QueueUrl": observed["QueueUrl"], "Attributes": off},
            settings=("Encryption",),
        )
    ]


def _calls(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    [encryption] = [str(change.after) for change in changes]
    attributes = (
        {"SqsManagedSseEnabled": "true"} if encryption == "SSE-SQS" else {"KmsMasterKeyId": encryption}
    )
    return [
        Call(
            service="sqs",
            operation="SetQueueAttributes",
            parameters={"QueueUrl": observed["QueueUrl"], "Attributes": attributes},
            settings=("Encryption",),
        )
    ]


RESOURCE_TYPE = ResourceType(
    name="sqs-queue",
    title="SQS queue",
    service="sqs",
    policies=POLICIES,
    settings={
        "QueueUrl": Setting(read="GetQueueUrl:QueueUrl"),
        "Encryption": Setting(read="GetQueueAttributes:Attributes", write="SetQueueAttributes:Attributes"),
    },
    facts=("QueueUrl",),
    arn="arn:{partition}:sqs:{region}:{account}:{id}",
    # API reference, CreateQueue: up to 80 letters, digits, hyphens and underscores; FIFO ends in .fifo.
    id_pattern=r"[A-Za-z0-9_-]{1,75}\.fifo|[A-Za-z0-9_-]{1,80}",
    url_pattern=r"https?://(?:sqs\.)?(?P<region>[a-z]{2}[a-z-]*-[0-9]+)?[^/]*/(?P<account>[0-9]{12})/(?P<id>[^/]+)",
    config_type="AWS::SQS::Queue",
    find=_find,
    describe=_describe,
    tags=_tags,
    calls=_calls,
    read_actions=(
        "sqs:GetQueueAttributes",
        "sqs:GetQueueUrl",
        "sqs:ListQueueTags",
        "sqs:ListQueues",
    ),
    write_actions=("sqs:SetQueueAttributes",),
    restore=_restore,
    write_resources=("arn:{partition}:sqs:{region}:{account}:{id}",),
    gone=("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"),
)
