"""The ledger of a deployed hub."""

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from rightstate.errors import InvalidInput
from rightstate.identify import shown
from rightstate.models.names import EXECUTION
from rightstate.storage.table import Item
from rightstate_cli.aws import answers
from rightstate_cli.executions.executions import SHORT, Wanted, machine_of
from rightstate_cli.hub.deployment import Hub
from rightstate_cli.hub.history import HubHistory
from rightstate_cli.tables.ledger_table import understood

_INDEX = "execution"
_AT_ONCE = 8
_CANDIDATES = 8
"""The most executions with similar names that a message lists."""
_NOT_INDEXED = "The hub's ledger has no index of executions: the hub is of an older version. Deploy it again."


def find(hub: Hub, named: str) -> tuple[str, Item]:
    """The ARN of the execution with that ARN or name, or whose name alone begins or ends so, and its item
    in the ledger.

    Raises InvalidInput where there is none, or several are named so; Denied, Unavailable.
    """
    found, more = _found(hub, _arns(hub, named)), 0
    if not found and not named.startswith("arn:") and len(named) >= SHORT:
        alike = HubHistory(hub, Wanted()).alike(named)
        found, more = _found(hub, alike[:_CANDIDATES]), max(0, len(alike) - _CANDIDATES)
    if len(found) + more > 1:
        told = [f"{arn} ({_about(item)})" for arn, item in found] + ([f"{more} more"] if more else [])
        raise InvalidInput(
            f"Several executions have a name that is, begins or ends like {shown(named)}: {'; '.join(told)}. "
            "Nothing was changed. Name one by its ARN."
        )
    if not found:
        raise InvalidInput(
            f"The ledger of the hub {shown(hub.stack)} in account {hub.account}, {hub.region} has no "
            f"execution {shown(named)}. Nothing was changed. `rightstate history --deployed` lists them, and "
            f"one that has only just ended may take some seconds to be found. {SHORT} characters of a name's "
            "beginning or end will do for 90 days; later give all of it."
        )
    return found[0]


def _found(hub: Hub, arns: Sequence[str]) -> list[tuple[str, Item]]:
    # A name may be of any machine, and the index has ARNs: a query for each of dozens.
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        items = pool.map(partial(_item, hub), arns)
        return [(arn, item) for arn, item in zip(arns, items, strict=True) if item]


def _about(item: Item) -> str:
    entry = understood(item)
    return f"{shown(entry.resource)}, {entry.outcome}"


def _arns(hub: Hub, named: str) -> list[str]:
    machines = hub.machines().values()
    if not named.startswith("arn:"):
        return [f"{machine.replace(':stateMachine:', ':execution:', 1)}:{named}" for machine in machines]
    if not re.fullmatch(EXECUTION, named) or machine_of(named) not in machines:
        raise InvalidInput(
            f"{shown(named)} is no execution of the hub {shown(hub.stack)} in account {hub.account}, "
            f"{hub.region}. Nothing was changed."
        )
    return [named]


def _item(hub: Hub, arn: str) -> Item | None:
    with answers("Nothing was changed.", gone={"ValidationException": _NOT_INDEXED}):
        key = next(hub.ledger.query(arn, _INDEX), None)
        return hub.ledger.get({name: key[name] for name in ("resource", "at")}) if key else None
