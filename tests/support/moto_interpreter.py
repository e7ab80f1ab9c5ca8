"""What moto needs so that its Step Functions interpreter runs the application."""

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import cache
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from jsonpath_ng.ext.parser import parse as parse_path
from moto.awslambda_simple.models import LambdaSimpleBackend
from moto.stepfunctions import models as stepfunctions

# It takes the backends by name, and would keep those of the interpreter if it were imported meanwhile.
from moto.stepfunctions import responses as _responses  # noqa: F401
from moto.stepfunctions.models import StateMachine
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor
from moto.stepfunctions.parser.asl.utils import json_path
from moto.stepfunctions.parser.asl.utils.boto_client import boto_client_for
from moto.stepfunctions.parser.models import StepFunctionsParserBackend, stepfunctions_parser_backends

from rightstate_cli.embedded.interpreter import Handler
from rightstate_cli.embedded.rules import event_bus
from tests.support.moto_in_turn import dynamodb_in_turn


@contextmanager
def filled(handlers: Mapping[str, Handler], wait_scale: float) -> Iterator[None]:
    """Let moto invoke `handlers` (by function name) and scale the waits of Retry by `wait_scale`."""
    with (
        event_bus(),
        dynamodb_in_turn(),
        patch.object(LambdaSimpleBackend, "invoke", _invoke(handlers)),
        patch.object(StateMachine, "create_from_cloudformation_json", _create),
        # moto's CloudFormation creates machines in the backend that does not interpret them.
        patch.object(stepfunctions, "stepfunctions_backends", stepfunctions_parser_backends),
        # moto parses the definition for every execution and each path in every state, and makes a client for
        # every invocation, which takes it longer than all the rest.
        patch.object(AmazonStateLanguageParser, "parse", staticmethod(_parse)),
        patch.object(json_path, "parse", cache(parse_path)),
        patch.object(lambda_eval_utils, "boto_client_for", _client_kept()),
        # moto starts machines by itself on CreateBucket, with the bare event of any account.
        patch("moto.s3.models.events_send_notification", lambda *given, **named: None),
        patch.object(
            retrier_decl, "time", SimpleNamespace(sleep=lambda seconds: time.sleep(seconds * wait_scale))
        ),
    ):
        yield


def _client_kept() -> Callable[..., Any]:
    made = cache(boto_client_for)
    return lambda region, service, state_credentials=None: made(region, service)


_parse_once = cache(AmazonStateLanguageParser.parse)


def _parse(definition: str) -> tuple[Any, Any]:
    """The definition as moto's interpreter runs it, which is made anew for each execution: it has a state."""
    _, tree = _parse_once(definition)
    return Preprocessor().visit(tree), tree


def _invoke(handlers: Mapping[str, Handler]) -> Callable[..., bytes]:
    """moto's non-Docker Lambda returns its input; this one calls the function."""

    def invoke(
        backend: LambdaSimpleBackend,
        function_name: str,
        qualifier: str | None,
        body: Any,
        headers: Any,
        response_headers: dict[str, str],
    ) -> bytes:
        handler = handlers[function_name.rsplit(":", 1)[-1]]
        try:
            return json.dumps(handler(json.loads(body), None)).encode()
        except Exception as error:
            response_headers["x-amz-function-error"] = "Unhandled"
            # Lambda developer guide, "Lambda function errors in Python"; the trace is left out.
            answer = {"errorMessage": str(error), "errorType": type(error).__name__, "stackTrace": []}
            return json.dumps(answer).encode()

    return invoke


def _create(
    resource_name: str,
    cloudformation_json: dict[str, Any],
    account_id: str,
    region_name: str,
    **kwargs: Any,
) -> StateMachine:
    """CloudFormation fills DefinitionSubstitutions in; moto's does not."""
    properties = cloudformation_json["Properties"]
    substitutions = properties.get("DefinitionSubstitutions", {})
    filled_in = re.sub(
        r"\$\{(\w+)\}",
        lambda found: str(substitutions[found[1]]),
        properties["DefinitionString"],
    )
    cloudformation_json["Properties"] = {**properties, "DefinitionString": filled_in}
    # All machines have one definition. To check it for each takes a second.
    checked = properties["DefinitionString"] in _checked
    _checked.add(properties["DefinitionString"])
    with patch.object(StepFunctionsParserBackend, "_validate_definition") if checked else nullcontext():
        return _create_unfilled(resource_name, cloudformation_json, account_id, region_name, **kwargs)


_checked: set[str] = set()


_create_unfilled = StateMachine.create_from_cloudformation_json
