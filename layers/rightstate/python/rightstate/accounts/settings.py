"""The settings table: what is enabled in which account. Fails closed."""

import gzip
import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import ValidationError

from rightstate import storage
from rightstate.accounts import exemptions
from rightstate.aws.errors import named_errors
from rightstate.catalogue import find_policy
from rightstate.errors import (
    InvalidInput,
    RightstateError,
    SettingsUnreadable,
    Throttled,
    Unavailable,
    UnknownAccount,
)
from rightstate.identify import shown
from rightstate.models.settings import Account, Enabled
from rightstate.policy import Mode
from rightstate.resource_type import ResourceType


def read(account: str) -> Account:
    """The account's settings as they are now, from one read.

    Raises UnknownAccount where there are none, SettingsUnreadable where they must not be read or are not
    understood, Throttled and Unavailable where a later try may read them.
    """
    try:
        with named_errors():
            # A policy just switched off, or a resource just exempted for an undo, has to count at once, as a
            # table gives what was written last.
            item = storage.settings().get({"account": account})
    except (Throttled, Unavailable):
        raise
    except RightstateError as error:
        raise SettingsUnreadable(
            f"The settings of account {account} cannot be read. {error} "
            "Nothing was changed: without settings nothing is enabled."
        ) from None
    if item is None:
        raise UnknownAccount(
            f"Account {account} has no settings, so nothing is enabled there. Nothing was changed."
        )
    return parsed(account, item)


# A backfill resolves hundreds of resources of an account within a second. DynamoDB reads an item of 400 KB
# some 30 times a second (3,000 read units a partition, 100 for each strong read of it).
_SHARED_FOR = timedelta(seconds=5)
_SHARED_MOST = 16
_shared: dict[tuple[Any, str], tuple[datetime, Account]] = {}


def read_shared(account: str, since: datetime) -> Account:
    """The account's settings as they were at `since` or later, and at most 5 seconds ago. What one execution
    has read serves the others of this container that had started by then.

    Only for looking: before a write, `read`. Raises what `read` raises.
    """
    # With the table, since each hub of this process has its own.
    key, at = (storage.settings(), account), _now()
    read_at, kept = _shared.get(key, (since, None))
    if kept is None or read_at < since or at - read_at >= _SHARED_FOR:
        kept = read(account)
        while len(_shared) >= _SHARED_MOST:
            _shared.pop(next(iter(_shared)), None)
        _shared[key] = (at, kept)
    return kept


def _now() -> datetime:
    return datetime.now(UTC)


def parsed(account: str, item: Mapping[str, Any]) -> Account:
    """The table's item. Raises SettingsUnreadable."""
    try:
        given = {name: value for name, value in item.items() if name != _PACKED}
        if _PACKED in item:
            given["exemptions"] = [*given.get("exemptions", []), *_unpacked(item[_PACKED])]
        return Account.model_validate(given)
    except ValidationError as error:
        where = ", ".join(".".join(map(str, each["loc"])) for each in error.errors())
        raise SettingsUnreadable(
            f"The settings of account {account} are not understood, at: {where}. Nothing was changed."
        ) from None
    except _NotUnpacked:
        raise SettingsUnreadable(
            f"The settings of account {account} are not understood, at: {_PACKED}. Nothing was changed."
        ) from None


def as_item(account: Account) -> dict[str, Any]:
    """The settings as the table takes them. Many exemptions are packed into one attribute, because each read
    costs by the item's size, and an item has at most 400 KB."""
    given = account.model_dump(mode="json", exclude_none=True)
    if len(account.exemptions) > _UNPACKED:
        packed = gzip.compress(json.dumps(given.pop("exemptions")).encode(), mtime=0)
        given[_PACKED] = b64encode(packed).decode()
    return given


_PACKED = "packed_exemptions"
_UNPACKED = 20
_LARGEST = 16_000_000


class _NotUnpacked(Exception):
    pass


def _unpacked(packed: str | bytes) -> list[Any]:
    try:
        # An earlier version has written bytes.
        compressed = b64decode(packed, validate=True) if isinstance(packed, str) else packed
        unpacking = zlib.decompressobj(wbits=31)
        text = unpacking.decompress(compressed, _LARGEST)
        found = json.loads(text) if unpacking.eof else None
    except (zlib.error, ValueError, TypeError, RecursionError):
        raise _NotUnpacked from None
    if not isinstance(found, list):
        raise _NotUnpacked
    return found


def enabled(account: Account, resource_type: ResourceType) -> dict[str, Enabled]:
    """The policies of the type that are not off, by id.

    Raises SettingsUnreadable for an id that no type has, for a policy that is named twice, and for a
    parameter that a policy of this type does not have, that it lacks or that is out of range; for
    exemptions too of policies that no type has, or of what is no resource.
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
        if missing := policy.missing(configured.parameters):
            raise SettingsUnreadable(
                f"Policy {policy.id} of account {account.account} lacks a value. "
                f"{policy.how_to_give(missing)} Nothing was changed."
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
