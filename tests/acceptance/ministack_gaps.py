"""ministack with what it lacks of the AWS that Rightstate is deployed to; each gap says what AWS does.

Run as a module, it serves: `python -m tests.acceptance.ministack_gaps`, as `ministack` does. The smallest
fills there can be, for the acceptance tests and nothing else.
"""

import json
import re
from contextvars import ContextVar
from typing import Any

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

Properties = dict[str, Any]
Provisioned = tuple[str, dict[str, str]]
"""What Ref returns, and what Fn::GetAtt does."""


def fill() -> None:
    """Fill the gaps, in this process and for good."""
    lambda_svc._execute_function_warm = _execute_function
    stepfunctions._execute_task = _execute_task
    stepfunctions._invoke_resource_with_timeout = _invoke
    stepfunctions._get_mock_response = lambda *of: None
    provisioners._RESOURCE_HANDLERS |= _HANDLERS
    for module in (changesets, handlers, stacks):
        if hasattr(module, "_evaluate_conditions"):
            module._evaluate_conditions = _evaluate_conditions
    handlers._ACTION_HANDLERS |= {"DescribeStacks": _describe_stacks, "DescribeStackSet": _describe_stack_set}


# --- Lambda ---


# errorType is the class of the exception that the handler raised (developer guide, "Lambda function errors in
# Python"), and Retry and Catch name it. ministack says Runtime.HandlerError of all of them; the class is in
# its log, on the last line of the traceback.
def _execute_function(func: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
    result: dict[str, Any] = _execute_function_unnamed(func, event, request_id)
    body = result["body"]
    if result.get("error") and body["errorType"] == "Runtime.HandlerError":
        raised = re.search(rf"(\w+): {re.escape(body['errorMessage'])}\s*\Z", result["log"])
        body["errorType"] = raised[1] if raised else "Runtime.HandlerError"
    return result


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
    "AWS::Events::EventBusPolicy": {"create": _put_permission, "delete": _remove_permission},
}


if __name__ == "__main__":
    fill()
    app.main()
