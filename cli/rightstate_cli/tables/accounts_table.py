"""The settings table: the registered accounts, and what is enabled in each.

The functions read the same items with `rightstate.accounts.settings`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from rightstate.accounts import settings
from rightstate.errors import InvalidInput, SettingsUnreadable, UnknownAccount
from rightstate.models.settings import Account
from rightstate.storage.dynamodb import serialized
from rightstate.storage.table import Item, Table, absent, equals
from rightstate_cli.aws import answers


class Registry:
    """The accounts of a settings table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def find(self, account: str) -> Account | None:
        """The account's settings, None if it has none. Raises SettingsUnreadable, Denied, Unavailable."""
        with answers("Nothing was changed."):
            item = self._table.get({"account": account})
        return settings.parsed(account, item) if item else None

    def get(self, account: str) -> Account:
        """The account's settings. Raises UnknownAccount, and what `find` raises."""
        found = self.find(account)
        if found is None:
            raise UnknownAccount(
                f"Account {account} is not registered. Nothing was changed. `rightstate accounts add "
                f"{account}` registers it. `rightstate accounts list` lists the registered accounts."
            )
        return found

    def all(self) -> Iterator[Account]:
        """Every account, in no particular order. Raises what `find` raises."""
        for account, item in self._items():
            yield settings.parsed(account, item)

    def understood(self) -> Iterator[tuple[str, Account | SettingsUnreadable]]:
        """Every account, or why its settings cannot be read. Raises Denied, Unavailable."""
        for account, item in self._items():
            try:
                yield account, settings.parsed(account, item)
            except SettingsUnreadable as error:
                yield account, error

    def _items(self) -> Iterator[tuple[str, Item]]:
        with answers("Nothing was changed."):
            for item in self._table.scan():
                yield item["account"], item

    def put(self, account: Account) -> Account:
        """Write the settings, if they were not changed since they were read. Returns them as written.

        Raises InvalidInput if they were changed, or are too large for the table; Denied, Unavailable.
        """
        written = account.model_copy(update={"revision": account.revision + 1})
        # Settings written without this class have no revision.
        unwritten = () if account.revision else (absent("account"), absent("revision"))
        item = settings.as_item(written)
        check_size(account.account, serialized(item))
        with answers("Nothing was changed."):
            put = self._table.put(item, when=[(*unwritten, equals("revision", account.revision))])
        if not put:
            raise InvalidInput(
                f"Another person has changed the settings of account {account.account} meanwhile. Nothing "
                "was changed. Try again."
            )
        return written

    def remove(self, account: str) -> None:
        """Delete the account's settings, so that nothing is enabled there."""
        with answers("Nothing was changed."):
            self._table.delete({"account": account})


# DynamoDB developer guide, "Item sizes and formats" and quotas: 400 KB with the names of the attributes.
_LARGEST_ITEM = 400 * 1024


def check_size(account: str, item: Mapping[str, Any]) -> None:
    """Raise InvalidInput if DynamoDB would refuse the settings as too large."""
    size = sum(len(name.encode()) + _size(value) for name, value in item.items())
    if size > _LARGEST_ITEM:
        raise InvalidInput(
            f"The settings of account {account} would take {size // 1024} KB, and DynamoDB keeps at most "
            "400 KB an account. Nothing was changed. Remove exemptions that have ended, or that one "
            "exemption of a tag or of the account can replace: `rightstate exempt list --account "
            f"{account}`, `rightstate exempt remove`."
        )


def _size(value: Mapping[str, Any]) -> int:
    """Bytes of an attribute: UTF-8 for texts and names, 3 for a list or map and 1 for each element, at most
    21 for a number."""
    [(kind, held)] = value.items()
    match kind:
        case "S":
            return len(held.encode())
        case "B":
            return len(held)
        case "N":
            return 21
        case "M":
            return 3 + sum(1 + len(name.encode()) + _size(each) for name, each in held.items())
        case "L":
            return 3 + sum(1 + _size(each) for each in held)
        case _:
            return 1
