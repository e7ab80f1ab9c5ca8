"""The settings table: what is enabled in which account. Fails closed."""

import os
from collections.abc import Mapping
from typing import Any

from boto3.dynamodb.types import TypeDeserializer
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import ValidationError

from rightstate import exemptions
from rightstate.catalogue import find_policy
from rightstate.errors import InvalidInput, SettingsUnreadable, UnknownAccount
from rightstate.identify import shown
from rightstate.models import Account, Enabled
from rightstate.policy import Mode
from rightstate.resource_type import ResourceType
from rightstate.sessions import hub_client


def read(account: str) -> Account:
    """The account's settings, from one GetItem.

    Raises UnknownAccount where there are none, SettingsUnreadable where they cannot be read or
    understood.
    """
    try:
        answer = hub_client("dynamodb").get_item(
            TableName=os.environ["SETTINGS_TABLE"],
            Key={"account": {"S": account}},
            # What has just been switched off, or exempted for an undo, must not pass for what it was before.
            ConsistentRead=True,
        )
    except (ClientError, BotoCoreError) as error:
        code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
        raise SettingsUnreadable(
            f"The settings of account {account} cannot be read: GetItem was answered with {code}. "
            "Nothing was changed: without settings nothing is enabled."
        ) from None
    item = answer.get("Item")
    if item is None:
        raise UnknownAccount(
            f"Account {account} has no settings, so nothing is enabled there. Nothing was changed."
        )
    return parsed(account, item)


def parsed(account: str, item: Mapping[str, Any]) -> Account:
    """The table's item as DynamoDB gives it. Raises SettingsUnreadable."""
    try:
        return Account.model_validate(plain(item))
    except ValidationError as error:
        where = ", ".join(".".join(map(str, each["loc"])) for each in error.errors())
        raise SettingsUnreadable(
            f"The settings of account {account} are not understood, at: {where}. Nothing was changed."
        ) from None


def enabled(account: Account, resource_type: ResourceType) -> dict[str, Enabled]:
    """The policies of the type that are not off, by id.

    Raises SettingsUnreadable for an id that no type has, for a policy that is named twice, and for a
    parameter that a policy of this type does not have or that is out of range; for exemptions too of
    policies that no type has, or of what is no resource.
    """
    found: dict[str, Enabled] = {}
    seen: set[str] = set()
    for name, configured in account.policies.items():
        policy = resource_type.policy(name)
        if policy is None:
            _check_known(name, account)
            continue
        if policy.id in seen:
            raise SettingsUnreadable(
                f"The settings of account {account.account} name policy {policy.id} twice, by different "
                "names. Nothing was changed."
            )
        seen.add(policy.id)
        if configured.mode is Mode.OFF:
            continue
        for parameter, value in configured.parameters.items():
            declared = policy.parameters.get(parameter)
            if declared is None or not declared.accepts(value):
                raise SettingsUnreadable(
                    f"Policy {policy.id} of account {account.account} has a parameter {parameter!r} "
                    "that it does not take, or whose value is out of range. Nothing was changed."
                )
        try:
            policy.bound_wants(configured.parameters)
        except ValueError:
            raise SettingsUnreadable(
                f"The parameters of policy {policy.id} of account {account.account} contradict each "
                "other. Nothing was changed."
            ) from None
        found[policy.id] = configured
    for name in exemptions.unknown(account, resource_type):
        _check_known(name, account)
    return found


def _check_known(name: str, account: Account) -> None:
    """A misspelt id must not pass for a policy that is off."""
    try:
        find_policy(name)
    except InvalidInput:
        raise SettingsUnreadable(
            f"The settings of account {account.account} name a policy that does not exist: {shown(name)}. "
            "Nothing was changed. Correct it; `rightstate policies` lists them all."
        ) from None


def plain(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item as DynamoDB's API gives it, in Python's own types."""
    found: dict[str, Any] = native(TypeDeserializer().deserialize({"M": item}))
    return found


def native(value: Any) -> Any:
    """DynamoDB's numbers as int, its containers as Python's."""
    match value:
        case dict():
            return {key: native(item) for key, item in value.items()}
        case list() | set():
            return [native(item) for item in value]
        case str() | bool() | None:
            return value
        case _:
            return int(value) if value == int(value) else value
