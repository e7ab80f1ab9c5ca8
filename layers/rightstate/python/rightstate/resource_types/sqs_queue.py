"""SQS queues, standard and FIFO."""

from collections.abc import Callable, Mapping, Sequence

from rightstate import resource_policy
from rightstate.event_rule import Rule, Subject
from rightstate.in_code import InCode
from rightstate.listing import PAGE, Answer, Shared, paged
from rightstate.policies.sqs_queue import POLICIES
from rightstate.resource_type import (
    Call,
    Change,
    Clients,
    Listing,
    Observed,
    Resource,
    ResourceType,
    Setting,
    Tags,
)
from rightstate.wants import Value

# Which attributes of a queue make a setting.
_ATTRIBUTES = {"Encryption": ("KmsMasterKeyId", "SqsManagedSseEnabled"), "Policy": ("Policy",)}


def _url(clients: Clients, resource: Resource) -> Answer:
    # The URL is asked for and never taken from an event, which could name any host.
    return clients("sqs").get_queue_url(QueueName=resource.id)["QueueUrl"]


def _observe(
    clients: Clients, resource: Resource, url: Answer, settings: frozenset[str], shared: Shared
) -> Observed:
    observed: dict[str, Value] = {"QueueUrl": url}
    if names := [name for setting in sorted(settings) for name in _ATTRIBUTES.get(setting, ())]:
        attributes = _attributes(clients, url, names)
        if "Encryption" in settings:
            observed["Encryption"] = _encryption(attributes)
        if "Policy" in settings:
            observed["Policy"] = resource_policy.checked(attributes.get("Policy"))
    return observed


def _attributes(clients: Clients, url: Answer, names: Sequence[str]) -> Mapping[str, str]:
    answer = clients("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=list(names))
    attributes: Mapping[str, str] = answer.get("Attributes", {})
    return attributes


def _encryption(attributes: Mapping[str, str]) -> str:
    if key := attributes.get("KmsMasterKeyId"):
        return key
    return "SSE-SQS" if attributes.get("SqsManagedSseEnabled") == "true" else "none"


def _tags(clients: Clients, resource: Resource, url: Answer, shared: Shared) -> Tags:
    tags: Tags = clients("sqs").list_queue_tags(QueueUrl=url).get("Tags", {})
    return tags


_LISTING = Listing(
    pages=paged("sqs", "list_queues", "QueueUrls", MaxResults=PAGE),
    id_of=lambda url: str(url).rsplit("/", 1)[-1],
    one=_url,
    observe=_observe,
    tags=_tags,
)


def _calls(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    return [_call(changes, observed, lambda encryption: _encrypted_with(str(encryption.after)))]


def _restore(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    """Switch the encryption off, of either kind: the policy only changes queues without encryption."""
    return [_call(changes, observed, lambda encryption: _off(str(encryption.before)))]


def _call(
    changes: Sequence[Change], observed: Observed, encrypted: Callable[[Change], Mapping[str, str]]
) -> Call:
    """One call sets all attributes. The policy's text is added when the call is made."""
    attributes = {
        name: value
        for change in changes
        if change.setting == "Encryption"
        for name, value in encrypted(change).items()
    }
    return Call(
        service="sqs",
        operation="SetQueueAttributes",
        parameters={"QueueUrl": observed["QueueUrl"], "Attributes": attributes},
        settings=tuple(change.setting for change in changes),
    )


def _encrypted_with(encryption: str) -> Mapping[str, str]:
    return {"SqsManagedSseEnabled": "true"} if encryption == "SSE-SQS" else {"KmsMasterKeyId": encryption}


def _off(encryption: str) -> Mapping[str, str]:
    return {"SqsManagedSseEnabled": "false"} if encryption == "SSE-SQS" else {"KmsMasterKeyId": ""}


def _apply(clients: Clients, resource: Resource, call: Call, changes: Sequence[Change]) -> None:
    """Send the policy as it now is without what the policies forbid; an empty one takes it away."""
    parameters, attributes = dict(call.parameters), dict(call.parameters["Attributes"])
    for change in changes:
        if change.setting == "Policy":
            now = _attributes(clients, parameters["QueueUrl"], ["Policy"]).get("Policy")
            attributes["Policy"] = change.want.target(resource_policy.checked(now)) or ""
    clients("sqs").set_queue_attributes(**{**parameters, "Attributes": attributes})


def _held(observed: Observed) -> Mapping[str, str]:
    why = resource_policy.held_for(observed.get("Policy"), "SQS")
    return {"Policy": why} if why else {}


RESOURCE_TYPE = ResourceType(
    name="sqs-queue",
    title="SQS queue",
    service="sqs",
    policies=POLICIES,
    settings={
        "QueueUrl": Setting(read="GetQueueUrl:QueueUrl"),
        "Encryption": Setting(read="GetQueueAttributes:Attributes", write="SetQueueAttributes:Attributes"),
        "Policy": Setting(
            read="GetQueueAttributes:Attributes",
            write="SetQueueAttributes:Attributes",
            set_back_by=("AddPermission", "SetQueueAttributes"),
        ),
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
        ),
        "Policy": InCode(
            "AWS::SQS::QueuePolicy/PolicyDocument", "aws_sqs_queue_policy.policy", named_only=True
        ),
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
        Rule(
            "QueueCalls",
            "sqs",
            ("AddPermission", "SetQueueAttributes"),
            Subject(("requestParameters.queueUrl",)),
        ),
    ),
    calls=_calls,
    apply=_apply,
    held=_held,
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
