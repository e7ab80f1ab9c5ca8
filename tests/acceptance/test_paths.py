"""Paths through the definition that are hard to provoke, each by what the functions answer or raise.

MockConfigFile.json is in the format of AWS Step Functions Local. STEPFUNCTIONS_ENDPOINT_URL names a server
that was started with it (docs/testing.md); without it ministack is.
"""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from rightstate.models import decision, tasks
from rightstate_cli.application import sam_template
from rightstate_cli.executions import executions
from tests.acceptance import emulator
from tests.acceptance.hub import awaited, client

pytestmark = pytest.mark.acceptance

MOCKS = Path(__file__).with_name("MockConfigFile.json")
CONFIG = json.loads(MOCKS.read_text())
MACHINE = "remediation"
CASES = CONFIG["StateMachines"][MACHINE]["TestCases"]

TO_DESCRIBE = ["Resolve", "Is there a resource to look at?", "Assume role", "Describe"]
TO_VERIFY = [*TO_DESCRIBE, "Decide", "What is to be done?", "Apply", "Verify"]
DONE = [*TO_VERIFY, "Notify and record"]
READ_BACK = [*TO_VERIFY, "Read back", "Notify and record"]

PATHS: dict[str, tuple[list[str], dict[str, list[str]], str | None]] = {
    "HappyPath": (DONE, {}, None),
    "RoleNotAssumable": (
        [*TO_DESCRIBE[:-1], "Notify and record", "Remediation failed"],
        {"Assume role": ["RoleNotAssumed"], "Notify and record": ["RemediationFailed"]},
        "RemediationFailed",
    ),
    "ThrottledThenApplied": (DONE, {"Apply": ["Throttled"] * 2}, None),
    "BusyThenReady": (DONE, {"Describe": ["NotReady"] * 2}, None),
    "NeverSettles": (
        [*READ_BACK, "Remediation failed"],
        {"Verify": ["NotReady"] * 91, "Notify and record": ["RemediationFailed"]},
        "RemediationFailed",
    ),
    "VerifyDisagrees": (
        [*READ_BACK, "Remediation failed"],
        {"Verify": ["NotVerified"] * 8, "Notify and record": ["RemediationFailed"]},
        "RemediationFailed",
    ),
    "ApplyKilledOnce": (DONE, {"Apply": ["Sandbox.Timedout"]}, None),
    "ApplyKilledThenReadBack": (
        [*TO_VERIFY[:-1], "Read back", "Notify and record"],
        {"Apply": ["Sandbox.Timedout"] * 3},
        None,
    ),
    "NotificationFails": (
        [*DONE, "Not recorded"],
        {"Notify and record": ["Unavailable"] * 9},
        "NotRecorded",
    ),
}
"""Name -> the states that are visited, the errors that are met in them, and what the execution fails with."""

ANSWERS: dict[str, type[BaseModel]] = {
    "Resolve": tasks.Resolved,
    "Assume role": tasks.Identity,
    "Describe": tasks.Described,
    "Decide": decision.Decision,
    "Apply": tasks.Applied,
    "Verify": tasks.Verified,
    "Read back": tasks.ReadBack,
    "Notify and record": tasks.Recorded,
}


@pytest.fixture(scope="module")
def states() -> Iterator[Any]:
    """A client of Step Functions, with the mocks."""
    if endpoint := os.environ.get("STEPFUNCTIONS_ENDPOINT_URL"):
        yield client("stepfunctions", endpoint)
        return
    with emulator.running(emulator.free_port(), SFN_MOCK_CONFIG=str(MOCKS)) as started:
        yield client("stepfunctions", started)


@pytest.fixture(scope="module")
def machine(states: Any) -> Iterator[str]:
    arn = states.create_state_machine(
        name=MACHINE, definition=definition(), roleArn="arn:aws:iam::111122223333:role/states"
    )["stateMachineArn"]
    yield arn
    states.delete_state_machine(stateMachineArn=arn)


@pytest.mark.parametrize("case", PATHS)
def test_an_execution_takes_its_path_to_the_end(states: Any, machine: str, case: str) -> None:
    arn = states.start_execution(stateMachineArn=f"{machine}#{case}", input="{}")["executionArn"]
    status = awaited(lambda: ending(states, arn))
    visited, met, error = PATHS[case]
    events = history(states, arn)
    taken = executions._steps(events)
    assert [step.state for step in taken] == visited
    assert {step.state: list(step.errors) for step in taken if step.errors} == met
    assert status == ("FAILED" if error else "SUCCEEDED")
    assert events[-1].get("executionFailedEventDetails", {}).get("error") == error


def test_every_path_of_the_mocks_is_tested() -> None:
    assert set(CASES) == set(PATHS)


@pytest.mark.parametrize(("case", "state"), [(case, state) for case in CASES for state in CASES[case]])
def test_what_a_mock_returns_is_what_the_function_returns(case: str, state: str) -> None:
    for response in CONFIG["MockedResponses"][CASES[case][state]].values():
        if "Return" in response:
            payload = response["Return"]["Payload"]
            assert ANSWERS[state].model_validate(payload).model_dump(mode="json").keys() >= payload.keys()


def definition() -> str:
    """The definition, for some resource type and functions. Every wait is a second at most: Step Functions
    Local waits as long as AWS does."""
    text = (sam_template.root() / "statemachines" / "remediation.asl.json").read_text()
    text = text.replace("${Partition}", "aws").replace("${ResourceType}", "sqs-queue")
    text = re.sub(r"\$\{(\w+)Function\}", r"arn:aws:lambda:us-east-1:111122223333:function:\1", text)
    filled: dict[str, Any] = json.loads(text)
    for state in filled["States"].values():
        for retrier in state.get("Retry", ()):
            retrier |= {"IntervalSeconds": 1, "BackoffRate": 1}
    return json.dumps(filled)


def ending(states: Any, execution: str) -> str | None:
    status = str(states.describe_execution(executionArn=execution)["status"])
    return None if status == "RUNNING" else status


def history(states: Any, execution: str) -> list[dict[str, Any]]:
    pages = states.get_paginator("get_execution_history").paginate(executionArn=execution)
    return [event for page in pages for event in page["events"]]
