"""ministack's interpreter of the Amazon States Language, called in this process.

It is ministack's private API: its version is pinned, and no other module of ours touches it. What it lacks of
AWS is put into it here, and each replacement says what AWS does. Not put in: a machine's own TimeoutSeconds.
No execution lives for days in a process that a person looks at.
"""

import io
import json
import marshal
import random
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar, copy_context
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from ministack.core.responses import error_response_json, json_response, now_iso, request_scope
from ministack.services import stepfunctions as sfn
from urllib3 import HTTPResponse

from rightstate_cli.embedded.watch import Watch

Handler = Callable[[Any, Any], Any]

RUNNING = "RUNNING"
# Step Functions developer guide, "Service quotas": the input or output of a task, state or execution.
_LARGEST = 262_144
# Developer guide, "Handling errors": States.ALL catches neither.
_NEVER_CAUGHT_BY_ALL = {"States.DataLimitExceeded", "States.Runtime"}

_current: ContextVar[str] = ContextVar("execution")
_submitting: ContextVar[bool] = ContextVar("submitting", default=False)


class _Failed(Exception):
    """A function raised an error. It is none of the interpreter's own, which it swallows in a task that waits
    for its token."""

    def __init__(self, error: Exception) -> None:
        super().__init__(type(error).__name__)
        self.name = type(error).__name__
        # Lambda developer guide, "Lambda function errors in Python"; the trace is left out.
        self.cause = json.dumps({"errorMessage": str(error), "errorType": self.name, "stackTrace": []})


class Interpreter:
    """Step Functions of one account and region.

    `handlers` has the handler of each function, by the function's name. The waits of Retry take `retry_scale`
    of their time. Once `left` is set, nothing waits any more: a task is not retried and goes to its Catch,
    and an execution in a Wait state is aborted.
    """

    def __init__(
        self,
        account: str,
        region: str,
        handlers: Mapping[str, Handler],
        retry_scale: float,
        left: threading.Event,
        watch: Watch | None = None,
    ) -> None:
        self._scope = (account, region)
        self._handlers = handlers
        self._retry_scale = retry_scale
        self._left = left
        self._watch = watch or Watch()
        self._lock = threading.Lock()
        self._ended: set[str] = set()
        self._told: dict[str, list[Callable[[str], None]]] = {}

    @contextmanager
    def running(self) -> Iterator["Interpreter"]:
        """Interpret until it is left; what still runs then is aborted."""
        with ExitStack() as stack:
            for name, replacement in self._replacements().items():
                stack.enter_context(patch.object(sfn, name, replacement))
            try:
                yield self
            finally:
                self._left.set()
                self._clear()

    def create(self, arn: str, definition: str) -> None:
        """Create a state machine, whose substitutions are filled in."""
        with request_scope(*self._scope):
            sfn._state_machines[arn] = {
                "stateMachineArn": arn,
                "name": arn.rpartition(":")[2],
                "definition": definition,
                "roleArn": "",  # nothing here assumes it
                "type": "STANDARD",
                "status": "ACTIVE",
                "creationDate": now_iso(),
                "loggingConfiguration": {"level": "OFF", "includeExecutionData": False},
            }

    def start(self, machine: str, given: Any, name: str | None = None) -> str:
        """Start an execution and return its ARN, of the one that runs already under that name with that input
        as well. Raises ValueError where an execution of that name has ended or has another input."""
        with request_scope(*self._scope):
            status, _, body = self._start_execution(
                {"stateMachineArn": machine, "input": json.dumps(given), "name": name or str(uuid.uuid4())}
            )
        answer = json.loads(body)
        if status != 200:
            raise ValueError(answer["message"])
        arn: str = answer["executionArn"]
        return arn

    def when_ended(self, execution: str, tell: Callable[[str], None]) -> None:
        """Call `tell` with the execution's ARN once it has ended, at once if it has."""
        with self._lock:
            if execution not in self._ended:
                self._told.setdefault(execution, []).append(tell)
                return
        tell(execution)

    def describe(self, execution: str) -> dict[str, Any]:
        """What DescribeExecution answers."""
        with request_scope(*self._scope):
            found = sfn._executions[execution]
        known = {name: found.get(name) for name in _DESCRIBED}
        dates = {name: _moment(known[name]) for name in ("startDate", "stopDate") if known[name]}
        return {name: value for name, value in known.items() if value is not None} | dates

    def history(self, execution: str) -> list[dict[str, Any]]:
        """The events of GetExecutionHistory, oldest first."""
        with request_scope(*self._scope):
            events = list(sfn._executions[execution]["events"])
        return [{**event, "timestamp": _moment(event["timestamp"])} for event in events]

    def forget(self, execution: str) -> None:
        """Drop the history of an execution that has ended, which is most of what is kept of it."""
        with request_scope(*self._scope):
            sfn._executions[execution]["events"].clear()

    def executions(self, machine: str) -> list[str]:
        """The ARNs of a machine's executions, oldest first."""
        with request_scope(*self._scope):
            return [arn for arn, found in sfn._executions.items() if found["stateMachineArn"] == machine]

    def answer(self, request: AWSPreparedRequest, **event: Any) -> AWSResponse:
        """Answer a call of Step Functions' API: botocore's `before-send`."""
        target = request.headers["X-Amz-Target"]
        headers = {"x-amz-target": target.decode() if isinstance(target, bytes) else target}
        with request_scope(*self._scope):
            answering = sfn.handle_request("POST", "/", headers, request.body, {})
            try:
                answering.send(None)
            except StopIteration as ended:
                status, headers, body = ended.value
            else:
                raise NotImplementedError(f"{target} waits for a worker, which there is none of here")
        content = io.BytesIO(body.encode() if isinstance(body, str) else body)
        return AWSResponse(request.url, status, headers, HTTPResponse(content, preload_content=False))

    def _clear(self) -> None:
        with request_scope(*self._scope):
            for arn, found in list(sfn._executions.items()):
                if found["status"] == RUNNING:
                    sfn._stop_execution({"executionArn": arn, "cause": "The process ended."})
                del sfn._executions[arn]
            for arn in list(sfn._state_machines):
                del sfn._state_machines[arn]

    # --- What is put in place of the interpreter's own ---

    def _replacements(self) -> dict[str, Any]:
        return {
            "_start_execution": self._start_execution,
            "_emit_execution_status_event": self._tell,
            "_call_lambda": self._call,
            "_scaled_sleep": self._wait,
            "_find_matching_retrier": self._next_try,
            "_error_matches": _matches,
            "_execute_task": _execute_task,
            "_invoke_resource": _with_errors_of_functions(sfn._invoke_resource),
            "_invoke_with_callback": _with_errors_of_functions(_submit),
            "_invoke_resource_with_timeout": _invoke_without_timeout,
            "_resolve_path": _resolve_path,
            "_evaluate_rule": _evaluate_rule,
            # What it copies is JSON. copy.deepcopy was a fifth of an execution's time.
            "copy": SimpleNamespace(deepcopy=_copied),
            # It sleeps before each execution, and nowhere else that is not replaced here.
            "time": SimpleNamespace(sleep=lambda seconds: None, time=sfn.time.time),
        }

    def _start_execution(self, request: Mapping[str, Any]) -> Any:
        """StartExecution is idempotent: the same name with the same input is the same execution, while it
        runs (API reference). ministack refuses each name that it knows, and knows the partition `aws` alone.
        """
        machine = request["stateMachineArn"]
        if machine not in sfn._state_machines:
            return error_response_json("StateMachineDoesNotExist", f"There is no {machine}", 400)
        name, given = request["name"], request.get("input", "{}")
        arn = f"{machine.replace(':stateMachine:', ':execution:', 1)}:{name}"
        started = now_iso()
        with self._lock:
            known = sfn._executions.get(arn)
            if known is None:
                sfn._executions[arn] = _record(arn, machine, name, given, started)
            elif known["status"] != RUNNING or known["input"] != given:
                return error_response_json("ExecutionAlreadyExists", f"{arn} exists already", 400)
        if known is None:
            self._watch.started(sfn._executions[arn])
            run = copy_context().run
            threading.Thread(target=run, args=(self._run, arn), name=name, daemon=True).start()
        return json_response(
            {"executionArn": arn, "startDate": (known or {"startDate": started})["startDate"]}
        )

    def _run(self, arn: str) -> None:
        _current.set(arn)
        sfn._run_execution(arn)

    def _tell(self, execution: Mapping[str, Any]) -> None:
        """Where ministack puts the change of a status on the bus."""
        if execution["status"] == RUNNING:
            return
        self._watch.ended(execution)
        with self._lock:
            self._ended.add(execution["executionArn"])
            told = self._told.pop(execution["executionArn"], [])
        for tell in told:
            tell(execution["executionArn"])

    def _call(self, function: str, event: Any) -> Any:
        """The real handler, which is given and gives JSON, as in Lambda."""
        handler = self._handlers[function.rpartition(":")[2]]
        try:
            answer = json.loads(json.dumps(handler(_copied(event), None)))
        except Exception as error:
            raise _Failed(error) from error
        if _submitting.get():
            sfn._add_event(sfn._executions[_current.get()], "TaskSubmitted")
        return answer

    def _wait(self, seconds: float) -> None:
        """A Wait state, until the process is left."""
        if seconds > 0 and self._left.wait(min(seconds, threading.TIMEOUT_MAX)):
            sfn._stop_execution({"executionArn": _current.get(), "error": "Stopped", "cause": _STOPPED})

    def _next_try(
        self, retriers: list[dict[str, Any]], error: str, tries: Mapping[int, int]
    ) -> tuple[dict[str, Any] | None, int]:
        """The retrier, after the time that it asks for. ministack waits at most 60 seconds, and knows neither
        MaxDelaySeconds nor JitterStrategy; it is left nothing to wait."""
        retrier, index = _find_matching_retrier(retriers, error, tries)
        if retrier is None:
            return None, -1
        delay = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** tries.get(index, 0)
        delay = min(delay, retrier.get("MaxDelaySeconds", delay))
        if retrier.get("JitterStrategy") == "FULL":
            delay = random.uniform(0, delay)  # noqa: S311 - nothing is secret
        if self._left.wait(delay * self._retry_scale):
            return None, -1
        return {**retrier, "IntervalSeconds": 0}, index


_STOPPED = "The run was stopped while the execution waited. Nothing was changed."
_DESCRIBED = (
    "executionArn",
    "stateMachineArn",
    "name",
    "status",
    "startDate",
    "stopDate",
    "input",
    "output",
    "error",
    "cause",
)
_invoke_with_callback = sfn._invoke_with_callback
_find_matching_retrier = sfn._find_matching_retrier
_interpret_task = sfn._execute_task
_resolve_leniently = sfn._resolve_path
_evaluate_leniently = sfn._evaluate_rule
_match_leniently = sfn._error_matches


def _record(arn: str, machine: str, name: str, given: str, started: str) -> dict[str, Any]:
    event = {
        "id": 1,
        "type": "ExecutionStarted",
        "timestamp": started,
        "executionStartedEventDetails": {"input": given},
    }
    return {
        "executionArn": arn,
        "stateMachineArn": machine,
        "name": name,
        "status": RUNNING,
        "startDate": started,
        "stopDate": None,
        "input": given,
        "inputDetails": {"included": True},
        "output": None,
        "outputDetails": {"included": True},
        "testCase": "",
        "mockAttempts": {},
        "events": [event],
    }


def _copied(value: Any) -> Any:
    """A copy of what JSON can say, which shares nothing with it that may be changed."""
    return marshal.loads(marshal.dumps(value))  # noqa: S302 - our own bytes


def _execute_task(state: dict[str, Any], given: Any, execution: Any, context: Any) -> tuple[Any, str | None]:
    """ministack knows neither TimeoutSecondsPath nor the largest state that there may be."""
    if path := state.get("TimeoutSecondsPath"):
        state = {**state, "TimeoutSeconds": sfn._resolve_path_or_ctx(path, given, context)}
    output, following = _interpret_task(state, given, execution, context)
    if len(json.dumps(output).encode()) > _LARGEST:
        raise sfn._ExecutionError(
            "States.DataLimitExceeded",
            f"The state '{context['State']['Name']}' returned more than {_LARGEST} bytes.",
        )
    return output, following


def _with_errors_of_functions(invoke: Callable[..., Any]) -> Callable[..., Any]:
    """An error of a function reaches Retry and Catch by its class, in a task that waits for its token too."""

    def invoked(*given: Any) -> Any:
        try:
            return invoke(*given)
        except _Failed as failed:
            raise sfn._ExecutionError(failed.name, failed.cause) from failed

    return invoked


def _submit(*given: Any) -> Any:
    """The event TaskSubmitted says that the function has returned, and that its token is waited for.
    ministack does not write it."""
    before = _submitting.set(True)
    try:
        return _invoke_with_callback(*given)
    finally:
        _submitting.reset(before)


def _invoke_without_timeout(resource: str, given: Any, timeout: float) -> Any:
    """Lambda ends a function that takes too long. A thread cannot be ended: to report it as timed out would
    be false while it goes on to write. The time-outs of its calls bound it."""
    return sfn._invoke_resource(resource, given)


def _resolve_path(path: str, data: Any) -> Any:
    """A path that is not there is an error that ends the execution. ministack makes null of it."""
    found = _resolve_leniently(path, data)
    if found is None and not _is_there(path, data):
        raise sfn._ExecutionError("States.Runtime", f"The JSONPath '{path}' could not be found in the input.")
    return found


def _is_there(path: str, data: Any) -> bool:
    for kind, key in sfn._parse_jsonpath_tokens(path) or ():
        if kind == "field" and not (isinstance(data, dict) and key in data):
            return False
        if kind == "index" and not (isinstance(data, list) and key < len(data)):
            return False
        data = data[key]
    return True


def _evaluate_rule(rule: Mapping[str, Any], data: Any, context: Any = None) -> bool:
    """IsPresent is the one rule that a path may be missing in. A null is present."""
    if "IsPresent" not in rule:
        evaluated: bool = _evaluate_leniently(rule, data, context)
        return evaluated
    try:
        sfn._resolve_path_or_ctx(rule["Variable"], data, context)
    except sfn._ExecutionError:
        return not rule["IsPresent"]
    return bool(rule["IsPresent"])


def _matches(names: list[str], error: str) -> bool:
    if error in _NEVER_CAUGHT_BY_ALL:
        return error in names
    matched: bool = _match_leniently(names, error)
    return matched


def _moment(stamp: str) -> datetime:
    return datetime.fromisoformat(stamp.replace("Z", "+00:00"))
