"""The guards table: requests for approval, and halts."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError
from pydantic import ValidationError

from rightstate.clock import now
from rightstate.errors import InvalidInput
from rightstate.guarding.guards import GUARD, HALT, Guard, Halt, known, parsed
from rightstate.identify import shown
from rightstate.models.approval import ApproversDecision, Choice, Requested
from rightstate.states.approvals import REQUESTS, listed, not_listed, request_id, same_person
from rightstate.storage.table import Item, Table, absent, present
from rightstate_cli.aws import Caller, answers

_NOTHING_CHANGED = "Nothing was changed."
_UNCHANGED = "Nothing was decided."
_KEPT = timedelta(days=30)
_NOT_WAITING = ("TaskTimedOut", "TaskDoesNotExist", "InvalidToken")


class NotWaiting(InvalidInput):
    """Nothing waits for the decision any more."""


def waits(requested: Requested, at: str | None = None) -> bool:
    """Whether the request waits for an answer at that time, now if none is given."""
    return not requested.outcome and requested.until > (at or now())


class Guarding:
    """Reads the guards table. Raises Denied, Unavailable, InvalidInput as `answers` does."""

    def __init__(self, table: Table) -> None:
        self._table = table

    # --- Approvals ---

    def requests(self) -> list[Requested]:
        """Every request that is kept, the newest first."""
        found = [_request(item) for item in self._items(REQUESTS)]
        return sorted((each for each in found if each), key=lambda each: each.asked_at, reverse=True)

    def request(self, request: str) -> Requested:
        """The request of that id. Raises InvalidInput if there is none."""
        item = self._item(REQUESTS, request)
        found = _request(item) if item else None
        if found is None:
            raise InvalidInput(
                f"There is no request {shown(request)}. {_UNCHANGED} `rightstate approvals list --all` shows "
                "what there is."
            )
        return found

    def waiting_for(self, execution: str) -> Requested | None:
        """The request whose answer the execution with that ARN waits for, None if it waits for none."""
        item = self._item(REQUESTS, request_id(execution))
        found = _request(item) if item else None
        return found if found and found.execution == execution and waits(found) else None

    # --- Halts ---

    def halts(self) -> list[tuple[str, Halt]]:
        """Every halt, with its resource as account/region/type/id."""
        with answers(_NOTHING_CHANGED):
            # By a scan: halts of an earlier version are not in the index.
            found = list(self._table.scan([[present("since")]]))
        items = [item for item in found if item["what"].startswith(HALT)]
        return sorted(
            ((item["id"], Halt.model_validate(known(item, Halt))) for item in items),
            key=lambda each: each[1].since,
        )

    def halted(self) -> dict[str, Guard]:
        """The halts of each resource, read once for all of them."""
        halts: dict[str, tuple[Halt, ...]] = {}
        for resource, halt in self.halts():
            halts[resource] = (*halts.get(resource, ()), halt)
        return {resource: Guard(halts=each) for resource, each in halts.items()}

    def let_go(self, resource: str, policy: str) -> None:
        """End a halt, and restart the count of changes."""
        guard = self._item(resource, GUARD) or {}
        with answers("The halt stays."):
            if policy in guard.get("applies", {}):
                self._table.update({"id": resource, "what": GUARD}, remove=[f"applies.{policy}"])
            self._table.delete({"id": resource, "what": HALT + policy})

    def guard(self, resource: str) -> Guard:
        """What executions must respect about a resource, named account/region/type/id."""
        return parsed(self._items(resource))

    # --- The table ---

    def _items(self, key: str) -> Iterator[Item]:
        with answers(_NOTHING_CHANGED):
            yield from self._table.query(key)

    def _item(self, key: str, what: str) -> Item | None:
        with answers(_NOTHING_CHANGED):
            return self._table.get({"id": key, "what": what})


class Approving(Guarding):
    """Answers requests under the caller's own identity."""

    def __init__(self, table: Table, caller: Caller) -> None:
        super().__init__(table)
        self._caller = caller

    def refusal(self, requested: Requested) -> str:
        """Why the caller may not approve the request; empty if nothing is known that forbids it."""
        caller = self._caller
        if same_person(requested, caller.user_id, caller.arn):
            return (
                f"{caller.arn} caused the change, and so cannot approve {requested.id}. {_UNCHANGED} Ask "
                "another person, or deny it."
            )
        if not requested.proven and not listed(requested.approvers, caller.user_id):
            return f"{not_listed(requested, caller.user_id)} {_UNCHANGED}"
        return ""

    def decide(
        self, requested: Requested, choice: Choice, reason: str, not_before: str = "", not_after: str = ""
    ) -> None:
        """Decide as the caller, and wake the execution that waits.

        A second call only wakes it again. Raises NotWaiting if the execution does not wait any more;
        InvalidInput if the caller has decided otherwise, or may not decide it.
        """
        caller = self._caller
        refusal = self.refusal(requested) if choice is Choice.APPROVE else ""
        if refusal:
            raise InvalidInput(refusal)
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
            # The function that asked died, and its retry asked again with another token.
            latest = self.request(requested.id)
            if latest.token in ("", requested.token) or not self._wake(latest):
                raise NotWaiting(
                    f"{requested.id} does not wait any more: another person decided it, it has expired, or "
                    "its execution has ended. The first decision counts. If `rightstate approvals list` "
                    "still lists it, decide again in a minute. Your decision is kept."
                )

    def _wake(self, requested: Requested) -> bool:
        """Let the waiting execution read the decision. False if nothing waits with that token."""
        states = self._caller.client("stepfunctions")
        with answers("The execution goes on as it was decided before."):
            try:
                states.send_task_success(
                    taskToken=requested.token, output=json.dumps({"decided_by": self._caller.user_id})
                )
            except ClientError as error:
                if error.response["Error"]["Code"] not in _NOT_WAITING:
                    raise
                return False
        return True

    def _write(self, requested: Requested, decision: ApproversDecision) -> None:
        # As long as the request, so that a later reader can compare the two.
        ends = max(datetime.fromisoformat(each) for each in (requested.until, decision.not_after) if each)
        facts = {
            **decision.model_dump(exclude={"by"}, mode="json"),
            "expires": int((ends + _KEPT).timestamp()),
        }
        item = {"id": decision.by, "what": decision.request, **facts}
        with answers(_UNCHANGED):
            written = self._table.put(item, when=[(absent("what"),)])
        if not written:
            before = self._item(decision.by, decision.request) or {}
            asked = (decision.choice, decision.not_before, decision.not_after)
            if tuple(before.get(name) for name in ("choice", "not_before", "not_after")) != asked:
                raise InvalidInput(
                    f"You have decided {decision.request} already, at {before.get('at')}: "
                    f"{before.get('choice')}. A decision is not changed."
                )


def _request(item: dict[str, Any]) -> Requested | None:
    """None if another version wrote it in another form."""
    try:
        return Requested.model_validate({**known(item, Requested), "id": item["what"]})
    except ValidationError:
        return None
