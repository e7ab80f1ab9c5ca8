"""SNS topics, standard and FIFO."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rightstate import resource_policy
from rightstate.errors import CallFailed
from rightstate.event_rule import Rule, Subject
from rightstate.in_code import InCode
from rightstate.listing import Answer, Shared, paged
from rightstate.policies.sns_topic import POLICIES
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
    tags_in,
)
from rightstate.wants import Value

_ARN = "arn:{partition}:sns:{region}:{account}:{id}"
# What a new topic allows its own account (SNS Developer Guide, Default access policy).
_OWNERS_ACTIONS = (
    "GetTopicAttributes",
    "SetTopicAttributes",
    "AddPermission",
    "RemovePermission",
    "DeleteTopic",
    "Subscribe",
    "ListSubscriptionsByTopic",
    "Publish",
)


def _arn(resource: Resource) -> str:
    return _ARN.format(**resource.model_dump())


def _observe(
    clients: Clients, resource: Resource, topic: Answer, settings: frozenset[str], shared: Shared
) -> Observed:
    arn = _arn(resource)
    observed: dict[str, Value] = {"Arn": arn, "EmptyPolicy": _new_policy(arn, resource.account)}
    if settings & {"Policy", "KmsMasterKeyId"}:
        attributes = _attributes(clients, arn)
        if "Policy" in settings:
            observed["Policy"] = resource_policy.checked(attributes.get("Policy"))
        if "KmsMasterKeyId" in settings:
            observed["KmsMasterKeyId"] = attributes.get("KmsMasterKeyId") or None
    return observed


def _attributes(clients: Clients, arn: str) -> Mapping[str, str]:
    attributes: Mapping[str, str] = clients("sns").get_topic_attributes(TopicArn=arn)["Attributes"]
    return attributes


def _new_policy(arn: str, account: str) -> str:
    """The policy of a new topic. A topic cannot be without one."""
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [f"SNS:{action}" for action in _OWNERS_ACTIONS],
        "Resource": arn,
        "Condition": {"StringEquals": {"AWS:SourceOwner": account}},
    }
    return json.dumps({"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]})


def _tags(clients: Clients, resource: Resource) -> Tags:
    return tags_in(clients("sns").list_tags_for_resource(ResourceArn=_arn(resource))["Tags"])


_LISTING = Listing(
    pages=paged("sns", "list_topics", "Topics"),
    id_of=lambda topic: str(topic["TopicArn"]).rpartition(":")[2],
    one=lambda clients, resource: {"TopicArn": _arn(resource)},
    observe=_observe,
)


def _calls(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    """One call sets one attribute. Its value is added when it is made."""
    return [
        Call(
            service="sns",
            operation="SetTopicAttributes",
            parameters={"TopicArn": _arn(resource), "AttributeName": change.setting},
            settings=(change.setting,),
        )
        for change in changes
    ]


def _apply(clients: Clients, resource: Resource, call: Call, changes: Sequence[Change]) -> None:
    """Set the policy as it now is without what the policies forbid, and a key where there still is none."""
    [change] = changes
    now = _attributes(clients, _arn(resource)).get(change.setting) or None
    value = change.want.target(now)
    if value == now:
        return
    if change.setting == "KmsMasterKeyId" and isinstance(value, str):
        _check_key(clients, value)
    clients("sns").set_topic_attributes(**call.parameters, AttributeValue=value or "")


def _check_key(clients: Clients, key: str) -> None:
    """Raise CallFailed where nobody could publish with the key. SNS takes it all the same."""
    found: Mapping[str, Any] = clients("kms").describe_key(KeyId=key)["KeyMetadata"]
    if not (found["KeyState"] == "Enabled" and found.get("KeySpec") == "SYMMETRIC_DEFAULT"):
        raise CallFailed(
            f"The KMS key {key} cannot encrypt a topic: it is {found['KeyState']}, and its kind is "
            f"{found.get('KeySpec')}. Give an enabled symmetric key as kms_key_id."
        )


def _held(observed: Observed) -> Mapping[str, str]:
    policy = observed.get("Policy")
    if not isinstance(policy, str):
        return {}
    if why := resource_policy.held_for(policy, "SNS"):
        return {"Policy": why}
    for statement in resource_policy.public_statements(resource_policy.parse(policy)):
        if _only_some_subscribers(statement):
            return {
                "Policy": f"Statement {statement.label} lets everybody subscribe, but only some endpoints or "
                "protocols. Security Hub calls that public. Decide by hand."
            }
    return {}


def _only_some_subscribers(statement: resource_policy.Statement) -> bool:
    keys = {
        key.lower()
        for operator, tests in statement.content.get("Condition", {}).items()
        if operator in ("StringEquals", "StringLike")
        for key, value in tests.items()
        if value not in ("*", ["*"])
    }
    actions = {action.lower() for action in statement.listed("Action")}
    return actions == {"sns:subscribe"} and bool(keys & {"sns:endpoint", "sns:protocol"})


RESOURCE_TYPE = ResourceType(
    name="sns-topic",
    title="SNS topic",
    service="sns",
    policies=POLICIES,
    settings={
        "Arn": Setting(),
        "EmptyPolicy": Setting(),
        "Policy": Setting(
            read="GetTopicAttributes:Attributes",
            write="SetTopicAttributes:AttributeValue",
            set_back_by=("AddPermission", "SetTopicAttributes"),
        ),
        "KmsMasterKeyId": Setting(
            read="GetTopicAttributes:Attributes", write="SetTopicAttributes:AttributeValue"
        ),
    },
    in_code={
        "Policy": InCode(
            "AWS::SNS::TopicPolicy/PolicyDocument", "aws_sns_topic_policy.policy", named_only=True
        ),
        "KmsMasterKeyId": InCode("AWS::SNS::Topic/KmsMasterKeyId", "aws_sns_topic.kms_master_key_id"),
    },
    facts=("Arn", "EmptyPolicy"),
    arn=_ARN,
    # API reference, CreateTopic: up to 256 letters, digits, hyphens and underscores; FIFO ends in .fifo.
    id_pattern=r"[A-Za-z0-9_-]{1,251}\.fifo|[A-Za-z0-9_-]{1,256}",
    config_type="AWS::SNS::Topic",
    listing=_LISTING,
    rules=(
        Rule(
            "NewTopics",
            "sns",
            ("CreateTopic",),
            Subject(("responseElements.topicArn",)),
            name="sns-topic-new",
        ),
        Rule(
            "TopicCalls",
            "sns",
            ("AddPermission", "SetTopicAttributes"),
            Subject(("requestParameters.topicArn",)),
        ),
    ),
    tags=_tags,
    calls=_calls,
    apply=_apply,
    held=_held,
    read_actions=(
        "kms:DescribeKey",
        "sns:GetTopicAttributes",
        "sns:ListTagsForResource",
        "sns:ListTopics",
    ),
    write_actions=("sns:SetTopicAttributes",),
    write_resources=(_ARN,),
    gone=("NotFound", "NotFoundException"),
)
