"""ministack with what it lacks of the AWS that Rightstate is deployed to; each gap says what AWS does.

Run as a module, it serves: `python -m tests.acceptance.ministack_gaps`, as `ministack` does. The smallest
fills there can be, for the acceptance tests and nothing else.
"""

import json
import os
import re
import time
from collections import defaultdict
from collections.abc import Iterator
from contextvars import ContextVar
from functools import cache
from threading import BoundedSemaphore
from typing import Any

import boto3
from ministack import app
from ministack.core.responses import get_account_id, get_region
from ministack.services import eventbridge, lambda_svc, stepfunctions
from ministack.services.cloudformation import (
    _stacks,
    changesets,
    engine,
    handlers,
    helpers,
    provisioners,
    stacks,
)

from rightstate_cli.application.input_transformer import transformed

Properties = dict[str, Any]
Provisioned = tuple[str, dict[str, str]]
"""What Ref returns, and what Fn::GetAtt does."""


def fill() -> None:
    """Fill the gaps, in this process and for good."""
    lambda_svc._execute_function_warm = _execute_function
    stepfunctions._execute_task = _execute_task
    stepfunctions._invoke_resource_with_timeout = _invoke
    stepfunctions._get_mock_response = lambda *of: None
    stepfunctions._invoke_nested_start_execution_sync = _start_and_wait
    stepfunctions._evaluate_rule = _evaluate_rule
    stepfunctions._run_distributed_map = _run_distributed_map
    stepfunctions._run_sub_machine = _run_sub_machine
    stepfunctions._s3_object_text = _read_object
    eventbridge._apply_input_transformer = _transform
    eventbridge._invoke_target = _invoke_target
    provisioners._RESOURCE_HANDLERS |= _HANDLERS
    for module in (changesets, handlers, stacks):
        if hasattr(module, "_evaluate_conditions"):
            module._evaluate_conditions = _evaluate_conditions
    handlers._ACTION_HANDLERS |= {"DescribeStacks": _describe_stacks, "DescribeStackSet": _describe_stack_set}


# --- EventBridge ---


# ministack knows no index in a path, and escapes the texts that it puts in, which AWS does not.
def _transform(transformer: dict[str, Any], rule: Any, view: Any) -> str:
    return transformed(transformer, view.event_with_detail())


# --- EventBridge Scheduler ---


# What stands between <aws.scheduler. and > in a schedule's input is filled in (user guide, "Adding context
# attributes in EventBridge Scheduler"). ministack passes it on as it is.
def _invoke_target(
    target: dict[str, Any], event: dict[str, Any], rule: dict[str, Any], view: Any = None
) -> Any:
    if event.get("Source") == "aws.scheduler":
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(event["Time"]))
        known = {"execution-id": event["EventId"], "scheduled-time": at, "schedule-arn": rule["Arn"]}
        filled = target.get("Input", "")
        for name, value in known.items():
            filled = filled.replace(f"<aws.scheduler.{name}>", value)
        target = {**target, "Input": filled}
    return _invoke_target_unfilled(target, event, rule, view)


_invoke_target_unfilled = eventbridge._invoke_target


# --- Lambda ---


# errorType is the class of the exception that the handler raised (developer guide, "Lambda function errors in
# Python"), and Retry and Catch name it. ministack says Runtime.HandlerError of all of them; the class is in
# its log, on the last line of the traceback.
def _execute_function(func: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
    # As many at a time as there are cores: each is a process, which takes a second of one to begin.
    with _workers[func["config"]["FunctionName"]]:
        result: dict[str, Any] = _execute_function_unnamed(func, event, request_id)
    body = result["body"]
    if result.get("error") and body["errorType"] == "Runtime.HandlerError":
        raised = re.search(rf"(\w+): {re.escape(body['errorMessage'])}\s*\Z", result["log"])
        body["errorType"] = raised[1] if raised else "Runtime.HandlerError"
    return result


_workers: defaultdict[str, BoundedSemaphore] = defaultdict(lambda: BoundedSemaphore(os.cpu_count() or 1))
_execute_function_unnamed = lambda_svc._execute_function_warm


# --- Step Functions ---


# With a mock configuration each try of a state gets the response of its number (developer guide,
# "Configuration file for mocked service integrations"). ministack answers all tries with that of the first.
def _execute_task(state: Any, given: Any, execution: dict[str, Any], context: dict[str, Any]) -> Any:
    was = _running.set((execution, context))
    try:
        return _execute_task_unmocked(state, given, execution, context)
    finally:
        _running.reset(was)


def _invoke(resource: str, given: Any, seconds: float) -> Any:
    execution, context = _running.get()
    machine, state = context["StateMachine"]["Name"], context["State"]
    mock = _mock_response(machine, execution.get("testCase", ""), state["Name"], state["RetryCount"])
    if mock is None:
        return _invoke_unmocked(resource, given, seconds)
    if "Throw" in mock:
        raise stepfunctions._ExecutionError(mock["Throw"]["Error"], mock["Throw"]["Cause"])
    return mock["Return"]


_running: ContextVar[tuple[dict[str, Any], dict[str, Any]]] = ContextVar("_running")
_mock_response = stepfunctions._get_mock_response
_execute_task_unmocked = stepfunctions._execute_task
_invoke_unmocked = stepfunctions._invoke_resource_with_timeout


# It may start an alias. While an execution of the same name and input runs, that one is waited for (API
# reference, StartExecution); otherwise the name is refused, with StepFunctions. before the error's name and
# Exception after it. The error of an execution that failed is States.TaskFailed. ministack knows no alias
# there, starts a second execution of the name, and passes on the error of one that failed.
def _start_and_wait(resource: str, given: Any) -> dict[str, Any]:
    request = stepfunctions._nested_start_execution_request(given)
    status, _, body = stepfunctions._start_execution(request)
    answer = json.loads(body)
    if status >= 400:
        arn = answer["message"].partition("'")[2].rstrip("'")
        running = stepfunctions._executions.get(arn, {})
        if running.get("status") != "RUNNING" or running["input"] != request["input"]:
            error = f"StepFunctions.{answer['__type']}Exception"
            raise stepfunctions._ExecutionError(error, answer["message"])
    else:
        arn = answer["executionArn"]
    started = stepfunctions._executions[arn]
    while started["status"] == "RUNNING":
        time.sleep(0.02)
    if started["status"] != "SUCCEEDED":
        raise stepfunctions._ExecutionError("States.TaskFailed", f"{arn} ended {started['status']}.")
    return {"ExecutionArn": arn, "Status": "SUCCEEDED", "Output": json.loads(started["output"])}


# Of the comparisons with a path ministack has all but those of timestamps.
def _evaluate_rule(rule: dict[str, Any], given: Any, context: Any = None) -> bool:
    if "TimestampGreaterThanPath" in rule:
        path = rule["TimestampGreaterThanPath"]
        rule = {**rule, "TimestampGreaterThan": stepfunctions._resolve_path_or_ctx(path, given, context)}
    return bool(_evaluate_rule_without_paths(rule, given, context))


# ministack passes over MaxConcurrencyPath.
def _run_distributed_map(
    state: dict[str, Any], given: Any, effective: Any, processor: Any, execution: Any, context: Any
) -> Any:
    if "MaxConcurrencyPath" in state:
        state = {
            **state,
            "MaxConcurrency": stepfunctions._resolve_path(state["MaxConcurrencyPath"], effective),
        }
    return _run_map_without_path(state, given, effective, processor, execution, context)


# A child execution of a Distributed Map has a context object of its own, and is aborted with the execution
# whose map it belongs to. In ministack it has its parent's context, and is begun all the same.
def _run_sub_machine(states: Any, first: str, given: Any, execution: dict[str, Any], context: Any) -> Any:
    if any(parent["status"] == "ABORTED" for parent in _parents(execution)):
        raise stepfunctions._ExecutionError("States.Aborted", "Aborted with the execution of the map.")
    if execution.get("mapRunArn"):
        context["Execution"] = {
            "Id": execution["executionArn"],
            "Input": given,
            "Name": execution["name"],
            "StartTime": execution["startDate"],
        }
        context["StateMachine"] = {**context["StateMachine"], "Id": execution["stateMachineArn"]}
    return _run_sub_machine_as_parent(states, first, given, execution, context)


def _parents(execution: dict[str, Any]) -> Iterator[dict[str, Any]]:
    while run := execution.get("mapRunArn"):
        execution = stepfunctions._executions[stepfunctions._map_runs[run]["executionArn"]]
        yield execution


# There is one S3. Here the functions, and so the items that they leave for a map, are on the server that the
# emulator's environment names.
def _read_object(bucket: str, key: str) -> str:
    text: bytes = _functions_s3().get_object(Bucket=bucket, Key=key)["Body"].read()
    return text.decode()


@cache
def _functions_s3() -> Any:
    return boto3.client(
        "s3", endpoint_url=os.environ.get("AWS_ENDPOINT_URL_S3", os.environ["AWS_ENDPOINT_URL"])
    )


_evaluate_rule_without_paths = stepfunctions._evaluate_rule
_run_map_without_path = stepfunctions._run_distributed_map
_run_sub_machine_as_parent = stepfunctions._run_sub_machine


# --- CloudFormation ---


# A stack has the description of its template, by which ours are known; of one that a change set has made,
# ministack does not keep it.
def _describe_stacks(params: Any) -> Any:
    for stack in _stacks.values():
        stack["Description"] = (stack.get("_template") or {}).get("Description", "")
    return _describe_stacks_as_kept(params)


_describe_stacks_as_kept = handlers._describe_stacks


# Conditions may name pseudo parameters and look into mappings. In ministack they know neither.
def _evaluate_conditions(template: Any, params: Any) -> Any:
    known = {"AWS::AccountId": get_account_id(), "AWS::Region": get_region(), "AWS::Partition": "aws"}

    def resolved(node: Any) -> Any:
        match node:
            case {"Fn::FindInMap": [mapping, first, second]}:
                return template["Mappings"][mapping][resolved(first)][resolved(second)]
            case {"Ref": str(name)} if name in known:
                return known[name]
            case dict():
                return {key: resolved(value) for key, value in node.items()}
            case list():
                return [resolved(each) for each in node]
        return node

    return engine._evaluate_conditions(
        {**template, "Conditions": resolved(template.get("Conditions", {}))}, params
    )


# An account has StackSets, if none by that name. ministack does not know the call.
def _describe_stack_set(params: Any) -> Any:
    return helpers._error("StackSetNotFoundException", "There is no such StackSet", 404)


# Ref is the version's ARN; another revision of the machine is a version in place of this one, which the
# template's UpdateReplacePolicy keeps. ministack has the calls, but not the resource type.
def _publish_version(logical_id: str, given: Properties, stack: str) -> Provisioned:
    answer = _answered(
        stepfunctions._publish_state_machine_version(
            {"stateMachineArn": given["StateMachineArn"], "revisionId": given["StateMachineRevisionId"]}
        )
    )
    arn = answer["stateMachineVersionArn"]
    return arn, {"Arn": arn}


def _delete_version(arn: str, given: Properties) -> None:
    _answered(stepfunctions._delete_state_machine_version({"stateMachineVersionArn": arn}))


# Ref is the alias's ARN; it is updated to name another version. Again ministack has only the calls.
def _create_alias(logical_id: str, given: Properties, stack: str) -> Provisioned:
    created = stepfunctions._create_state_machine_alias({"name": given["Name"], **_routing(given)})
    arn = _answered(created)["stateMachineAliasArn"]
    return arn, {"Arn": arn}


def _update_alias(arn: str, old: Properties, given: Properties, stack: str) -> Provisioned:
    _answered(stepfunctions._update_state_machine_alias({"stateMachineAliasArn": arn, **_routing(given)}))
    return arn, {"Arn": arn}


def _delete_alias(arn: str, given: Properties) -> None:
    _answered(stepfunctions._delete_state_machine_alias({"stateMachineAliasArn": arn}))


def _routing(given: Properties) -> dict[str, Any]:
    version = given["DeploymentPreference"]["StateMachineVersionArn"]
    return {"routingConfiguration": [{"stateMachineVersionArn": version, "weight": 100}]}


# It adds a statement to the policy of a bus, and takes it away again. ministack has PutPermission for it.
def _put_permission(logical_id: str, given: Properties, stack: str) -> Provisioned:
    _answered(
        eventbridge._put_permission(
            {
                "EventBusName": given.get("EventBusName", "default"),
                "StatementId": given["StatementId"],
                **given["Statement"],
            }
        )
    )
    return given["StatementId"], {}


def _remove_permission(statement: str, given: Properties) -> None:
    _answered(
        eventbridge._remove_permission(
            {"EventBusName": given.get("EventBusName", "default"), "StatementId": statement}
        )
    )


# A bucket of the stack is where the functions look for it, as well.
def _create_bucket(logical_id: str, given: Properties, stack: str) -> Provisioned:
    created: Provisioned = provisioners._s3_create(logical_id, given, stack)
    _functions_s3().create_bucket(Bucket=created[0])
    return created


# And it is deleted there, if it is empty, as AWS wants it.
def _delete_bucket(name: str, given: Properties) -> None:
    _functions_s3().delete_bucket(Bucket=name)
    _BUCKETS["delete"](name, given)


_BUCKETS = provisioners._RESOURCE_HANDLERS["AWS::S3::Bucket"]


def _answered(response: Any) -> dict[str, Any]:
    status, _, body = response
    if status >= 400:
        raise ValueError(body.decode())
    answer: dict[str, Any] = json.loads(body)
    return answer


_HANDLERS = {
    "AWS::StepFunctions::StateMachineVersion": {"create": _publish_version, "delete": _delete_version},
    "AWS::StepFunctions::StateMachineAlias": {
        "create": _create_alias,
        "update": _update_alias,
        "delete": _delete_alias,
    },
    "AWS::S3::Bucket": {**_BUCKETS, "create": _create_bucket, "delete": _delete_bucket},
    "AWS::Events::EventBusPolicy": {"create": _put_permission, "delete": _remove_permission},
}


if __name__ == "__main__":
    fill()
    app.main()
