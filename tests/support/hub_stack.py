"""A deployed hub on moto's server: its stack, its real functions, and trust policies that are heeded."""

import json
import os
import warnings
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from threading import Lock
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import boto3
from moto.awslambda.models import LambdaBackend
from moto.core.exceptions import AccessDeniedError
from moto.core.responses import ActionResult
from moto.dynamodb import dynamodb_backends
from moto.iam.exceptions import NotFoundException
from moto.iam.models import iam_backends
from moto.sts.responses import TokenResponse

from rightstate.aws.sessions import hub_kept_apart
from rightstate_cli.application import sam_template
from rightstate_cli.embedded.engine import load_handler
from tests.support import moto_stack, moto_yaml
from tests.support.template import REGION, listed

ADMIN = "admin"
"""A role by which a test is an account's administrator; it need not exist."""


@contextmanager
def simulated(environment: Mapping[str, str]) -> Iterator[None]:
    """Fill what the server lacks for a hub, whose functions have that environment."""
    with (
        _functions(environment),
        _trust_policies(),
        moto_yaml.read_once(),
        # If moto makes the work bucket after the rules, its CreateBucket starts an execution that never ends.
        patch("moto.s3.models.events_send_notification", lambda *given, **named: None),
        warnings.catch_warnings(),
    ):
        # moto creates no alarms and no policies of topics and queues.
        warnings.filterwarnings("ignore", "Tried to parse")
        yield


def deploy(session: boto3.Session, stack: str, **parameters: str) -> dict[str, str]:
    """Create the hub's stack; returns its outputs. moto's CloudFormation has no aliases."""
    moto_stack.create(session.client, stack, parameters)
    functions = session.client("lambda")
    for app in sam_template.functions().values():
        functions.create_alias(
            FunctionName=f"{stack}-{_function(app.parent.name)}", Name="live", FunctionVersion="$LATEST"
        )
    [found] = session.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    return {each["OutputKey"]: each["OutputValue"] for each in found["Outputs"]}


def emptied(stack: str, account: str) -> None:
    """Take every item out of the hub's tables."""
    for name, table in dynamodb_backends[account][REGION].tables.items():
        if name.startswith(stack):
            table.items = defaultdict(dict)


def _function(folder: str) -> str:
    return folder.replace("_", "-")


_caller = SimpleNamespace(role="")
"""The name of the role of the function that runs; empty while a test itself calls."""


@cache
def _handlers() -> dict[str, Any]:
    return {_function(app.parent.name): load_handler(app) for app in sam_template.functions().values()}


@contextmanager
def _functions(environment: Mapping[str, str]) -> Iterator[None]:
    """Let Lambda's Invoke run the functions' real handlers, in that environment."""
    handlers = _handlers()
    one_at_a_time = Lock()

    def invoke(
        self: LambdaBackend,
        function_name: str,
        qualifier: str | None,
        body: str,
        headers: Any,
        response_headers: dict[str, str],
    ) -> bytes:
        name, _, alias = function_name.rpartition(":")
        self.get_function(name, qualifier or alias)
        [function] = [each for each in handlers if name.endswith(f"-{each}")]
        own_role = f"{name.removesuffix(f'-{function}')}-{REGION}-{function}"
        with (
            one_at_a_time,
            patch.object(_caller, "role", own_role),
            patch.dict(os.environ, environment),
            hub_kept_apart(boto3.Session),
            patch("rightstate.executions.step.logger"),
        ):
            try:
                return json.dumps(handlers[function](json.loads(body), None)).encode()
            except Exception as error:
                # Lambda developer guide, "Lambda function errors in Python".
                response_headers["x-amz-function-error"] = "Unhandled"
                return json.dumps({"errorMessage": str(error), "errorType": type(error).__name__}).encode()

    with patch.object(LambdaBackend, "invoke", invoke):
        yield


@contextmanager
def _trust_policies() -> Iterator[None]:
    """Let AssumeRole refuse a role that does not exist, another external id than its trust asks for, and a
    function whose role it does not name. moto heeds none of it.
    """
    assume_role = TokenResponse.assume_role

    def assume_if_trusted(self: TokenResponse) -> ActionResult:
        arn = str(self._get_param("RoleArn"))
        if not _trusts(arn, self.partition, self._get_param("ExternalId")):
            raise AccessDeniedError("anybody", "sts:AssumeRole")
        answer: ActionResult = assume_role(self)
        return answer

    with patch.object(TokenResponse, "assume_role", assume_if_trusted):
        yield


def _trusts(arn: str, partition: str, external_id: str | None) -> bool:
    account, name = arn.split(":")[4], arn.rpartition("/")[2]
    if name == ADMIN:
        return True
    try:
        role = iam_backends[account][partition].get_role(name)
    except NotFoundException:
        return False
    document = json.loads(role.assume_role_policy_document)
    conditions = [each.get("Condition", {}) for each in listed(document["Statement"])]
    return any(
        external_id in listed(each.get("StringEquals", {}).get("sts:ExternalId", external_id))
        and _named(each.get("ArnEquals", {}).get("aws:PrincipalArn"))
        for each in conditions
    )


def _named(principals: str | list[str] | None) -> bool:
    """Whether the function that runs may be one of those."""
    if principals is None or not _caller.role:
        return True
    return any(each.endswith(f":role/{_caller.role}") for each in listed(principals))
