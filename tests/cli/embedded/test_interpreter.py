"""What is put into ministack's interpreter, each beside what AWS says that it does."""

import json
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from threading import Event
from typing import Any

import pytest

from rightstate_cli.embedded import interpreter as interpreters
from rightstate_cli.embedded.interpreter import Handler, Interpreter

ACCOUNT, REGION = "123456789012", "us-east-1"
LAMBDA = "arn:aws:states:::lambda:invoke"
RUNTIME, LIMIT = "States.Runtime", "States.DataLimitExceeded"

State = dict[str, Any]
Ran = Callable[..., dict[str, Any]]


class NotReady(Exception):
    pass


@pytest.fixture
def handlers() -> dict[str, Handler]:
    return {"echo": lambda event, context: event}


@pytest.fixture
def left() -> Event:
    return Event()


@pytest.fixture
def engine(handlers: dict[str, Handler], left: Event) -> Iterator[Interpreter]:
    with Interpreter(ACCOUNT, REGION, handlers, 0, left).running() as running:
        yield running


def machine(engine: Interpreter, states: dict[str, State], partition: str = "aws") -> str:
    arn = f"arn:{partition}:states:{REGION}:{ACCOUNT}:stateMachine:any"
    engine.create(arn, json.dumps({"StartAt": next(iter(states)), "States": states}))
    return arn


def end_of(engine: Interpreter, execution: str) -> dict[str, Any]:
    ended: SimpleQueue[str] = SimpleQueue()
    engine.when_ended(execution, ended.put)
    return engine.describe(ended.get(timeout=30))


@pytest.fixture
def run(engine: Interpreter) -> Ran:
    def ran(given: Any, **states: State) -> dict[str, Any]:
        return end_of(engine, engine.start(machine(engine, states), given))

    return ran


def task(function: str = "echo", **more: Any) -> State:
    parameters = {"FunctionName": function, "Payload.$": "$"}
    return {"Type": "Task", "Resource": LAMBDA, "TimeoutSeconds": 60, "Parameters": parameters, **more}


def failing(times: int, error: Exception) -> tuple[list[int], Handler]:
    """A function that fails so often, and the tries that it has seen."""
    tries: list[int] = []

    def handler(event: Any, context: Any) -> Any:
        tries.append(len(tries) + 1)
        if len(tries) <= times:
            raise error
        return "done"

    return tries, handler


def test_an_error_of_a_function_is_known_by_its_class_and_its_cause_is_that_of_lambda(
    run: Ran, handlers: dict[str, Handler]
) -> None:
    handlers["fails"] = failing(1, NotReady("It is busy."))[1]
    catch = [{"ErrorEquals": ["NotReady"], "Next": "Caught"}]
    end = run({}, Fails=task("fails", Catch=catch, End=True), Caught={"Type": "Succeed"})
    caught = json.loads(end["output"])
    assert caught["Error"] == "NotReady"
    assert json.loads(caught["Cause"]) == {
        "errorMessage": "It is busy.",
        "errorType": "NotReady",
        "stackTrace": [],
    }


def test_a_task_that_waits_for_its_token_fails_with_the_error_of_its_function(
    run: Ran, handlers: dict[str, Handler]
) -> None:
    """ministack swallows it, and waits for the token that nobody has been given."""
    handlers["fails"] = failing(1, NotReady("It is busy."))[1]
    waits = task("fails", Resource=f"{LAMBDA}.waitForTaskToken", End=True)
    end = run({}, Fails=waits)
    assert (end["status"], end["error"]) == ("FAILED", "NotReady")


def test_the_seconds_that_a_token_is_waited_for_may_come_from_the_input(run: Ran) -> None:
    waits = task(Resource=f"{LAMBDA}.waitForTaskToken", TimeoutSecondsPath="$.seconds", End=True)
    del waits["TimeoutSeconds"]
    end = run({"seconds": 0.01}, Waits=waits)
    assert (end["status"], end["error"]) == ("FAILED", "States.Timeout")


def test_a_token_is_answered_through_the_api_and_the_history_says_when_it_is_waited_for(
    engine: Interpreter, handlers: dict[str, Handler]
) -> None:
    tokens: SimpleQueue[str] = SimpleQueue()
    handlers["asks"] = lambda event, context: tokens.put(event["token"])
    waits = task("asks", Resource=f"{LAMBDA}.waitForTaskToken", End=True)
    waits["Parameters"]["Payload"] = {"token.$": "$$.Task.Token"}
    del waits["Parameters"]["Payload.$"]
    execution = engine.start(machine(engine, {"Asks": waits}), {})
    token = tokens.get(timeout=30)
    with interpreters.request_scope(ACCOUNT, REGION):
        interpreters.sfn._send_task_success({"taskToken": token, "output": '{"by": "ana"}'})
    assert json.loads(end_of(engine, execution)["output"]) == {"by": "ana"}
    types = [event["type"] for event in engine.history(execution)]
    assert types[types.index("TaskScheduled") + 1] == "TaskSubmitted"


DELAYS: dict[str, tuple[State, list[float]]] = {
    "as AWS does without any field": ({}, [1, 2, 4]),
    "with a cap": ({"IntervalSeconds": 15, "BackoffRate": 2, "MaxDelaySeconds": 40}, [15, 30, 40]),
    "longer than a minute": ({"IntervalSeconds": 100, "BackoffRate": 1}, [100, 100, 100]),
    "with a cap beyond a minute": (
        {"IntervalSeconds": 100, "BackoffRate": 2, "MaxDelaySeconds": 300},
        [100, 200, 300],
    ),
}


@pytest.mark.parametrize(("retrier", "delays"), DELAYS.values(), ids=list(DELAYS))
def test_a_retry_waits_as_the_retrier_says(
    engine: Interpreter,
    run: Ran,
    handlers: dict[str, Handler],
    monkeypatch: pytest.MonkeyPatch,
    retrier: State,
    delays: list[float],
) -> None:
    waited: list[float] = []
    monkeypatch.setattr(engine, "_retry_scale", 1)
    monkeypatch.setattr(engine._left, "wait", lambda seconds: bool(waited.append(seconds)))
    tries, handlers["fails"] = failing(3, NotReady())
    end = run({}, Fails=task("fails", Retry=[{"ErrorEquals": ["NotReady"], **retrier}], End=True))
    assert (end["status"], len(tries), waited) == ("SUCCEEDED", 4, delays)


def test_full_jitter_waits_any_time_up_to_the_delay(
    engine: Interpreter, run: Ran, handlers: dict[str, Handler], monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr(engine, "_retry_scale", 1)
    monkeypatch.setattr(engine._left, "wait", lambda seconds: bool(waited.append(seconds)))
    _, handlers["fails"] = failing(40, NotReady())
    retrier = {
        "ErrorEquals": ["States.ALL"],
        "IntervalSeconds": 100,
        "BackoffRate": 1,
        "MaxAttempts": 40,
        "JitterStrategy": "FULL",
    }
    assert run({}, Fails=task("fails", Retry=[retrier], End=True))["status"] == "SUCCEEDED"
    assert 0 <= min(waited) < 50 < max(waited) <= 100


NO_PATH: dict[str, State] = {
    "in the parameters": task(Parameters={"FunctionName": "echo", "Payload.$": "$.missing"}, End=True),
    "in the result selector": task(ResultSelector={"a.$": "$.Payload.missing"}, End=True),
    "in an item of a list": task(Parameters={"FunctionName": "echo", "Payload.$": "$.list[3]"}, End=True),
    "in a choice": {"Type": "Choice", "Choices": [{"Variable": "$.no", "IsNull": True, "Next": "First"}]},
}


@pytest.mark.parametrize("state", NO_PATH.values(), ids=list(NO_PATH))
def test_a_path_that_is_not_there_ends_the_execution_and_is_caught_by_no_states_all(
    run: Ran, state: State
) -> None:
    """States.ALL does not catch States.Runtime (developer guide, "Handling errors")."""
    every: list[State] = [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]
    caught = {"Catch": every} if state["Type"] == "Task" else {}
    end = run({"list": [1]}, First={**state, **caught}, Caught={"Type": "Succeed"})
    assert (end["status"], end["error"]) == ("FAILED", RUNTIME)


@pytest.mark.parametrize(("given", "present"), [({"a": None}, True), ({"a": 1}, True), ({}, False)])
def test_a_null_is_present(run: Ran, given: State, present: bool) -> None:
    rule = {"Variable": "$.a", "IsPresent": True, "Next": "Present"}
    end = run(
        given,
        Look={"Type": "Choice", "Choices": [rule], "Default": "Absent"},
        Present={"Type": "Pass", "Result": True, "End": True},
        Absent={"Type": "Pass", "Result": False, "End": True},
    )
    assert json.loads(end["output"]) is present


def test_a_state_of_more_than_256_kib_ends_the_execution(run: Ran, handlers: dict[str, Handler]) -> None:
    handlers["much"] = lambda event, context: "x" * 262_144
    every: list[State] = [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]
    end = run({}, Much=task("much", Catch=every, End=True), Caught={"Type": "Succeed"})
    assert (end["status"], end["error"]) == ("FAILED", LIMIT)


def test_a_name_is_one_execution_while_it_runs_and_none_again_after_that(
    engine: Interpreter, handlers: dict[str, Handler]
) -> None:
    go = Event()
    handlers["waits"] = lambda event, context: go.wait(30)
    arn = machine(engine, {"Waits": task("waits", End=True)})
    first = engine.start(arn, {"a": 1}, "same")
    assert engine.start(arn, {"a": 1}, "same") == first
    with pytest.raises(ValueError, match="exists already"):
        engine.start(arn, {"a": 2}, "same")
    go.set()
    assert end_of(engine, first)["status"] == "SUCCEEDED"
    with pytest.raises(ValueError, match="exists already"):
        engine.start(arn, {"a": 1}, "same")


def test_a_function_s_answer_and_its_event_are_json_of_their_own(
    run: Ran, handlers: dict[str, Handler]
) -> None:
    def alter(event: Any, context: Any) -> Any:
        event["list"].append(2)
        return event

    handlers["alters"] = alter
    end = run({"list": [1]}, Alters=task("alters", ResultPath="$.answer", End=True))
    output = json.loads(end["output"])
    assert (output["list"], output["answer"]["Payload"]["list"]) == ([1], [1, 2])


def test_an_execution_is_of_the_partition_of_its_machine(engine: Interpreter) -> None:
    arn = machine(engine, {"First": {"Type": "Succeed"}}, "aws-cn")
    assert engine.start(arn, {}).startswith("arn:aws-cn:states:")


def test_once_the_run_is_left_what_waits_for_the_next_try_goes_to_its_catch(
    engine: Interpreter, handlers: dict[str, Handler], left: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_retry_scale", 1)

    def busy(event: Any, context: Any) -> Any:
        left.set()
        raise NotReady

    handlers["busy"] = busy
    retry = [{"ErrorEquals": ["NotReady"], "IntervalSeconds": 3600, "MaxAttempts": 9}]
    catch = [{"ErrorEquals": ["NotReady"], "Next": "Recorded"}]
    states = {
        "Busy": task("busy", Retry=retry, Catch=catch, End=True),
        "Recorded": {"Type": "Pass", "Result": "recorded", "End": True},
    }
    end = end_of(engine, engine.start(machine(engine, states), {}))
    assert (end["status"], end["output"]) == ("SUCCEEDED", '"recorded"')


def test_once_the_run_is_left_what_waits_for_a_time_is_aborted(engine: Interpreter, left: Event) -> None:
    states = {"Wait": {"Type": "Wait", "Timestamp": "2999-01-01T00:00:00Z", "Next": "Never"}}
    execution = engine.start(machine(engine, {**states, "Never": {"Type": "Succeed"}}), {})
    left.set()
    end = end_of(engine, execution)
    assert (end["status"], end["error"]) == ("ABORTED", "Stopped")
    assert "Nothing was changed" in end["cause"]


def test_a_history_that_is_forgotten_takes_no_memory_and_its_end_is_still_known(
    engine: Interpreter,
) -> None:
    execution = engine.start(machine(engine, {"First": {"Type": "Succeed"}}), {})
    end_of(engine, execution)
    assert engine.history(execution)
    engine.forget(execution)
    assert engine.history(execution) == []
    assert engine.describe(execution)["status"] == "SUCCEEDED"
