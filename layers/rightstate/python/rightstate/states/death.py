"""Record death: the ledger's entry of an execution that could not write its own.

It timed out, was aborted, or failed outside the states that catch. The entry has what the event of its end
says.
"""

import json
import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from rightstate import catalogue, storage
from rightstate.aws.errors import named_errors
from rightstate.errors import InvalidInput
from rightstate.executions import ledger, metrics
from rightstate.executions.step import logger, parse
from rightstate.guarding import guards
from rightstate.identify import shown
from rightstate.models.decision import Outcome
from rightstate.models.names import EXECUTION
from rightstate.models.start import Execution
from rightstate.resource_type import Place
from rightstate.states import approvals
from rightstate.storage.table import absent
from rightstate.wants import as_change

BACKFILL = "backfill"
"""The machine that is about all resources and none; each of theirs is recorded by an execution of its own."""

_Milliseconds = Annotated[int, Field(ge=0, lt=253_402_300_800_000)]
PROCESS_ENDED = "ProcessEnded"
"""The error of an execution that ran on somebody's machine, in a process that was killed."""
_STOPPED = "Stopped"
"""The error that `rightstate batch stop` gives a backfill."""
_HOW = {"TIMED_OUT": "ran out of time", "ABORTED": "was aborted", "FAILED": "failed"}


class _Ended(BaseModel):
    """The detail of an event `Step Functions Execution Status Change` (Step Functions developer guide,
    "Automating Step Functions event delivery with EventBridge"): times since 1970, and the input as text,
    which is null where it is longer than 262,144 bytes with the rest."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    arn: str = Field(alias="executionArn", pattern=EXECUTION)
    machine: str = Field(alias="stateMachineArn", max_length=256)
    status: Literal["TIMED_OUT", "ABORTED", "FAILED"]
    started: _Milliseconds = Field(alias="startDate")
    stopped: _Milliseconds | None = Field(default=None, alias="stopDate")
    input: str | None = None
    error: str | None = None

    @property
    def execution(self) -> Execution:
        return Execution(
            id=self.arn,
            name=self.arn.rpartition(":")[2],
            started=_time(self.started).isoformat(),
            state_machine=self.machine,
        )

    @property
    def resource_type(self) -> str:
        return self.machine.rpartition(":")[2].removeprefix(f"{os.environ['STACK']}-")


class _Event(BaseModel):
    detail: _Ended


def record_death(event: Any) -> None:
    """Write the entry, unless there is one for that execution: what has been recorded stays.

    The rule lets through the machines of each stack whose name begins with this one's; those are left out. An
    event that is not understood is logged, and not tried again. Raises what DynamoDB refuses, so that Lambda
    tries again.
    """
    try:
        ended = parse(_Event, event).detail
    except InvalidInput as error:
        logger.error("An execution's end is not understood, and recorded nowhere.", reason=str(error))
        return
    if ended.resource_type not in {*catalogue.names(), BACKFILL}:
        logger.info("The execution is not of this stack.", execution=ended.arn)
        return
    entry = _entry(ended)
    # Before the entry, so that a second try comes to it too.
    approvals.abandon(entry["resource"], ended.arn)
    if ended.resource_type != BACKFILL:
        written, halted = _may_have_written(entry, ended)
        entry |= written
        if halted:
            # The alarm on halts tells of it.
            metrics.add("Halts", len(halted))
    with named_errors():
        recorded = storage.ledger().put(ledger.expiring(entry), when=[[absent("resource")]])
    if not recorded:
        logger.info("The execution has been recorded before.", execution=ended.arn)
        return
    metrics.add("Executions", 1, ResourceType=entry["resource_type"], Outcome=entry["outcome"])
    logger.warning(entry["reason"], execution=ended.arn, resource=entry["resource"])


def _entry(ended: _Ended) -> dict[str, Any]:
    given = _input(ended)
    place = None
    if ended.resource_type == BACKFILL:
        _, partition, _, region, account, *_ = ended.arn.split(":")
        place = Place(account=account, region=region, partition=partition)
        # No resource of the batch.
        given = {key: value for key, value in given.items() if key != "batch"}
    stopped = datetime.now(UTC) if ended.stopped is None else _time(ended.stopped)
    in_order = ended.resource_type == BACKFILL and ended.error == _STOPPED
    return {
        **ledger.heading(ended.resource_type, ended.execution, given, stopped, place=place),
        "outcome": Outcome.STOPPED if in_order else Outcome.DIED,
        "error": "" if in_order else _error(ended),
        "reason": _of_stopped(ended) if in_order else _reason(ended),
        "rule": "execution",
        "plan": "",
        "policies": [],
        "verdicts": [],
        "changes": [],
        "calls": [],
        "verified": {},
    }


def _may_have_written(entry: Mapping[str, Any], ended: _Ended) -> tuple[dict[str, Any], list[str]]:
    """What the execution had noted before its first write, and the policies that are halted since. Nothing
    here may read the resource itself."""
    # A machine that has failed has waited for its functions; one that was aborted has not.
    intent, halted = guards.count_dead(entry["resource"], ended.arn, still_writing=ended.status != "FAILED")
    if intent is None or not intent.changes:
        return {}, []
    found = intent.model_dump(mode="json")
    what = "; ".join(f"{c.setting}: {as_change(c.before, c.after)}" for c in intent.changes)
    stops = f" Halted, because none of its changes lasts: {', '.join(halted)}." if halted else ""
    reason = f"{_how(ended)}. It may have changed before that: {what}.{stops} {_where(ended)}"
    return {"changes": found["changes"], "calls": list(intent.operations), "reason": reason}, halted


def _input(ended: _Ended) -> Mapping[str, Any]:
    """The input that the execution was started with, nothing where the event lacks it."""
    try:
        given = json.loads(ended.input or "")
    except (ValueError, RecursionError):
        return {}
    return given if isinstance(given, dict) else {}


def _error(ended: _Ended) -> str:
    """The error's name. A person who aborts an execution may write any text there."""
    return ended.error if ended.error and re.fullmatch(r"[\w.]{1,80}", ended.error) else ended.status


def _reason(ended: _Ended) -> str:
    lost = "" if ended.input else " What it was about is not in the event of its end, only in its history."
    return f"{_how(ended)}. What it changed before that is not known here.{lost} {_where(ended)}"


def _how(ended: _Ended) -> str:
    error = "" if _error(ended) == ended.status else f" with {_error(ended)}"
    return f"The execution {_HOW[ended.status]}{error} and has recorded nothing itself"


def _where(ended: _Ended) -> str:
    if ended.error == PROCESS_ENDED:
        return "Run the same command again: it changes only what is not right yet."
    return f"`rightstate history {shown(ended.execution.name)} --deployed` shows how far it came."


def _of_stopped(ended: _Ended) -> str:
    name = ended.execution.name
    return (
        "The backfill was stopped: it begins nothing more, and lets finish what has begun. `rightstate batch "
        f"show {shown(_input(ended).get('batch') or name)}` shows how far it came, `rightstate batch resume` "
        "goes on."
    )


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
