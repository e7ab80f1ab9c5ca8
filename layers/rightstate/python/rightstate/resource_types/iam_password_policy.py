"""The account password policy: one per account, replaced as a whole."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from rightstate.event_rule import Rule, Subject
from rightstate.in_code import InCode
from rightstate.policies.iam_password_policy import POLICIES
from rightstate.resource_type import (
    Call,
    Case,
    Change,
    Clients,
    Observed,
    Place,
    Resource,
    ResourceType,
    Setting,
    send,
)
from rightstate.wants import Value

_SETTINGS = (
    "RequireUppercaseCharacters",
    "RequireLowercaseCharacters",
    "RequireSymbols",
    "RequireNumbers",
    "MinimumPasswordLength",
    "PasswordReusePrevention",
    "MaxPasswordAge",
)
_KEPT = ("AllowUsersToChangePassword", "HardExpiry")


def _find(clients: Clients, place: Place) -> Iterable[str]:
    return (place.account,)


def _describe(clients: Clients, resource: Resource, settings: frozenset[str]) -> Observed:
    iam = clients("iam")
    current = _current(iam)
    read = settings & {*_SETTINGS, *_KEPT}
    observed: dict[str, Value] = {name: _limit(current.get(name)) for name in read}
    if "Exists" in settings:
        observed["Exists"] = bool(current)
    if "Users" in settings:
        observed["Users"] = iam.get_account_summary()["SummaryMap"]["Users"]
    return observed


def _limit(value: Value) -> Value:
    """A number of 0 means the same as its absence: no limit."""
    return value if isinstance(value, bool) else value or None


def _current(iam: Any) -> Mapping[str, Any]:
    try:
        current: Mapping[str, Any] = iam.get_account_password_policy()["PasswordPolicy"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchEntity":
            raise
        return {}
    return current


def _calls(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    return [
        Call(
            service="iam",
            operation="UpdateAccountPasswordPolicy",
            parameters={change.setting: change.after for change in changes if change.after is not None},
            settings=tuple(change.setting for change in changes),
        )
    ]


def _restore(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    if not _made_by(changes):
        return _calls(resource, changes, observed)
    settings = tuple(change.setting for change in changes)
    return [Call(service="iam", operation="DeleteAccountPasswordPolicy", parameters={}, settings=settings)]


def _made_by(changes: Sequence[Change]) -> bool:
    """Whether the changes have created the password policy."""
    return any(change.beside.get("Exists") is False for change in changes)


def _irrecoverable(changes: Sequence[Change], observed: Observed) -> str | None:
    if not _made_by(changes):
        return None
    # What our call leaves out is off (API reference, UpdateAccountPasswordPolicy), except for the length.
    ours = {change.setting for change in changes}
    others = {name: observed.get(name) for name in (*_SETTINGS, *_KEPT) if name not in ours}
    if others.get("MinimumPasswordLength") == 8:
        del others["MinimumPasswordLength"]
    if set_since := sorted(name for name, value in others.items() if value):
        return (
            "The account had no password policy. To restore that, the policy would have to be deleted, with "
            f"the settings that were made since: {', '.join(set_since)}. Undo those first."
        )
    return None


def _apply(clients: Clients, resource: Resource, call: Call, changes: Sequence[Change]) -> None:
    """Send the policy as it now is with our changes in it.

    A parameter that is left out is reset to its default, and MaxPasswordAge and PasswordReusePrevention
    cannot be sent as 0 (API reference, UpdateAccountPasswordPolicy).
    """
    if call.operation == "DeleteAccountPasswordPolicy":
        send(clients, resource, call, changes)
        return
    iam = clients("iam")
    current = _current(iam)
    whole = {name: current[name] for name in (*_SETTINGS, *_KEPT) if current.get(name)}
    whole |= {change.setting: change.want.target(current.get(change.setting)) for change in changes}
    whole = {name: value for name, value in whole.items() if value is not None}
    if not current:
        # Without a policy of its own an account asks for 8 characters (IAM User Guide, "Default password
        # policy"); one that leaves the length out asks for 6.
        whole["MinimumPasswordLength"] = max(8, whole.get("MinimumPasswordLength", 0))
    iam.update_account_password_policy(**whole)


_IN_TERRAFORM = {
    "RequireUppercaseCharacters": "require_uppercase_characters",
    "RequireLowercaseCharacters": "require_lowercase_characters",
    "RequireSymbols": "require_symbols",
    "RequireNumbers": "require_numbers",
    "MinimumPasswordLength": "minimum_password_length",
    "PasswordReusePrevention": "password_reuse_prevention",
    "MaxPasswordAge": "max_password_age",
}

RESOURCE_TYPE = ResourceType(
    name="iam-password-policy",
    title="account password policy",
    service="iam",
    policies=POLICIES,
    settings={
        **{
            name: Setting(
                read=f"GetAccountPasswordPolicy:PasswordPolicy.{name}",
                write=f"UpdateAccountPasswordPolicy:{name}",
            )
            for name in _SETTINGS
        },
        **{name: Setting(read=f"GetAccountPasswordPolicy:PasswordPolicy.{name}") for name in _KEPT},
        "Exists": Setting(read="GetAccountPasswordPolicy:PasswordPolicy"),
        "Users": Setting(read="GetAccountSummary:SummaryMap"),
    },
    in_code={
        name: InCode(
            terraform=f"aws_iam_account_password_policy.{argument}",
            without="CloudFormation has no resource type for the account's password policy.",
        )
        for name, argument in _IN_TERRAFORM.items()
    },
    cases={
        "no-users": Case(
            reason="The account has no IAM users, which its settings accept.",
            holds=lambda observed: observed.get("Users") == 0,
            reads=("Users",),
            switch="accept_no_users",
        )
    },
    arn="arn:{partition}:iam::{account}:password-policy",
    id_pattern=r"[0-9]{12}",
    # IAM is global; its control plane, and so its CloudTrail events, live in one region a partition.
    home_regions={"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"},
    rules=(
        Rule("PolicyCalls", "iam", ("DeleteAccountPasswordPolicy", "UpdateAccountPasswordPolicy"), Subject()),
    ),
    find=_find,
    describe=_describe,
    calls=_calls,
    apply=_apply,
    read_actions=("iam:GetAccountPasswordPolicy", "iam:GetAccountSummary"),
    write_actions=("iam:UpdateAccountPasswordPolicy",),
    undo_actions=("iam:DeleteAccountPasswordPolicy",),
    restore=_restore,
    restore_reads=("Exists", *_SETTINGS, *_KEPT),
    beside=dict.fromkeys(_SETTINGS, ("Exists",)),
    irrecoverable=_irrecoverable,
    # Neither action supports resource-level permissions (service authorization reference).
    write_resources=("*",),
)
