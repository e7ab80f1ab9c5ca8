"""Kinesis data streams. Each change has a call of its own and keeps the stream busy for a while."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rightstate.event_rule import Rule, Subject
from rightstate.in_code import InCode
from rightstate.listing import PAGE, Answer, Shared
from rightstate.policies.kinesis_stream import POLICIES, SHARD_LEVEL_METRICS
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
    send,
    tags_in,
)
from rightstate.wants import as_list

_ARN = "arn:{partition}:kinesis:{region}:{account}:stream/{id}"


def _pages(clients: Clients, place: Place, token: str) -> Iterator[tuple[Sequence[Answer], str]]:
    more = True
    while more:
        # The name of the last stream serves as well as NextToken, which is good for five minutes only (API
        # reference, ListStreams).
        after = {"ExclusiveStartStreamName": token} if token else {}
        page = clients("kinesis").list_streams(Limit=PAGE, **after)
        names = page["StreamNames"]
        more = bool(page["HasMoreStreams"] and names)
        token = names[-1] if more else ""
        yield names, token


def _observe(
    clients: Clients, resource: Resource, name: Answer, settings: frozenset[str], shared: Shared
) -> Observed:
    return _settings(clients, resource, settings)


def _settings(clients: Clients, resource: Resource, settings: frozenset[str]) -> Observed:
    summary = clients("kinesis").describe_stream_summary(StreamARN=_ARN.format(**resource.model_dump()))[
        "StreamDescriptionSummary"
    ]
    observed = {
        "StreamStatus": summary["StreamStatus"],
        "ShardLevelMetrics": _metrics(summary),
        # Absent where there is none (API reference, StreamDescriptionSummary: not required).
        "Encryption": summary["KeyId"] if summary.get("EncryptionType") == "KMS" else "none",
    }
    return {name: observed[name] for name in settings}


_LISTING = Listing(pages=_pages, id_of=str, one=lambda clients, resource: resource.id, observe=_observe)


def _metrics(summary: Mapping[str, Any]) -> list[str]:
    """The names of the metrics; ALL stands for all of them (API reference, EnhancedMetrics)."""
    named = {name for each in summary["EnhancedMonitoring"] for name in each.get("ShardLevelMetrics", ())}
    return sorted(SHARD_LEVEL_METRICS if "ALL" in named else named)


def _tags(clients: Clients, resource: Resource) -> Tags:
    given: dict[str, str] = {"StreamARN": _ARN.format(**resource.model_dump())}
    tags: dict[str, str] = {}
    more = True
    while more:  # botocore has no paginator for it.
        page = clients("kinesis").list_tags_for_stream(**given)
        tags |= tags_in(page["Tags"])
        more = bool(page["HasMoreTags"] and page["Tags"])
        given["ExclusiveStartTagKey"] = page["Tags"][-1]["Key"] if more else ""
    return tags


def _calls(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    after = {change.setting: change.after for change in changes}
    stream = {"StreamARN": _ARN.format(**resource.model_dump())}
    calls = {
        "Encryption": Call(
            service="kinesis",
            operation="StartStreamEncryption",
            parameters={**stream, "EncryptionType": "KMS", "KeyId": after.get("Encryption")},
            settings=("Encryption",),
        ),
        "ShardLevelMetrics": Call(
            service="kinesis",
            operation="EnableEnhancedMonitoring",
            parameters={**stream, "ShardLevelMetrics": after.get("ShardLevelMetrics")},
            settings=("ShardLevelMetrics",),
        ),
    }
    return [call for setting, call in calls.items() if setting in after]


def _restore(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    stream = {"StreamARN": _ARN.format(**resource.model_dump())}
    return [_back(stream, change) for change in changes]


def _back(stream: dict[str, Any], change: Change) -> Call:
    """The call that takes one change back. The policies only add: metrics, and a key where there was none."""
    if change.setting == "Encryption":
        operation = "StopStreamEncryption"
        given: dict[str, Any] = {"EncryptionType": "KMS", "KeyId": change.before}
    else:
        operation = "DisableEnhancedMonitoring"
        added = [name for name in as_list(change.before) if name not in as_list(change.after)]
        given = {"ShardLevelMetrics": added}
    settings = (change.setting,)
    return Call(service="kinesis", operation=operation, parameters={**stream, **given}, settings=settings)


def _apply(clients: Clients, resource: Resource, call: Call, changes: Sequence[Change]) -> None:
    """Make the call unless its change is there already.

    The first of two calls puts the stream into UPDATING, in which the second is refused (API reference,
    ResourceInUseException). Both are then tried again, and if the first were made again it would keep the
    stream busy forever. Nor may StartStreamEncryption replace a key that was set meanwhile.
    """
    [change] = changes
    now = _settings(clients, resource, frozenset({change.setting}))
    if not change.want.holds(now[change.setting]):
        send(clients, resource, call, changes)


def _busy(observed: Observed) -> str | None:
    if observed["StreamStatus"] in ("ACTIVE", "DELETING"):
        return None
    return f"The stream is {observed['StreamStatus']}."


def _held(observed: Observed) -> Mapping[str, str]:
    if observed["StreamStatus"] != "DELETING":
        return {}
    return dict.fromkeys(("Encryption", "ShardLevelMetrics"), "The stream is being deleted.")


RESOURCE_TYPE = ResourceType(
    name="kinesis-stream",
    title="Kinesis data stream",
    service="kinesis",
    policies=POLICIES,
    settings={
        "StreamStatus": Setting(read="DescribeStreamSummary:StreamDescriptionSummary.StreamStatus"),
        "ShardLevelMetrics": Setting(
            read="DescribeStreamSummary:StreamDescriptionSummary.EnhancedMonitoring[].ShardLevelMetrics",
            write="EnableEnhancedMonitoring:ShardLevelMetrics",
            set_back_by=("DisableEnhancedMonitoring",),
        ),
        "Encryption": Setting(
            read="DescribeStreamSummary:StreamDescriptionSummary.KeyId",
            write="StartStreamEncryption:KeyId",
            set_back_by=("StopStreamEncryption",),
        ),
    },
    in_code={
        "ShardLevelMetrics": InCode(
            "AWS::Kinesis::Stream/DesiredShardLevelMetrics", "aws_kinesis_stream.shard_level_metrics"
        ),
        # Both beside EncryptionType: KMS.
        "Encryption": InCode("AWS::Kinesis::Stream/StreamEncryption.KeyId", "aws_kinesis_stream.kms_key_id"),
    },
    facts=("StreamStatus",),
    arn=_ARN,
    # API reference, CreateStream.
    id_pattern=r"[A-Za-z0-9_.-]{1,128}",
    config_type="AWS::Kinesis::Stream",
    listing=_LISTING,
    # API reference, DescribeStreamSummary: 20 calls a second for an account.
    readers=2,
    rules=(
        # A call names the stream by its ARN, by its name, or by both.
        Rule(
            "StreamCalls",
            "kinesis",
            ("CreateStream", "DisableEnhancedMonitoring", "StopStreamEncryption"),
            Subject(("requestParameters.streamARN", "requestParameters.streamName")),
        ),
    ),
    tags=_tags,
    calls=_calls,
    apply=_apply,
    busy=_busy,
    held=_held,
    read_actions=(
        "kinesis:DescribeStreamSummary",
        "kinesis:ListStreams",
        "kinesis:ListTagsForStream",
    ),
    write_actions=("kinesis:EnableEnhancedMonitoring", "kinesis:StartStreamEncryption"),
    undo_actions=("kinesis:DisableEnhancedMonitoring", "kinesis:StopStreamEncryption"),
    # Service authorization reference, Kinesis Data Streams: neither has a resource level.
    unscoped_actions=("kinesis:DisableEnhancedMonitoring", "kinesis:EnableEnhancedMonitoring"),
    restore=_restore,
    # StartStreamEncryption has to be allowed on the key, too (service authorization reference), and that may
    # be another account's.
    write_resources=(_ARN, "arn:{partition}:kms:{region}:*:key/*"),
    # Developer guide, Permissions to use user-generated KMS keys: administrators need it. In China the names
    # of services may end with .cn; AWS fills the key in, so that nobody can make one up.
    dependent_actions={"kms:DescribeKey": {"kms:ViaService": "kinesis.{region}.amazonaws.com*"}},
    gone=("ResourceNotFoundException",),
    busy_errors=("ResourceInUseException",),
)
