"""Checks that start executions for resources that do not exist; only with --canary."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from botocore.exceptions import ClientError

from rightstate.executions.canary import ENDINGS, NOBODY, TYPE, entry, name
from rightstate_cli.checks.check import CheckResult, Per, Site, Untold, check, code, failed, passed, skipped
from rightstate_cli.executions.executions import SHORT

_ENOUGH = 180
_BETWEEN = 2.0


@check("V12", "An event becomes an execution", Per.HUB, "see the execution's error; V8, V10, V11")
def event(site: Site) -> Iterator[CheckResult]:
    """An event about a queue that does not exist is put on the hub's bus. It starts an execution, which finds
    no queue and ends as it should. The seconds are from the event to the execution's end."""
    _wanted(site)
    if site.hub.account not in site.accounts:
        yield skipped(
            "The hub's own account is not registered, so the hub would refuse its event.",
            f"rightstate accounts add {site.hub.account}",
        )
        return
    states, machine = site.client("stepfunctions"), site.hub.machines()[TYPE]
    sent = datetime.now(UTC)
    [answer] = site.client("events").put_events(Entries=[_entry(site)])["Entries"]
    if "EventId" not in answer:
        yield failed(
            f"The bus refused the event: {answer.get('ErrorCode')}.", "Check the policy of the bus (V9)."
        )
        return
    execution = _started(states, machine, answer["EventId"], sent)
    if execution is None:
        yield failed(
            f"The event {answer['EventId']} started no execution in {_ENOUGH} s.",
            f"rightstate verify --check V8 --check V10 --check V17; then {site.deploy}",
        )
        return
    ended = _ended(states, execution)
    outcome = json.loads(ended.get("output") or "{}").get("outcome")
    if ended["status"] == "SUCCEEDED" and outcome in ENDINGS:
        seconds = (ended["stopDate"] - sent).total_seconds()
        yield passed(f"{seconds:.1f} s from the event to the execution's end, {outcome}.")
    else:
        why = ended.get("cause") or outcome or "it has not ended"
        yield failed(
            f"The execution {execution} is {ended['status']}: {why}.",
            f"rightstate history --deployed {execution.rpartition(':')[2][-SHORT:]}",
        )


@check("V13", "Unknown accounts are refused, duplicates start once", Per.HUB, "`sam deploy`")
def refused(site: Site) -> Iterator[CheckResult]:
    """An execution for an unregistered account ends FAILED with UnknownAccount. Two starts with the same name
    start one execution."""
    _wanted(site)
    if NOBODY in site.accounts:
        yield failed(
            f"{NOBODY} is registered, and no account may have that number.",
            f"rightstate accounts remove {NOBODY}",
        )
        return
    states, machine = site.client("stepfunctions"), site.hub.machine(TYPE)
    about = {
        "account": NOBODY,
        "region": site.region,
        "resource": name(str(uuid4())),
        "reason": "rightstate verify",
    }
    start = {
        "stateMachineArn": machine,
        "name": name(str(uuid4())),
        "input": json.dumps(about),
    }
    first = states.start_execution(**start)["executionArn"]
    try:
        second = states.start_execution(**start)["executionArn"]
    except ClientError as error:
        if code(error) != "ExecutionAlreadyExists":
            raise
        second = first
    if second != first:
        yield failed("The same name started two executions.", site.deploy)
    ended = _ended(states, first)
    if ended["status"] == "FAILED" and "UnknownAccount" in ended.get("cause", ""):
        yield passed("Refused with UnknownAccount; started once.")
    else:
        yield failed(f"The execution {first} for an unregistered account is {ended['status']}.", site.deploy)


def _wanted(site: Site) -> None:
    if not site.clients.canary:
        raise Untold(
            skipped(
                "It would start an execution for a resource that does not exist.",
                "rightstate verify --canary",
            )
        )


def _entry(site: Site) -> dict[str, Any]:
    """The event about a queue of the hub's account that does not exist."""
    return entry(site.hub.account, site.region, name(str(uuid4())), datetime.now(UTC))


def _started(states: Any, machine: str, event: str, sent: datetime) -> str | None:
    """The execution that the event started. EventBridge chooses its name."""
    looked_at: set[str] = set()
    until = time.monotonic() + _ENOUGH
    while True:
        for each in states.list_executions(stateMachineArn=machine, maxResults=100)["executions"]:
            arn = each["executionArn"]
            # Clocks may differ by a minute.
            if arn in looked_at or each["startDate"] < sent - timedelta(seconds=60):
                continue
            looked_at.add(arn)
            given = json.loads(states.describe_execution(executionArn=arn).get("input", "{}"))
            if given.get("event", {}).get("id") == event:
                return str(arn)
        if time.monotonic() > until:
            return None
        time.sleep(_BETWEEN)


def _ended(states: Any, execution: str) -> dict[str, Any]:
    """The execution when it has ended, or its state when the time is over."""
    until = time.monotonic() + _ENOUGH
    while True:
        described: dict[str, Any] = states.describe_execution(executionArn=execution)
        if described["status"] != "RUNNING" or time.monotonic() > until:
            return described
        time.sleep(_BETWEEN)
