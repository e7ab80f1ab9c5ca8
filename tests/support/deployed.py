"""The application as a deployed hub: on a moto server in this process, with executions that really run."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

import boto3
from moto.core.config import default_user_config
from moto.events.models import Rule
from moto.stepfunctions.models import StepFunctionBackend

from rightstate_cli.hub.deployment import ALIAS
from tests.support.moto_engine import Engine, deploy

REGION = "us-east-1"
_WAIT_SCALE = 0.01


@contextmanager
def deployed_on(endpoint: str, environment: Mapping[str, str]) -> Iterator[Engine]:
    """Deploy it on the server, whose account `environment` has the credentials of."""
    run = {"stepfunctions": {"execute_state_machine": True}, "lambda": {"use_docker": False}}
    with ExitStack() as stack:
        # The interpreter's own calls go to that port.
        port = {"MOTO_PORT": str(urlsplit(endpoint).port)}
        stack.enter_context(patch.dict(os.environ, {**environment, **port}))
        stack.enter_context(patch.dict(default_user_config, run))
        stack.enter_context(patch.object(StepFunctionBackend, "describe_state_machine", _behind_the_alias))
        engine = deploy(stack, REGION, boto3.Session(region_name=REGION), endpoint, _WAIT_SCALE)

        def deliver(rule: Rule, event: Any, transform_input: bool = True) -> None:
            # It is asked for every rule of the bus, of which there are many after many deployments.
            if not rule.event_pattern.matches_event(event):
                return
            for match in engine.matches(event):
                if match.rule == rule.name:
                    engine.client("stepfunctions").start_execution(
                        stateMachineArn=match.target,
                        name=match.start.name,
                        input=json.dumps(match.start.input),
                    )

        # moto's EventBridge has no state machines as targets.
        stack.enter_context(patch.object(Rule, "send_to_targets", deliver))
        yield engine


def _behind_the_alias(self: StepFunctionBackend, arn: str) -> Any:
    """What the alias stands for, which moto starts under no other name than the machine's own."""
    return _describe(self, arn.removesuffix(f":{ALIAS}"))


_describe = StepFunctionBackend.describe_state_machine
