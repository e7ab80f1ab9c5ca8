"""The ledger of a deployed hub."""

import re
from collections.abc import Mapping
from typing import Any

from rightstate.errors import InvalidInput
from rightstate.identify import shown
from rightstate.models import EXECUTION
from rightstate_cli.aws import answers
from rightstate_cli.executions import machine_of
from rightstate_cli.hub import Hub

_INDEX = "execution"
_NOT_INDEXED = "The hub's ledger has no index of executions: the hub is of an older version. Deploy it again."


def find(hub: Hub, named: str) -> tuple[str, Mapping[str, Any]]:
    """The ARN of the execution with that ARN or name, and the ledger's item about it, as DynamoDB gives it.

    Raises InvalidInput where there is none, or several have the name; Denied, Unavailable.
    """
    found = [(arn, item) for arn in _arns(hub, named) if (item := _item(hub, arn))]
    if not found:
        raise InvalidInput(
            f"The ledger of the hub {shown(hub.stack)} in account {hub.account}, {hub.region} has no "
            f"execution {shown(named)}. Nothing was changed. `rightstate history --deployed` lists them, and "
            "one that has only just ended may take some seconds to be found."
        )
    if len(found) > 1:
        arns = ", ".join(arn for arn, _ in found)
        raise InvalidInput(f"Several executions are named {shown(named)}: {arns}. Name one by its ARN.")
    return found[0]


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
