"""An account's contacts: e-mail subscriptions of the hub's topic, filtered by account."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from botocore.exceptions import ClientError

from rightstate_cli.aws import answers
from rightstate_cli.hub.deployment import Hub

_PENDING = "PendingConfirmation"
_KEY = "account"
"""The message attribute with the account that a message is about."""


def subscribe(hub: Hub, account: str, addresses: Iterable[str]) -> dict[str, str]:
    """Subscribe the addresses to messages about the account. Returns the state of each, in words.

    An address that is subscribed for other accounts gets this one's messages too. One that gets every
    message is not changed. Raises Denied, Unavailable, InvalidInput.
    """
    sns, topic = hub.client("sns"), hub.outputs["Notifications"]
    with answers("The account is registered; its contacts are not all subscribed."):
        there = dict(_subscriptions(sns, topic))
        return {each: _subscribed(sns, topic, account, each, there.get(each)) for each in addresses}


def unconfirmed(hub: Hub, account: str, addresses: Iterable[str]) -> list[str]:
    """The addresses that get no messages about the account. Raises Denied, Unavailable, InvalidInput."""
    sns, topic = hub.client("sns"), hub.outputs["Notifications"]
    with answers("Nothing was changed."):
        there = dict(_subscriptions(sns, topic))
        return [each for each in addresses if not _gets(sns, account, there.get(each))]


def unsubscribe(hub: Hub, account: str, addresses: Iterable[str]) -> None:
    """Stop messages about the account to the addresses. They keep those about other accounts.

    SNS deletes a subscription that is never confirmed (developer guide, ConfirmSubscription), so those are
    left. Raises Denied,
    Unavailable, InvalidInput.
    """
    sns, topic = hub.client("sns"), hub.outputs["Notifications"]
    wanted = set(addresses)
    with answers("The contacts are not all unsubscribed."):
        for address, arn in _subscriptions(sns, topic):
            if address not in wanted or arn == _PENDING:
                continue
            accounts = _accounts(sns, arn)
            if accounts == [account]:
                sns.unsubscribe(SubscriptionArn=arn)
            elif accounts and account in accounts:
                _narrow(sns, arn, [each for each in accounts if each != account])


def send(hub: Hub, account: str, subject: str, text: str) -> None:
    """Publish a failure to the contacts of the account. Raises Denied, Unavailable, InvalidInput."""
    with answers("No message was sent."):
        hub.client("sns").publish(
            TopicArn=hub.outputs["Notifications"],
            # API reference, Publish: at most 100 characters.
            Subject=subject[:100],
            Message=text,
            MessageAttributes={
                _KEY: {"DataType": "String", "StringValue": account},
                "outcome": {"DataType": "String", "StringValue": "failed"},
            },
        )


def _subscribed(sns: Any, topic: str, account: str, address: str, arn: str | None) -> str:
    if arn in (None, _PENDING):
        try:
            sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=address, Attributes=_policy([account]))
        except ClientError as error:
            if arn is None or error.response["Error"]["Code"] != "InvalidParameter":
                raise
            # An unconfirmed subscription has no ARN, so it cannot be changed.
            return "has not confirmed a subscription for another account; add the account again after that"
        return "has to confirm the subscription, with the link in AWS's e-mail"
    accounts = _accounts(sns, str(arn))
    if accounts is None:
        return "gets every message"
    if account not in accounts:
        _narrow(sns, str(arn), [*accounts, account])
    return "is subscribed"


def _gets(sns: Any, account: str, arn: str | None) -> bool:
    """Whether messages about the account reach a subscription."""
    if arn in (None, _PENDING):
        return False
    accounts = _accounts(sns, str(arn))
    return accounts is None or account in accounts


def _subscriptions(sns: Any, topic: str) -> Iterator[tuple[str, str]]:
    """Address and ARN of each e-mail subscription."""
    for page in sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic):
        for each in page["Subscriptions"]:
            # For a while, AWS still lists an ended subscription, as Deleted.
            if each["Protocol"] == "email" and each["SubscriptionArn"] != "Deleted":
                yield each["Endpoint"], each["SubscriptionArn"]


def _accounts(sns: Any, arn: str) -> list[str] | None:
    """The accounts that its filter policy names, None if Rightstate did not write that."""
    attributes = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    policy = json.loads(attributes.get("FilterPolicy") or "{}")
    return [str(each) for each in policy[_KEY]] if list(policy) == [_KEY] else None


def _narrow(sns: Any, arn: str, accounts: list[str]) -> None:
    [(name, value)] = _policy(accounts).items()
    sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName=name, AttributeValue=value)


def _policy(accounts: list[str]) -> dict[str, str]:
    return {"FilterPolicy": json.dumps({_KEY: accounts})}
