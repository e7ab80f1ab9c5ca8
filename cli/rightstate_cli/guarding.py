"""The guards table of a deployed hub: what waits for an approval, and what is halted."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from boto3.dynamodb.types import TypeSerializer
from botocore.exceptions import ClientError
from pydantic import ValidationError

from rightstate.approvals import REQUESTS, listed, not_listed, request_id, same_person
from rightstate.clock import now
from rightstate.errors import InvalidInput
from rightstate.guards import GUARD, HALT, Guard, Halt, known, parsed
from rightstate.identify import shown
from rightstate.models import ApproversDecision, Choice, Requested
from rightstate.storage.dynamodb import plain
from rightstate_cli.aws import answers
from rightstate_cli.hub import Hub

_NOTHING_CHANGED = "Nothing was changed."
_UNCHANGED = "Nothing was decided."
_KEPT = timedelta(days=30)
_NOT_WAITING = ("TaskTimedOut", "TaskDoesNotExist", "InvalidToken")


def waits(requested: Requested, at: str | None = None) -> bool:
    """Whether the request waits for an answer at that time, now if none is given."""
    return not requested.outcome and requested.until > (at or now())


class Guarding:
    """What the guards table says. Raises Denied, Unavailable, InvalidInput as `answers` does."""

    def __init__(self, hub: Hub) -> None:
        if "GuardsTable" not in hub.outputs:
            raise InvalidInput(
                f"The hub {shown(hub.stack)} is older than approvals and halts: it is of version "
                f"{hub.outputs.get('Version', 'unknown')}. Deploy it again."
            )
        self._hub = hub
        self._table = hub.outputs["GuardsTable"]

    # --- Approvals ---

    def requests(self) -> list[Requested]:
        """Every request that is kept, the newest first."""
        pages = self._pages(
            "query",
            KeyConditionExpression="id = :id",
            ExpressionAttributeValues={":id": {"S": REQUESTS}},
            ConsistentRead=True,
        )
        found = [_request(item) for item in pages]
        return sorted((each for each in found if each), key=lambda each: each.asked_at, reverse=True)

    def request(self, request: str) -> Requested:
        """The request of that id. Raises InvalidInput where there is none."""
        item = self._item(REQUESTS, request)
        found = _request(item) if item else None
        if found is None:
            raise InvalidInput(
                f"There is no request {shown(request)}. {_UNCHANGED} `rightstate approvals list --all` shows "
                "what there is."
            )
        return found

    def waiting_for(self, execution: str) -> Requested | None:
        """The request whose answer the execution of that ARN waits for, None where it waits for none."""
        item = self._item(REQUESTS, request_id(execution))
        found = _request(item) if item else None
        return found if found and found.execution == execution and waits(found) else None

    def decide(
        self, requested: Requested, choice: Choice, reason: str, not_before: str = "", not_after: str = ""
    ) -> None:
        """Decide under the own identity, and wake the execution that waits.

        Done again, it wakes it again: nothing else happens. Raises InvalidInput where it is decided already,
        or may not be by the caller.
        """
        caller = self._hub.caller
        if choice is Choice.APPROVE and same_person(requested, caller.user_id, caller.arn):
            raise InvalidInput(
                f"{caller.arn} caused the change, and so cannot approve {requested.id}. {_UNCHANGED} Ask "
                "somebody else, or deny it."
            )
        unproven = choice is Choice.APPROVE and not requested.proven
        if unproven and not listed(requested.approvers, caller.user_id):
            raise InvalidInput(f"{not_listed(requested, caller.user_id)} {_UNCHANGED}")
        decision = ApproversDecision(
            by=caller.user_id,
            request=requested.id,
            execution=requested.execution,
            plan=requested.plan,
            choice=choice,
            arn=caller.arn,
            at=now(),
            reason=reason,
            not_before=not_before,
            not_after=not_after,
        )
        self._write(requested, decision)
        if not self._wake(requested):
            # The function that asked was killed, and the state has asked again under another token.
            latest = self.request(requested.id)
            if latest.token in ("", requested.token) or not self._wake(latest):
                raise InvalidInput(
                    f"{requested.id} does not wait any more: it was decided by somebody else, has expired, "
                    "or its execution has ended. The execution goes on as it was decided before. If "
                    "`rightstate approvals list` has it still, decide again in a minute. Yours is kept."
                )

    def _wake(self, requested: Requested) -> bool:
        """Let the execution that waits look at the decision. False where nothing waits under that token."""
        states = self._hub.client("stepfunctions")
        with answers("The execution goes on as it was decided before."):
            try:
                states.send_task_success(
                    taskToken=requested.token, output=json.dumps({"decided_by": self._hub.caller.user_id})
                )
            except ClientError as error:
                if error.response["Error"]["Code"] not in _NOT_WAITING:
                    raise
                return False
        return True

    def _write(self, requested: Requested, decision: ApproversDecision) -> None:
        # For as long as the request, which whoever looks back may want to compare with it.
        ends = max(datetime.fromisoformat(each) for each in (requested.until, decision.not_after) if each)
        facts = {
            **decision.model_dump(exclude={"by"}, mode="json"),
            "expires": int((ends + _KEPT).timestamp()),
        }
        item = {"id": decision.by, "what": decision.request, **facts}
        dynamodb = self._hub.client("dynamodb")
        with answers(_UNCHANGED):
            try:
                dynamodb.put_item(
                    TableName=self._table,
                    Item={name: TypeSerializer().serialize(value) for name, value in item.items()},
                    ConditionExpression="attribute_not_exists(what)",
                )
            except dynamodb.exceptions.ConditionalCheckFailedException:
                before = self._item(decision.by, decision.request) or {}
                asked = (decision.choice, decision.not_before, decision.not_after)
                if tuple(before.get(name) for name in ("choice", "not_before", "not_after")) != asked:
                    raise InvalidInput(
                        f"You have decided {decision.request} already, at {before.get('at')}: "
                        f"{before.get('choice')}. A decision is not changed."
                    ) from None

    # --- Halts ---

    def halts(self) -> list[tuple[str, Halt]]:
        """Resource, as account/region/type/id, and halt: all there are."""
        pages = self._pages(
            "scan",
            FilterExpression="begins_with(what, :halt)",
            ExpressionAttributeValues={":halt": {"S": HALT}},
        )
        return sorted(
            ((item["id"], Halt.model_validate(known(item, Halt))) for item in pages),
            key=lambda each: each[1].since,
        )

    def let_go(self, resource: str, policy: str) -> None:
        """End a halt, and forget what was counted: it may be changed as often again."""
        dynamodb = self._hub.client("dynamodb")
        guard = self._item(resource, GUARD) or {}
        with answers("The halt stays."):
            if policy in guard.get("applies", {}):
                dynamodb.update_item(
                    TableName=self._table,
                    Key={"id": {"S": resource}, "what": {"S": GUARD}},
                    UpdateExpression="REMOVE applies.#policy",
                    ExpressionAttributeNames={"#policy": policy},
                )
            dynamodb.delete_item(
                TableName=self._table, Key={"id": {"S": resource}, "what": {"S": HALT + policy}}
            )

    def guard(self, resource: str) -> Guard:
        """What executions have to mind about a resource, named account/region/type/id."""
        return parsed(
            self._pages(
                "query",
                KeyConditionExpression="id = :id",
                ExpressionAttributeValues={":id": {"S": resource}},
                ConsistentRead=True,
            )
        )

    # --- The table ---

    def _pages(self, operation: str, **given: Any) -> Iterator[dict[str, Any]]:
        paginator = self._hub.client("dynamodb").get_paginator(operation)
        with answers(_NOTHING_CHANGED):
            for page in paginator.paginate(TableName=self._table, **given):
                yield from map(plain, page["Items"])

    def _item(self, key: str, what: str) -> dict[str, Any] | None:
        with answers(_NOTHING_CHANGED):
            answer = self._hub.client("dynamodb").get_item(
                TableName=self._table, Key={"id": {"S": key}, "what": {"S": what}}, ConsistentRead=True
            )
        item = answer.get("Item")
        return plain(item) if item else None


def _request(item: dict[str, Any]) -> Requested | None:
    """None for one that another version has written."""
    try:
        return Requested.model_validate({**known(item, Requested), "id": item["what"]})
    except ValidationError:
        return None
