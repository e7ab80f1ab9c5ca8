"""An execution started from another one: once for each name, and told apart when Step Functions is busy."""

import json
from collections.abc import Iterator

import boto3
import pytest
from botocore.stub import Stubber

from rightstate.errors import Denied, RightstateError, Throttled, Unavailable
from rightstate.executions import starting
from rightstate.models.start import StartInput
from rightstate_cli.application import sam_template

MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:rightstate-sqs-queue"
START = StartInput(account="123456789012", region="us-east-1", resource="orders")
ASKED = {
    "stateMachineArn": MACHINE,
    "name": "event-1",
    "input": json.dumps(START.model_dump(mode="json", exclude_none=True)),
}
ANSWER = {"executionArn": f"{MACHINE.replace('stateMachine', 'execution')}:event-1", "startDate": 0}


@pytest.fixture
def states(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    client = boto3.client("stepfunctions", region_name="us-east-1")
    monkeypatch.setattr(starting, "hub_client", lambda service: client)
    with Stubber(client) as stubber:
        yield stubber


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("ThrottlingException", 400, Throttled),
        ("ExecutionLimitExceeded", 400, Throttled),
        ("InternalFailure", 500, Unavailable),
        ("AccessDeniedException", 400, Denied),
    ],
)
def test_a_start_that_fails_says_whether_another_try_helps(
    states: Stubber, code: str, status: int, error: type[RightstateError]
) -> None:
    """T18: what the definition retries is Throttled and Unavailable."""
    states.add_client_error("start_execution", code, http_status_code=status, expected_params=ASKED)
    states.add_response("start_execution", ANSWER, ASKED)

    with pytest.raises(error):
        starting.start_execution(MACHINE, "event-1", START)
    starting.start_execution(MACHINE, "event-1", START)

    states.assert_no_pending_responses()


def test_the_state_that_starts_others_is_tried_again_when_it_is_throttled() -> None:
    retries = sam_template.definition()["States"]["Resolve"]["Retry"]
    [rule] = [each for each in retries if "Throttled" in each["ErrorEquals"]]
    assert "Unavailable" in rule["ErrorEquals"] and rule["MaxAttempts"] >= 5


def test_one_that_is_there_already_is_left_as_it_is(states: Stubber) -> None:
    states.add_client_error("start_execution", "ExecutionAlreadyExists", http_status_code=400)
    starting.start_execution(MACHINE, "event-1", START)
