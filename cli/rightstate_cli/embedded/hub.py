"""What stands for a hub in the embedded engine: names of its resources, and a client of Step Functions."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, cached_property
from types import MappingProxyType
from typing import Any

import boto3
from botocore.config import Config

from rightstate_cli.application import sam_template
from rightstate_cli.embedded.interpreter import Interpreter

# An account as AWS writes it in its documentation, and as moto's own is called.
ACCOUNT = "123456789012"
STACK = "rightstate"


@dataclass
class Hub:
    """The hub's session. `resources` has the physical id of each resource, by its logical id; `other` makes
    the clients of all services but Step Functions, where there is anybody to answer them."""

    region: str
    interpreter: Interpreter
    other: Any = None
    resources: dict[str, str] = field(default_factory=dict)

    def client(self, service: str, config: Config | None = None, **options: Any) -> Any:
        """A client of the hub's own account and region. Raises NotImplementedError."""
        if service != "stepfunctions":
            if self.other is None:
                raise NotImplementedError(f"The embedded engine has no {service} of its own.")
            return self.other.client(service, config=config, **options)
        return _StepFunctions(self, config)

    def step_functions(self, config: Config | None) -> Any:
        """botocore's client, which the interpreter answers."""
        session: Any = boto3.Session(
            aws_access_key_id="simulated",
            aws_secret_access_key="simulated",  # noqa: S106 - it is taken by nobody else
            region_name=self.region,
        )
        own = Config(ignore_configured_endpoint_urls=True)  # type: ignore[call-arg]
        client = session.client("stepfunctions", config=config.merge(own) if config else own)
        # botocore takes the first answer. moto's own answers each client while accounts are simulated.
        client.meta.events.register_first("before-send", self.interpreter.answer)
        return client


@dataclass
class _StepFunctions:
    """A client of Step Functions. Each execution reads its own history, which is answered without a request
    and its parsing. botocore's client answers everything else, and is made when it is asked for."""

    hub: Hub
    config: Config | None

    def get_execution_history(self, **given: Any) -> Any:
        """The whole history, oldest first, if nothing else is asked for."""
        if set(given) <= {"executionArn", "maxResults", "includeExecutionData"}:
            with suppress(KeyError):
                events = self.hub.interpreter.history(given["executionArn"])
                if len(events) <= given.get("maxResults", 0):
                    return {"events": events}
        return self._client.get_execution_history(**given)

    @cached_property
    def _client(self) -> Any:
        return self.hub.step_functions(self.config)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


@cache
def names(region: str) -> Mapping[str, str]:
    """Physical id of each of the hub's resources, by its logical id, and the pseudo parameters."""
    partition = boto3.Session().get_partition_for_region(region)
    found = {
        "AWS::AccountId": ACCOUNT,
        "AWS::Partition": partition,
        "AWS::Region": region,
        "AWS::StackName": STACK,
    }
    found |= {name: f"{STACK}-{name.lower()}" for name in sam_template.template()["Resources"]}
    for name, function in sam_template.of_type("AWS::Serverless::Function").items():
        found[name] = found[f"{name}.Version"] = sam_template.resolved(function["FunctionName"], found)
    for name, machine in sam_template.of_type("AWS::Serverless::StateMachine").items():
        named = sam_template.resolved(machine["Name"], found)
        found[name] = f"arn:{partition}:states:{region}:{ACCOUNT}:stateMachine:{named}"
    for name, topic in sam_template.of_type("AWS::SNS::Topic").items():
        named = sam_template.resolved(topic["TopicName"], found)
        found[name] = f"arn:{partition}:sns:{region}:{ACCOUNT}:{named}"
    return MappingProxyType(found)
