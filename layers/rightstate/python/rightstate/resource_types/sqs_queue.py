"""SQS queues, standard and FIFO."""

from collections.abc import Iterator, Mapping, Sequence

from rightstate.event_rule import Rule, Subject
from rightstate.in_code import InCode
from rightstate.listing import PAGE, Answer, Shared, pages
from rightstate.policies.sqs_queue import POLICIES
from rightstate.resource_type import (
    Call,
    Change,
    Clients,
    Listing,
    Observed,
    Place,
    Resource,
    ResourceType,
    Setting,
    Tags,
)
from rightstate.wants import Value


def _pages(clients: Clients, place: Place, token: str) -> Iterator[tuple[Sequence[Answer], str]]:
    return pages(clients, "sqs", "list_queues", "QueueUrls", token, MaxResults=PAGE)


def _url(clients: Clients, resource: Resource) -> Answer:
    # The URL is asked for and never taken from an event, which could name any host.
    return clients("sqs").get_queue_url(QueueName=resource.id)["QueueUrl"]


def _observe(
    clients: Clients, resource: Resource, url: Answer, settings: frozenset[str], shared: Shared
) -> Observed:
    observed: dict[str, Value] = {"QueueUrl": url}
    if "Encryption" in settings:
        attributes = (
            clients("sqs")
            .get_queue_attributes(QueueUrl=url, AttributeNames=["KmsMasterKeyId", "SqsManagedSseEnabled"])
            .get("Attributes", {})
        )
        observed["Encryption"] = _encryption(attributes)
    return observed


def _encryption(attributes: Mapping[str, str]) -> str:
    if key := attributes.get("KmsMasterKeyId"):
        return key
    return "SSE-SQS" if attributes.get("SqsManagedSseEnabled") == "true" else "none"


def _tags(clients: Clients, resource: Resource, url: Answer, shared: Shared) -> Tags:
    tags: Tags = clients("sqs").list_queue_tags(QueueUrl=url).get("Tags", {})
    return tags


_LISTING = Listing(
    pages=_pages,
    id_of=lambda url: str(url).rsplit("/", 1)[-1],
    one=_url,
    observe=_observe,
    tags=_tags,
)


def _restore(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    """Switch the encryption off, of either kind: the policy only changes queues without encryption."""
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
    in_code={
        "Encryption": InCode(
            "AWS::SQS::Queue/KmsMasterKeyId",
            "aws_sqs_queue.kms_master_key_id",
            instead={
                "SSE-SQS": InCode(
                    "AWS::SQS::Queue/SqsManagedSseEnabled",
                    "aws_sqs_queue.sqs_managed_sse_enabled",
                    values={"SSE-SQS": True},
                )
            },
        )
    },
    facts=("QueueUrl",),
    arn="arn:{partition}:sqs:{region}:{account}:{id}",
    # API reference, CreateQueue: up to 80 letters, digits, hyphens and underscores; FIFO ends in .fifo.
    id_pattern=r"[A-Za-z0-9_-]{1,75}\.fifo|[A-Za-z0-9_-]{1,80}",
    url_pattern=r"https?://(?:sqs\.)?(?P<region>[a-z]{2}[a-z-]*-[0-9]+)?[^/]*/(?P<account>[0-9]{12})/(?P<id>[^/]+)",
    config_type="AWS::SQS::Queue",
    listing=_LISTING,
    rules=(
        Rule(
            "NewQueues",
            "sqs",
            ("CreateQueue",),
            Subject(("responseElements.queueUrl",)),
            name="sqs-queue-new",
        ),
        Rule("QueueCalls", "sqs", ("SetQueueAttributes",), Subject(("requestParameters.queueUrl",))),
    ),
    find=_LISTING.find,
    describe=_LISTING.describe,
    tags=_LISTING.tags_of,
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
