"""The settings table as an operator works with it: which accounts there are, and what is enabled there.

The functions read the same items with `rightstate.settings`.
"""

from collections.abc import Iterator
from typing import Any

from boto3.dynamodb.types import TypeSerializer

from rightstate import settings
from rightstate.errors import SettingsUnreadable, UnknownAccount
from rightstate.models import Account
from rightstate_cli.aws import answers
from rightstate_cli.hub import Hub


class Registry:
    """The accounts of a hub."""

    def __init__(self, hub: Hub) -> None:
        self._table = hub.outputs["SettingsTable"]
        self._dynamodb = hub.client("dynamodb")

    def find(self, account: str) -> Account | None:
        """The account's settings, None where it has none. Raises SettingsUnreadable, Denied, Unavailable."""
        with answers("Nothing was changed."):
            answer = self._dynamodb.get_item(
                TableName=self._table, Key={"account": {"S": account}}, ConsistentRead=True
            )
        item = answer.get("Item")
        return settings.parsed(account, item) if item else None

    def get(self, account: str) -> Account:
        """The account's settings. Raises UnknownAccount, and what `find` raises."""
        found = self.find(account)
        if found is None:
            raise UnknownAccount(
                f"Account {account} is not registered. Nothing was changed. "
                f"`rightstate accounts add {account}` does that; `rightstate accounts list` lists those "
                "that are."
            )
        return found

    def all(self) -> Iterator[Account]:
        """Every account, in no particular order. Raises what `find` raises."""
        for account, item in self._items():
            yield settings.parsed(account, item)

    def understood(self) -> Iterator[tuple[str, Account | SettingsUnreadable]]:
        """Every account, or why its settings are not understood. Raises Denied, Unavailable."""
        for account, item in self._items():
            try:
                yield account, settings.parsed(account, item)
            except SettingsUnreadable as error:
                yield account, error

    def _items(self) -> Iterator[tuple[str, dict[str, Any]]]:
        with answers("Nothing was changed."):
            for page in self._dynamodb.get_paginator("scan").paginate(
                TableName=self._table, ConsistentRead=True
            ):
                for item in page["Items"]:
                    yield item["account"]["S"], item

    def put(self, account: Account) -> Account:
        """Write the settings, if nobody has changed them since they were read; returns what is there now.

        Raises InvalidInput where somebody has, Denied, Unavailable.
        """
        written = account.model_copy(update={"revision": account.revision + 1})
        # What was written by other hands has no revision.
        unwritten = "attribute_not_exists(account) OR attribute_not_exists(revision) OR "
        condition: dict[str, Any] = {
            "ConditionExpression": f"{'' if account.revision else unwritten}revision = :read",
            "ExpressionAttributeValues": {":read": {"N": str(account.revision)}},
        }
        changed = f"Somebody else has changed the settings of account {account.account} meanwhile; try again."
        item = TypeSerializer().serialize(written.model_dump(mode="json", exclude_none=True))["M"]
        with answers("Nothing was changed.", gone={"ConditionalCheckFailedException": changed}):
            self._dynamodb.put_item(TableName=self._table, Item=item, **condition)
        return written

    def remove(self, account: str) -> None:
        """Forget the account: from then on nothing is enabled there."""
        with answers("Nothing was changed."):
            self._dynamodb.delete_item(TableName=self._table, Key={"account": {"S": account}})
