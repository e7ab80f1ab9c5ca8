"""The application deployed by moto's CloudFormation, on moto's Step Functions interpreter.

It answers like the embedded engine, and is a second opinion about the definition: another interpreter, which
is stricter in some ways.
"""

import logging
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import boto3
from botocore.config import Config
from moto import mock_aws

from rightstate.accounts import settings
from rightstate.aws import sessions
from rightstate.models.settings import Account
from rightstate.storage.dynamodb import DynamoDBTable
from rightstate.storage.table import Item, Table
from rightstate.storage.tables import LEDGER, SETTINGS, TableSpec
from rightstate_cli.application import sam_template
from rightstate_cli.embedded.engine import load_handler, logs_to
from rightstate_cli.embedded.rules import Match, matches
from rightstate_cli.executions.executions import Execution, Start
from rightstate_cli.hub.follow import Following
from tests.support import moto_stack
from tests.support.moto_interpreter import filled

_STACK = "rightstate"
_POLL_SECONDS = 0.05
_EXECUTING: Any = {"stepfunctions": {"execute_state_machine": True}, "lambda": {"use_docker": False}}


@dataclass
class Engine:
    """The deployed application. `simulated` and `deploy` make one."""

    region: str
    session: Any
    endpoint: str | None
    resources: dict[str, str]
    logs: list[str] = field(default_factory=list)

    def client(self, service: str, config: Config | None = None) -> Any:
        """A client of the hub."""
        return self.session.client(
            service, region_name=self.region, endpoint_url=self.endpoint, config=config
        )

    def configure(self, account: Account) -> None:
        """Write an account's settings, as the operator of a deployed hub does."""
        self.table(SETTINGS).put(settings.as_item(account))

    def table(self, spec: TableSpec) -> Table:
        """One of the hub's tables."""
        return DynamoDBTable(self.client("dynamodb"), self.resources[f"{spec.name.title()}Table"], spec)

    def matches(self, event: Mapping[str, Any]) -> list[Match]:
        """What the rules on the hub's bus make of the event."""
        return matches(event, self.region)

    def run(self, starts: Iterable[Start], at_once: int = 8) -> Iterator[Execution]:
        """Start the executions, so many at once, and give each back as soon as it has ended, with those
        that it started in turn."""
        following = Following(self.client("stepfunctions"), self.machines, lambda count: _POLL_SECONDS)
        yield from following.run(starts, at_once)

    def ledger(self) -> list[Item]:
        """Every entry of the ledger that is in its indexes; those of canaries are not."""
        return [item for item in self.table(LEDGER).scan() if "execution" in item]

    @property
    def machines(self) -> dict[str, str]:
        """ARN of each resource type's state machine."""
        return {named: self.resources[name] for name, named in sam_template.machines().items()}


@contextmanager
def simulated(region: str = "us-east-1", wait_scale: float = 0.01) -> Iterator[Engine]:
    """The application, acting on simulated accounts. Waits are shortened by `wait_scale`."""
    with ExitStack() as stack:
        # Whatever the user's environment names as endpoint or profile, nothing leaves the process.
        kept = {"AWS_DEFAULT_REGION": region, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}
        stack.enter_context(patch.dict(os.environ, kept))
        os.environ.pop("AWS_PROFILE", None)
        stack.enter_context(mock_aws(config=_EXECUTING))
        yield deploy(stack, region, boto3.Session(region_name=region), None, wait_scale)


def deploy(
    stack: ExitStack, region: str, session: boto3.Session, endpoint: str | None, wait_scale: float
) -> Engine:
    """Deploy the template on moto at that endpoint, and run its functions here until `stack` is left."""
    engine = Engine(region, session, endpoint, {})
    handlers: dict[str, Callable[[Any, Any], Any]] = {}
    stack.enter_context(filled(handlers, wait_scale))
    stack.enter_context(patch.dict(os.environ, {"POWERTOOLS_METRICS_DISABLED": "true"}))
    # It reports each failed execution, which `run` gives back anyway.
    logging.getLogger("moto").setLevel(logging.CRITICAL)
    cloudformation = engine.client("cloudformation")
    with warnings.catch_warnings():
        # moto leaves out alarms, the schedule and resource policies, which nothing here would look at.
        warnings.filterwarnings("ignore", "Tried to parse AWS::(CloudWatch|SNS|SQS|S3|Scheduler)")
        moto_stack.create(engine.client, _STACK, {})
        for page in cloudformation.get_paginator("list_stack_resources").paginate(StackName=_STACK):
            for resource in page["StackResourceSummaries"]:
                engine.resources[resource["LogicalResourceId"]] = resource["PhysicalResourceId"]
    functions = engine.client("lambda")
    environment: dict[str, str] = {}
    for logical_id, app in sam_template.functions().items():
        name = engine.resources[logical_id]
        handlers[name] = load_handler(app)
        configuration = functions.get_function_configuration(FunctionName=name)
        variables = configuration.get("Environment", {}).get("Variables", {})
        # moto makes numbers of parameters that are numbers.
        environment |= {name: str(value) for name, value in variables.items()}
    # No backfill runs here: what an event concerns is started one by one, as there is no limit of time.
    environment.pop("BACKFILL_MACHINE", None)
    stack.enter_context(patch.dict(os.environ, environment))
    stack.enter_context(logs_to(engine.logs))
    stack.enter_context(sessions.hub_kept_apart(lambda: engine))
    return engine
