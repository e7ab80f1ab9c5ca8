"""IAM users: how old and how long unused their access keys and passwords are."""

from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from rightstate.errors import CallFailed
from rightstate.event_rule import Rule, Subject
from rightstate.in_code import InCode
from rightstate.listing import PAGE, Answer, Shared, paged
from rightstate.policies.iam_user import POLICIES
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
    Tags,
    send,
    tags_in,
)
from rightstate.values import ages
from rightstate.wants import Value, as_list

_ARN = "arn:{partition}:iam::{account}:user/{id}"
_NAME = r"[A-Za-z0-9_+=,.@-]"


def _one(clients: Clients, resource: Resource) -> Answer:
    return clients("iam").get_user(UserName=resource.id)["User"]


def _observe(
    clients: Clients, resource: Resource, user: Answer, settings: frozenset[str], shared: Shared
) -> Observed:
    iam = clients("iam")
    observed: dict[str, Value] = {ages.TODAY: ages.today()}
    if settings & {"ActiveKeys", "KeysUsed"}:
        active = {ages.as_key(key): key for key in _keys(iam, resource) if key["Status"] == "Active"}
        observed["ActiveKeys"] = sorted(active)
        if "KeysUsed" in settings:
            observed["KeysUsed"] = [f"{text} {_last_use(iam, active[text])}" for text in sorted(active)]
    if "PasswordUsed" in settings:
        observed["PasswordUsed"] = _password_used(iam, user)
    return {name: observed[name] for name in settings}


def _keys(iam: Any, resource: Resource) -> Sequence[Mapping[str, Any]]:
    """A user has two at most (IAM quotas)."""
    keys: Sequence[Mapping[str, Any]] = iam.list_access_keys(UserName=resource.id)["AccessKeyMetadata"]
    return keys


def _last_use(iam: Any, key: Mapping[str, Any]) -> str:
    answer = iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])["AccessKeyLastUsed"]
    used = answer.get("LastUsedDate")
    return ages.as_time(used)[:10] if used else "never"


def _password_used(iam: Any, user: Mapping[str, Any]) -> str | None:
    """When the password was last used, or else made. None without a password."""
    try:
        profile = iam.get_login_profile(UserName=user["UserName"])["LoginProfile"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchEntity":
            raise
        return None
    # Not there where it was never used, or not since October 2014 (API reference, User). One that was used
    # before it was deleted and made anew counts from then.
    used = user.get("PasswordLastUsed")
    made = profile["CreateDate"]
    return ages.as_time(max(used, made) if used else made)[:10]


def _tags(clients: Clients, resource: Resource) -> Tags:
    return tags_in(clients("iam").list_user_tags(UserName=resource.id)["Tags"])


_LISTING = Listing(
    pages=paged("iam", "list_users", "Users", given="Marker", answered="Marker", MaxItems=PAGE),
    id_of=lambda user: str(user["UserName"]),
    one=_one,
    observe=_observe,
)


def _calls(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    """Without the ids of the keys, which are in no record. `_apply` finds them."""
    return [_call(resource, change) for change in changes]


def _call(resource: Resource, change: Change) -> Call:
    operation, status = "DeleteLoginProfile", {}
    if change.setting == "ActiveKeys":
        more = set(as_list(change.after)) - set(as_list(change.before))
        operation, status = "UpdateAccessKey", {"Status": "Active" if more else "Inactive"}
    return Call(
        service="iam",
        operation=operation,
        parameters={"UserName": resource.id, **status},
        settings=(change.setting,),
    )


def _irrecoverable(changes: Sequence[Change], observed: Observed) -> str | None:
    if any(change.setting == "PasswordUsed" for change in changes):
        return (
            "A removed password cannot be restored. Give the user a new one, and make the keys "
            "that the same execution has switched off active again (`aws iam update-access-key`)."
        )
    return None


def _apply(clients: Clients, resource: Resource, call: Call, changes: Sequence[Change]) -> None:
    if call.parameters.get("Status") != "Active":
        _refuse_own(clients, resource)
    if call.operation != "UpdateAccessKey":
        send(clients, resource, call, changes)
        return
    [change] = changes
    before, after = set(as_list(change.before)), set(as_list(change.after))
    iam = clients("iam")
    for key in _keys(iam, resource):
        if ages.as_key(key) in before ^ after:
            iam.update_access_key(**call.parameters, AccessKeyId=key["AccessKeyId"])


def _refuse_own(clients: Clients, resource: Resource) -> None:
    """Raise CallFailed where the user is the one that makes the call, on a machine of one's own."""
    caller = clients("sts").get_caller_identity()["Arn"]
    # arn:aws:iam::111122223333:user/PATH/NAME, or an assumed role.
    _, is_user, path = caller.partition(":user/")
    if is_user and path.rpartition("/")[2] == resource.id:
        raise CallFailed(
            f"Rightstate runs as {resource.id}, and takes no key or password from its own user. Nothing was "
            "changed. Run it with a role, or change the user yourself."
        )


def _used_lately(observed: Observed) -> bool:
    days, spare, today = (observed[name] for name in ("max_age_days", "spare_used_within_days", ages.TODAY))
    if not (isinstance(days, int) and isinstance(spare, int) and isinstance(today, str)):
        return False
    old = ages.older_than(days, as_list(observed.get("ActiveKeys")), today)
    used = dict(each.rsplit(" ", 1) for each in as_list(observed.get("KeysUsed")))
    return any(
        used.get(key, "never") != "never" and ages.days_between(used[key], today) <= spare for key in old
    )


RESOURCE_TYPE = ResourceType(
    name="iam-user",
    title="IAM user",
    service="iam",
    policies=POLICIES,
    settings={
        "ActiveKeys": Setting(
            read="ListAccessKeys:AccessKeyMetadata[].CreateDate",
            write="UpdateAccessKey:Status",
            set_back_by=("CreateAccessKey", "UpdateAccessKey"),
        ),
        "KeysUsed": Setting(read="GetAccessKeyLastUsed:AccessKeyLastUsed.LastUsedDate", passes=True),
        "PasswordUsed": Setting(
            read="GetUser:User.PasswordLastUsed",
            write="DeleteLoginProfile:UserName",
            set_back_by=("CreateLoginProfile",),
        ),
        # Of the clock.
        ages.TODAY: Setting(passes=True),
    },
    in_code={
        "ActiveKeys": InCode("AWS::IAM::AccessKey/Status", "aws_iam_access_key.status", named_only=True),
        "PasswordUsed": InCode(
            "AWS::IAM::User/LoginProfile", "aws_iam_user_login_profile.user", named_only=True
        ),
    },
    cases={
        "used-lately": Case(
            reason="An old key was used within spare_used_within_days, so that something needs it. Give "
            "that a new key first. With 0 days nobody is spared.",
            holds=_used_lately,
            reads=("ActiveKeys", "KeysUsed", ages.TODAY),
            switch="spare_used_within_days",
            parameters=("max_age_days",),
        ),
    },
    facts=(ages.TODAY,),
    beside={"ActiveKeys": ("KeysUsed",)},
    arn=_ARN,
    # API reference, CreateUser: the name, and the path before it in an ARN. Without two dots.
    id_pattern=rf"(?!.*\.\.)(?:{_NAME}+/)*(?P<id>{_NAME}{{1,64}})",
    listing=_LISTING,
    # IAM allows few calls a second for an account, and all regions share them.
    readers=2,
    # IAM is global; its control plane, and so its CloudTrail events, live in one region a partition.
    home_regions={"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"},
    rules=(
        # Somebody who makes a key for themselves names no user in the request.
        Rule("NewKeys", "iam", ("CreateAccessKey",), Subject(("responseElements.accessKey.userName",))),
        Rule(
            "NewPasswords",
            "iam",
            ("CreateLoginProfile",),
            Subject(("requestParameters.userName",)),
            name="iam-user-password",
        ),
        Rule(
            "ChangedKeys",
            "iam",
            ("UpdateAccessKey",),
            Subject(("requestParameters.userName",)),
            name="iam-user-key",
            # Not there where somebody changes their own key. The next sweep finds that.
            where={"requestParameters": {"userName": [{"exists": True}]}},
        ),
    ),
    tags=_tags,
    calls=_calls,
    apply=_apply,
    irrecoverable=_irrecoverable,
    read_actions=(
        "iam:GetAccessKeyLastUsed",
        "iam:GetLoginProfile",
        "iam:GetUser",
        "iam:ListAccessKeys",
        "iam:ListUserTags",
        "iam:ListUsers",
        "sts:GetCallerIdentity",
    ),
    write_actions=("iam:DeleteLoginProfile", "iam:UpdateAccessKey"),
    write_resources=(_ARN,),
    gone=("NoSuchEntity",),
    busy_errors=("EntityTemporarilyUnmodifiable",),
)
