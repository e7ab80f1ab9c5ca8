"""The embedded engine: the application in this process, on moto's Step Functions interpreter.

The real template is deployed into a simulated hub, the real definition is interpreted and the real
handlers run. What they act on is either simulated too, or the AWS that the standard credentials and
`AWS_ENDPOINT_URL` name.
"""

import json
import logging
import os
import uuid
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import boto3
from boto3.dynamodb.types import TypeDeserializer
from botocore.config import Config
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.events.models import events_backends

from rightstate import sessions, settings
from rightstate.models import Account
from rightstate.step import logger
from rightstate_cli import application
from rightstate_cli import transformed as template
from rightstate_cli.executions import Execution, Start
from rightstate_cli.following import Following
from rightstate_cli.interpreter import filled, load_handler
from rightstate_cli.transformation import transformed

HUB_ACCOUNT = DEFAULT_ACCOUNT_ID
_STACK = "rightstate"
_POLL_SECONDS = 0.05
# Without TLS: no call to AWS goes there, so that these alone can be kept in the process.
_HUB_ENDPOINT = "http://{}.{}.amazonaws.com"
_INTERCEPTED = r"http://[a-z]+\.[a-z0-9-]+\.amazonaws\.com"


@dataclass(frozen=True)
class Match:
    """A rule that an event matched, its target, and what it would start there."""

    rule: str
    target: str
    start: Start


@dataclass
class Engine:
    """The deployed application. `simulated` and `acting_outside` make one."""

    region: str
    session: Any
    endpoint: str | None
    resources: dict[str, str]
    logs: list[str] = field(default_factory=list)

    def client(self, service: str, config: Config | None = None) -> Any:
        """A client of the hub."""
        host = {"stepfunctions": "states"}.get(service, service)
        url = self.endpoint.format(host, self.region) if self.endpoint else None
        return self.session.client(service, region_name=self.region, endpoint_url=url, config=config)

    def configure(self, account: Account) -> None:
        """Write an account's settings, as the operator of a deployed hub does."""
        self.client("dynamodb").put_item(
            TableName=self.resources["SettingsTable"], Item=settings.as_item(account)
        )

    def matches(self, event: Mapping[str, Any]) -> list[Match]:
        """What the rules on the hub's bus make of the event.

        moto's EventBridge cannot start a state machine; the patterns are its own. Raises ValueError where
        the input is not JSON, which Step Functions refuses.
        """
        bus = events_backends[HUB_ACCOUNT][self.region].event_buses["default"]
        machines = self._machines()
        return [
            Match(
                rule=rule.name,
                target=target["Arn"],
                start=Start(
                    resource_type=machines[target["Arn"]],
                    input=json.loads(transformed(target["InputTransformer"], event)),
                    name=f"{event['id']}_{uuid.uuid4()}",
                ),
            )
            for rule in bus.rules.values()
            if rule.event_pattern.matches_event(event)  # type: ignore[arg-type]
            for target in rule.targets
            if target["Arn"] in machines
        ]

    def run(self, starts: Iterable[Start], at_once: int = 8) -> Iterator[Execution]:
        """Start the executions, so many at once, and give each back as soon as it has ended, with those
        that it started in turn."""
        machines = {named: arn for arn, named in self._machines().items()}
        following = Following(self.client("stepfunctions"), machines, lambda count: _POLL_SECONDS)
        yield from following.run(starts, at_once)

    def ledger(self) -> list[dict[str, Any]]:
        """Every entry of the ledger."""
        pages = (
            self.client("dynamodb").get_paginator("scan").paginate(TableName=self.resources["LedgerTable"])
        )
        unmarshalled = TypeDeserializer()
        return [unmarshalled.deserialize({"M": item}) for page in pages for item in page["Items"]]

    def _machines(self) -> dict[str, str]:
        return {self.resources[name]: named for name, named in application.machines().items()}


@contextmanager
def simulated(region: str = "us-east-1", wait_scale: float = 0.01) -> Iterator[Engine]:
    """The application, acting on simulated accounts. Waits are shortened by `wait_scale`."""
    with ExitStack() as stack:
        # Whatever the user's environment names as endpoint or profile, nothing leaves the process.
        kept = {"AWS_DEFAULT_REGION": region, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}
        stack.enter_context(patch.dict(os.environ, kept))
        os.environ.pop("AWS_PROFILE", None)
        stack.enter_context(mock_aws(config=_moto(passthrough=[])))
        yield deploy(stack, region, boto3.Session(region_name=region), None, wait_scale)


@contextmanager
def acting_outside(region: str) -> Iterator[Engine]:
    """The application, acting on the AWS of the standard credentials and `AWS_ENDPOINT_URL`.

    Only the hub is simulated: what the interpreter itself calls (lambda, states), and the hub's tables
    and topic. Every other call leaves the process.
    """
    with ExitStack() as stack:
        stack.enter_context(mock_aws(config=_moto(passthrough=[f"^(?!{_INTERCEPTED})"])))
        kept = {
            # What reads the template asks for one, which the user may have given as an option only.
            "AWS_DEFAULT_REGION": region,
            "AWS_ENDPOINT_URL_LAMBDA": _HUB_ENDPOINT.format("lambda", region),
            "AWS_ENDPOINT_URL_SFN": _HUB_ENDPOINT.format("states", region),
        }
        stack.enter_context(patch.dict(os.environ, kept))
        session = boto3.Session(
            aws_access_key_id="simulated",
            aws_secret_access_key="simulated",  # noqa: S106 - the simulated hub takes any
            region_name=region,
        )
        yield deploy(stack, region, session, _HUB_ENDPOINT, 1)


def _moto(passthrough: list[str]) -> Any:
    return {
        "core": {
            "mock_credentials": not passthrough,
            "reset_boto3_session": not passthrough,
            "passthrough": {"urls": passthrough, "services": []},
        },
        "stepfunctions": {"execute_state_machine": True},
        "lambda": {"use_docker": False},
    }


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
        cloudformation.create_stack(
            StackName=_STACK,
            TemplateBody=json.dumps(template.cloudformation()),
            Capabilities=["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        )
        for page in cloudformation.get_paginator("list_stack_resources").paginate(StackName=_STACK):
            for resource in page["StackResourceSummaries"]:
                engine.resources[resource["LogicalResourceId"]] = resource["PhysicalResourceId"]
    functions = engine.client("lambda")
    environment: dict[str, str] = {}
    for logical_id, app in application.functions().items():
        name = engine.resources[logical_id]
        handlers[name] = load_handler(app)
        configuration = functions.get_function_configuration(FunctionName=name)
        environment |= configuration.get("Environment", {}).get("Variables", {})
    # No backfill runs here: what an event concerns is started one by one, as there is no limit of time.
    environment.pop("BACKFILL_MACHINE", None)
    stack.enter_context(patch.dict(os.environ, environment))
    stack.enter_context(_logs_to(engine.logs))
    stack.enter_context(sessions.hub_kept_apart(lambda: engine))
    return engine


@contextmanager
def _logs_to(lines: list[str]) -> Iterator[None]:
    """Keep what the functions log, which in Lambda goes to CloudWatch."""

    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    [console] = logger.handlers
    handler = Lines()
    handler.setFormatter(console.formatter)
    logger.handlers[:] = [handler]
    try:
        yield
    finally:
        logger.handlers[:] = [console]
