"""Secrets Manager secrets: who may read them, and how often they are rotated."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from rightstate import resource_policy
from rightstate.event_rule import Rule, Subject
from rightstate.in_code import InCode
from rightstate.listing import PAGE, Answer, Shared, paged
from rightstate.policies.secret import POLICIES
from rightstate.resource_type import (
    Call,
    Case,
    Change,
    Clients,
    Listing,
    Observed,
    Resource,
    ResourceType,
    Setting,
    listed_tags,
    send,
    write_anew,
)
from rightstate.wants import Value

# Secrets Manager adds a hyphen and six characters to the name.
_ARN = "arn:{partition}:secretsmanager:{region}:{account}:secret:{id}-*"
_WRITTEN = "arn:{partition}:secretsmanager:{region}:{account}:secret:{id}-??????"


def _one(clients: Clients, resource: Resource) -> Answer:
    return clients("secretsmanager").describe_secret(SecretId=resource.id)


def _observe(
    clients: Clients, resource: Resource, secret: Answer, settings: frozenset[str], shared: Shared
) -> Observed:
    rules = secret.get("RotationRules", {})
    observed: dict[str, Value] = {
        "RotationDays": _days(rules) if secret.get("RotationEnabled") else None,
        "ScheduleExpression": rules.get("ScheduleExpression"),
        "HasFunction": bool(secret.get("RotationLambdaARN") or secret.get("ExternalSecretRotationRoleArn")),
        "IsReplica": secret.get("PrimaryRegion", resource.region) != resource.region,
        "OwningService": secret.get("OwningService"),
        "BeingDeleted": "DeletedDate" in secret,
        "RotationPending": _pending(secret),
    }
    if "Policy" in settings:
        observed["Policy"] = None if observed["IsReplica"] else _policy(clients, resource)
    return {name: value for name, value in observed.items() if name in settings}


def _days(rules: Mapping[str, Any]) -> int:
    """Days between two rotations; 1 where a schedule says it in hours or as cron, which is accepted."""
    if every := re.fullmatch(r"rate\((\d+) days?\)", rules.get("ScheduleExpression", "")):
        return int(every[1])
    if rules.get("ScheduleExpression"):
        return 1
    return int(rules.get("AutomaticallyAfterDays") or 0)


def _pending(secret: Answer) -> bool:
    """Whether a rotation is on its way, or stuck (API reference, RotateSecret)."""
    versions = secret.get("VersionIdsToStages") or secret.get("SecretVersionsToStages") or {}
    return any("AWSPENDING" in stages and "AWSCURRENT" not in stages for stages in versions.values())


def _policy(clients: Clients, resource: Resource) -> str | None:
    answer = clients("secretsmanager").get_resource_policy(SecretId=resource.id)
    return resource_policy.checked(answer.get("ResourcePolicy"))


_LISTING = Listing(
    pages=paged("secretsmanager", "list_secrets", "SecretList", MaxResults=PAGE),
    id_of=lambda secret: str(secret["Name"]),
    one=_one,
    observe=_observe,
    tags=listed_tags,
)


def _calls(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    after = {change.setting: change.after for change in changes}
    rules = {"AutomaticallyAfterDays": after.get("RotationDays")}
    return [
        *_policy_calls(resource, after),
        *(_rotation_calls(resource, rules) if "RotationDays" in after else ()),
    ]


def _policy_calls(resource: Resource, after: Mapping[str, Value]) -> list[Call]:
    if "Policy" not in after:
        return []
    parameters = {"SecretId": resource.id, "BlockPublicPolicy": True}
    return [_call("PutResourcePolicy", parameters, "Policy")]


def _rotation_calls(resource: Resource, rules: Mapping[str, Any]) -> list[Call]:
    parameters = {"SecretId": resource.id, "RotationRules": dict(rules), "RotateImmediately": False}
    return [_call("RotateSecret", parameters, "RotationDays")]


def _call(operation: str, parameters: dict[str, Any], setting: str) -> Call:
    return Call(service="secretsmanager", operation=operation, parameters=parameters, settings=(setting,))


def _restore(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    after = {change.setting: change.after for change in changes}
    calls = _policy_calls(resource, after)
    for call in calls:
        call.parameters["BlockPublicPolicy"] = False
    for change in changes:
        if change.setting != "RotationDays":
            continue
        if change.after is None:
            calls.append(_call("CancelRotateSecret", {"SecretId": resource.id}, "RotationDays"))
        elif schedule := change.beside.get("ScheduleExpression"):
            calls += _rotation_calls(resource, {"ScheduleExpression": schedule})
        else:
            calls += _rotation_calls(resource, {"AutomaticallyAfterDays": change.after})
    return calls


def _apply(clients: Clients, resource: Resource, call: Call, changes: Sequence[Change]) -> None:
    """Put the policy as it now is without what the policies forbid; where nothing is left, delete it."""
    if call.operation != "PutResourcePolicy":
        send(clients, resource, call, changes)
        return
    service = clients("secretsmanager")
    write_anew(
        changes[0],
        _policy(clients, resource),
        lambda text: service.put_resource_policy(**call.parameters, ResourcePolicy=text),
        lambda: service.delete_resource_policy(SecretId=resource.id),
    )


def _held(observed: Observed) -> Mapping[str, str]:
    held = {}
    if why := resource_policy.held_for(observed.get("Policy"), "Secrets Manager"):
        held["Policy"] = why
    if observed.get("RotationPending"):
        held["RotationDays"] = (
            "A rotation has not ended: a version is AWSPENDING. Look at the logs of the rotation function."
        )
    return held


RESOURCE_TYPE = ResourceType(
    name="secret",
    title="Secrets Manager secret",
    service="secretsmanager",
    policies=POLICIES,
    settings={
        "Policy": Setting(read="GetResourcePolicy:ResourcePolicy", write="PutResourcePolicy:ResourcePolicy"),
        "RotationDays": Setting(
            read="DescribeSecret:RotationRules.AutomaticallyAfterDays",
            write="RotateSecret:RotationRules.AutomaticallyAfterDays",
            set_back_by=("CancelRotateSecret", "RotateSecret"),
        ),
        "ScheduleExpression": Setting(read="DescribeSecret:RotationRules.ScheduleExpression"),
        "HasFunction": Setting(read="DescribeSecret:RotationLambdaARN"),
        "IsReplica": Setting(read="DescribeSecret:PrimaryRegion"),
        "OwningService": Setting(read="DescribeSecret:OwningService"),
        "BeingDeleted": Setting(read="DescribeSecret:DeletedDate"),
        "RotationPending": Setting(read="DescribeSecret:VersionIdsToStages"),
    },
    in_code={
        "Policy": InCode(
            "AWS::SecretsManager::ResourcePolicy/ResourcePolicy",
            "aws_secretsmanager_secret_policy.policy",
            named_only=True,
        ),
        "RotationDays": InCode(
            "AWS::SecretsManager::RotationSchedule/RotationRules.AutomaticallyAfterDays",
            "aws_secretsmanager_secret_rotation.rotation_rules.automatically_after_days",
        ),
    },
    cases={
        "replica": Case(
            reason="The secret is a replica. Its policy and its rotation are those of the primary.",
            holds=lambda observed: observed.get("IsReplica") is True,
            reads=("IsReplica",),
        ),
        "of-a-service": Case(
            reason="An AWS service manages the secret.",
            holds=lambda observed: bool(observed.get("OwningService")),
            reads=("OwningService",),
        ),
        "no-function": Case(
            reason="The secret has no rotation function. Build one first.",
            holds=lambda observed: observed.get("HasFunction") is False,
            reads=("HasFunction",),
        ),
        "being-deleted": Case(
            reason="The secret is being deleted.",
            holds=lambda observed: observed.get("BeingDeleted") is True,
            reads=("BeingDeleted",),
        ),
    },
    facts=("RotationPending",),
    arn=_ARN,
    # API reference, CreateSecret: up to 512 of these characters. Without two dots, which no name needs.
    id_pattern=r"(?!.*\.\.)[A-Za-z0-9/_+=.@-]{1,512}",
    config_type="AWS::SecretsManager::Secret",
    listing=_LISTING,
    rules=(
        Rule(
            "NewSecrets",
            "secretsmanager",
            ("CreateSecret",),
            Subject(("responseElements.arn",)),
            name="secret-new",
        ),
        Rule(
            "SecretCalls",
            "secretsmanager",
            ("CancelRotateSecret", "PutResourcePolicy", "RotateSecret", "UpdateSecret"),
            Subject(("requestParameters.secretId",)),
        ),
    ),
    calls=_calls,
    apply=_apply,
    held=_held,
    read_actions=(
        "secretsmanager:DescribeSecret",
        "secretsmanager:GetResourcePolicy",
        "secretsmanager:ListSecrets",
    ),
    write_actions=(
        "secretsmanager:DeleteResourcePolicy",
        "secretsmanager:PutResourcePolicy",
        "secretsmanager:RotateSecret",
    ),
    undo_actions=("secretsmanager:CancelRotateSecret",),
    beside={"RotationDays": ("ScheduleExpression",)},
    restore=_restore,
    write_resources=(_WRITTEN,),
    gone=("ResourceNotFoundException",),
)
