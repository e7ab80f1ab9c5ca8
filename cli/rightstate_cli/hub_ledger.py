"""The ledger of a deployed hub."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from rightstate.errors import InvalidInput
from rightstate.identify import shown
from rightstate.models import EXECUTION
from rightstate.storage.dynamodb import plain
from rightstate_cli.aws import answers
from rightstate_cli.executions import SHORT, Wanted, machine_of
from rightstate_cli.hub import Hub
from rightstate_cli.hub_history import HubHistory
from rightstate_cli.ledger import understood

_INDEX = "execution"
_CANDIDATES = 8
"""So many executions with similar names are told apart in a message."""
_NOT_INDEXED = "The hub's ledger has no index of executions: the hub is of an older version. Deploy it again."


def find(hub: Hub, named: str) -> tuple[str, Mapping[str, Any]]:
    """The ARN of the execution with that ARN or name, or whose name alone begins or ends so, and the ledger's
    item about it, as DynamoDB gives it.

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


def _found(hub: Hub, arns: Sequence[str]) -> list[tuple[str, Mapping[str, Any]]]:
    return [(arn, item) for arn in arns if (item := _item(hub, arn))]


def _about(item: Mapping[str, Any]) -> str:
    entry = understood(plain(item))
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


def _item(hub: Hub, arn: str) -> Mapping[str, Any] | None:
    table, dynamodb = hub.outputs["LedgerTable"], hub.client("dynamodb")
    with answers("Nothing was changed.", gone={"ValidationException": _NOT_INDEXED}):
        keys = dynamodb.query(
            TableName=table,
            IndexName=_INDEX,
            KeyConditionExpression="#execution = :execution",
            ExpressionAttributeNames={"#execution": "execution"},
            ExpressionAttributeValues={":execution": {"S": arn}},
            Limit=1,
        )["Items"]
        if not keys:
            return None
        key = {name: keys[0][name] for name in ("resource", "at")}
        item: Mapping[str, Any] | None = dynamodb.get_item(TableName=table, Key=key).get("Item")
    return item
