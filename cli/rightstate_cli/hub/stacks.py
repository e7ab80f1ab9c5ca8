"""CloudFormation stacks: find, create, update, delete, and wait for the end."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError, WaiterError

from rightstate.errors import CallFailed
from rightstate_cli.aws import answers

Stack = dict[str, Any]
"""As DescribeStacks shows it."""

_PATIENCE = {"Delay": 5, "MaxAttempts": 720}
_REFUSED = "ValidationError"
"""CloudFormation's only code for all that it refuses. Only the message says what."""


def find(cloudformation: Any, name: str) -> Stack | None:
    """The stack, None if there is none. Raises Denied, Unavailable, InvalidInput."""
    with answers("Nothing was changed."):
        try:
            [stack] = cloudformation.describe_stacks(StackName=name)["Stacks"]
        except ClientError as error:
            if error.response["Error"]["Code"] != _REFUSED:
                raise
            return None
    found: Stack = stack
    return found


def parameters(stack: Stack) -> dict[str, str]:
    """The values of its parameters."""
    return {each["ParameterKey"]: each["ParameterValue"] for each in stack.get("Parameters", [])}


def outputs(stack: Stack) -> dict[str, str]:
    """The values of its outputs."""
    return {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}


def create(cloudformation: Any, name: str, given: Mapping[str, str], **request: Any) -> None:
    """Create the stack with those parameters, and wait for it. Raises CallFailed, Denied, Unavailable."""
    with answers(f"The stack {name} was left as it was."):
        try:
            cloudformation.create_stack(
                StackName=name, Parameters=[_parameter(*each) for each in given.items()], **request
            )
        except ClientError as error:
            raise _unless_refused(error, f"create the stack {name}") from None
    _wait(cloudformation, name, "create")


def update(cloudformation: Any, stack: Stack, given: Mapping[str, str | None], **request: Any) -> bool:
    """Update the stack and wait for it. False if nothing had to change.

    A parameter that is None or missing keeps its value. Raises CallFailed, Denied, Unavailable.
    """
    kept = dict.fromkeys(parameters(stack))
    wanted = given if {"TemplateBody", "TemplateURL"} & request.keys() else {**kept, **given}
    name = stack["StackName"]
    with answers(f"The stack {name} was left as it was."):
        try:
            cloudformation.update_stack(
                StackName=name, Parameters=[_parameter(*each) for each in wanted.items()], **request
            )
        except ClientError as error:
            if "No updates are to be performed" in str(error):
                return False
            raise _unless_refused(error, f"update the stack {name}") from None
    _wait(cloudformation, name, "update")
    return True


def delete(cloudformation: Any, stack: Stack) -> None:
    """Delete a stack, protected or not, and wait until it is gone.

    Raises CallFailed, Denied, Unavailable, InvalidInput.
    """
    name = stack["StackName"]
    # A deleted stack can be described only by its id (API reference, DescribeStacks).
    named = {"StackName": stack["StackId"]}
    with answers(f"The stack {name} is still there."):
        if stack.get("EnableTerminationProtection"):
            cloudformation.update_termination_protection(EnableTerminationProtection=False, **named)
        if stack["StackStatus"] != "DELETE_IN_PROGRESS":
            cloudformation.delete_stack(**named)
        try:
            cloudformation.get_waiter("stack_delete_complete").wait(**named, WaiterConfig=_PATIENCE)
        except WaiterError:
            reason = why(cloudformation, named["StackName"]) or "CloudFormation gives no reason"
            raise CallFailed(f"The stack {name} could not be deleted: {reason}.") from None


def why(cloudformation: Any, name: str) -> str:
    """Why the stack's last operation failed: the reason of the resource that failed first."""
    reason = ""
    for page in cloudformation.get_paginator("describe_stack_events").paginate(StackName=name):
        for event in page["StackEvents"]:  # the newest first
            if event["ResourceStatus"].endswith("_FAILED"):
                reason = (
                    f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', 'no reason given')}"
                )
            if event.get("ResourceStatusReason") == "User Initiated":
                return reason
    return reason


def _parameter(key: str, value: str | None) -> dict[str, Any]:
    given: dict[str, Any] = {"UsePreviousValue": True} if value is None else {"ParameterValue": value}
    return {"ParameterKey": key, **given}


def _unless_refused(error: ClientError, what: str) -> Exception:
    answer = error.response["Error"]
    if answer["Code"] != _REFUSED:
        return error
    return CallFailed(f"CloudFormation refused to {what}: {answer['Message']}. It was left as it was.")


def _wait(cloudformation: Any, name: str, verb: str) -> None:
    with answers(f"How the {verb} of the stack {name} ended is not known."):
        try:
            cloudformation.get_waiter(f"stack_{verb}_complete").wait(StackName=name, WaiterConfig=_PATIENCE)
        except WaiterError as error:
            reason = why(cloudformation, name) or str(error)
            raise CallFailed(f"The {verb} of the stack {name} failed. {reason}") from None
