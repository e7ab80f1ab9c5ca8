"""What a PUT of S3 replaces whole: a bucket's policy, its logging and its lifecycle rules.

Each is read again just before it is written, so that what somebody else has changed meanwhile stays.
"""

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from rightstate import resource_policy
from rightstate.errors import CallFailed
from rightstate.resource_type import Call, Change, Clients, Resource, write_anew
from rightstate.wants import as_list

ABORT_RULE = "rightstate-abort-incomplete-uploads"
_ABORT_DAYS = 7

Bucket = Mapping[str, str]
"""Bucket and ExpectedBucketOwner, as parameters of a call."""


def unless(code: str, get: Callable[..., Any], **parameters: str) -> Mapping[str, Any]:
    """The answer, or nothing where S3 says with that error code that nothing is configured."""
    try:
        answer: Mapping[str, Any] = get(**parameters)
    except ClientError as error:
        if error.response["Error"]["Code"] != code:
            raise
        return {}
    return answer


def policy_of(clients: Clients, bucket: Bucket) -> str | None:
    """The bucket policy's text. Raises NotUnderstood where it is no policy."""
    answer = unless("NoSuchBucketPolicy", clients("s3").get_bucket_policy, **bucket)
    return resource_policy.checked(answer.get("Policy"))


def put_policy(clients: Clients, call: Call, change: Change) -> None:
    """Put the policy as it now is, without what the policies forbid."""
    s3, bucket = clients("s3"), call.parameters
    write_anew(
        change,
        policy_of(clients, bucket),
        lambda text: s3.put_bucket_policy(**bucket, Policy=text),
        lambda: s3.delete_bucket_policy(**bucket),
    )


def logging_of(clients: Clients, bucket: Bucket) -> Mapping[str, Any]:
    """Where the bucket's access logs go; empty where they are off."""
    enabled: Mapping[str, Any] = clients("s3").get_bucket_logging(**bucket).get("LoggingEnabled", {})
    return enabled


def put_logging(clients: Clients, resource: Resource, call: Call, change: Change) -> None:
    """Switch access logs on where they are still off, or off to undo that.

    Raises CallFailed where the target bucket would not get them.
    """
    target = change.want.target(logging_of(clients, call.parameters).get("TargetBucket"))
    if target != change.after:
        return
    status: dict[str, Any] = {}
    if isinstance(target, str):
        _check_target(clients, resource, target)
        status = {"LoggingEnabled": {"TargetBucket": target, "TargetPrefix": f"{resource.id}/"}}
    clients("s3").put_bucket_logging(**call.parameters, BucketLoggingStatus=status)


def _check_target(clients: Clients, resource: Resource, target: str) -> None:
    """Raise CallFailed where logs would be lost (S3 User Guide, Enabling server access logging).

    S3 itself refuses a target that does not exist, is another region's, or that its logging service may not
    write to.
    """
    s3, bucket = clients("s3"), {"Bucket": target, "ExpectedBucketOwner": resource.account}
    encryption = unless(
        "ServerSideEncryptionConfigurationNotFoundError", s3.get_bucket_encryption, **bucket
    ).get("ServerSideEncryptionConfiguration", {"Rules": ()})
    algorithms = {
        rule.get("ApplyServerSideEncryptionByDefault", {}).get("SSEAlgorithm") for rule in encryption["Rules"]
    }
    lock = unless("ObjectLockConfigurationNotFoundError", s3.get_object_lock_configuration, **bucket).get(
        "ObjectLockConfiguration", {}
    )
    if resource.id == target:
        why = "is the bucket itself: each log would make another one"
    elif algorithms - {None, "AES256"}:
        why = "encrypts with KMS by default, and S3 delivers logs only with SSE-S3"
    elif lock.get("Rule", {}).get("DefaultRetention"):
        why = "has a default retention of Object Lock, with which S3 delivers no logs"
    elif s3.get_bucket_request_payment(**bucket).get("Payer") == "Requester":
        why = "has Requester Pays on, with which S3 delivers no logs"
    else:
        return
    raise CallFailed(f"The target bucket {target} {why}. Give another one as target_bucket.")


def rules_of(clients: Clients, bucket: Bucket) -> Mapping[str, Any]:
    """The answer with the bucket's lifecycle rules."""
    get = clients("s3").get_bucket_lifecycle_configuration
    return unless("NoSuchLifecycleConfiguration", get, **bucket)


def enabled_rules(answer: Mapping[str, Any]) -> list[str]:
    """The ids of the rules that are enabled."""
    return [rule["ID"] for rule in answer.get("Rules", ()) if rule["Status"] == "Enabled"]


def put_rules(clients: Clients, call: Call, change: Change) -> None:
    """Add our rule to those that there now are, or take it out again."""
    s3, answer = clients("s3"), rules_of(clients, call.parameters)
    rules = list(answer.get("Rules", ()))
    enabled = enabled_rules(answer)
    wanted = as_list(change.want.target(enabled))
    if set(wanted) == set(enabled):
        return
    kept = [rule for rule in rules if rule["ID"] != ABORT_RULE]
    if ABORT_RULE in wanted:
        kept.append(_abort_rule(rules))
    if not kept:
        s3.delete_bucket_lifecycle(**call.parameters)
        return
    # Left out, S3 sets it to its default of today.
    size = answer.get("TransitionDefaultMinimumObjectSize")
    s3.put_bucket_lifecycle_configuration(
        **call.parameters,
        LifecycleConfiguration={"Rules": kept},
        **({"TransitionDefaultMinimumObjectSize": size} if size else {}),
    )


def _abort_rule(rules: list[dict[str, Any]]) -> dict[str, Any]:
    """In the form of the other rules: whether S3 takes both forms together is not documented."""
    old_form = any("Prefix" in rule for rule in rules)
    return {
        "ID": ABORT_RULE,
        "Status": "Enabled",
        **({"Prefix": ""} if old_form else {"Filter": {"Prefix": ""}}),
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": _ABORT_DAYS},
    }
