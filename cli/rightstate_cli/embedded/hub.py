"""What a deployed hub keeps and tells, simulated in this process by moto: tables, topic and bus.

Its clients alone are answered here; every other call of the process goes where it would go anyway.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import RLock
from typing import Any
from unittest.mock import patch

import boto3
from botocore.config import Config
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.models import DEFAULT_ACCOUNT_ID, botocore_stubber
from moto.dynamodb.responses import DynamoHandler

from rightstate_cli import application
from rightstate_cli.embedded.interpreter import Interpreter

ACCOUNT = DEFAULT_ACCOUNT_ID
STACK = "rightstate"


@dataclass
class Hub:
    """The hub's session. `resources` has the physical id of each resource, by its logical id."""

    region: str
    interpreter: Interpreter
    resources: dict[str, str] = field(default_factory=dict)

    def client(self, service: str, config: Config | None = None, **options: Any) -> Any:
        """A client of the hub's own account and region."""
        session: Any = boto3.Session(
            aws_access_key_id="simulated",
            aws_secret_access_key="simulated",  # noqa: S106 - it is taken by nobody else
            region_name=self.region,
        )
        own = Config(ignore_configured_endpoint_urls=True)  # type: ignore[call-arg]
        client = session.client(service, config=config.merge(own) if config else own)
        answer = self.interpreter.answer if service == "stepfunctions" else _moto()
        # botocore asks every handler of this event and takes the first answer; moto's own answers each client
        # while accounts are simulated.
        client.meta.events.unregister("before-send", botocore_stubber)
        client.meta.events.register("before-send", answer)
        return client


def names(region: str) -> dict[str, str]:
    """Physical id of each of the hub's resources, by its logical id, and the pseudo parameters."""
    partition = boto3.Session().get_partition_for_region(region)
    found = {
        "AWS::AccountId": ACCOUNT,
        "AWS::Partition": partition,
        "AWS::Region": region,
        "AWS::StackName": STACK,
    }
    found |= {name: f"{STACK}-{name.lower()}" for name in application.template()["Resources"]}
    for name, function in application.of_type("AWS::Serverless::Function").items():
        found[name] = found[f"{name}.Version"] = application.resolved(function["FunctionName"], found)
    for name, machine in application.of_type("AWS::Serverless::StateMachine").items():
        named = application.resolved(machine["Name"], found)
        found[name] = f"arn:{partition}:states:{region}:{ACCOUNT}:stateMachine:{named}"
    for name, topic in application.of_type("AWS::SNS::Topic").items():
        named = application.resolved(topic["TopicName"], found)
        found[name] = f"arn:{partition}:sns:{region}:{ACCOUNT}:{named}"
    return found


def _moto() -> BotocoreStubber:
    stubber = BotocoreStubber()
    stubber.enabled = True
    return stubber


@contextmanager
def kept(hub: Hub, with_tables: bool) -> Iterator[None]:
    """Make the topic that template.yaml declares, and the tables if wanted, while it lasts."""
    dynamodb, sns = hub.client("dynamodb"), hub.client("sns")
    with dynamodb_in_turn():
        tables = application.of_type("AWS::DynamoDB::Table") if with_tables else {}
        for name, properties in tables.items():
            created = {key: properties[key] for key in _OF_A_TABLE if key in properties}
            dynamodb.create_table(TableName=hub.resources[name], **created)
        for properties in application.of_type("AWS::SNS::Topic").values():
            sns.create_topic(Name=application.resolved(properties["TopicName"], hub.resources))
        try:
            yield
        finally:
            for name in tables:
                dynamodb.delete_table(TableName=hub.resources[name])
            for name in application.of_type("AWS::SNS::Topic"):
                sns.delete_topic(TopicArn=hub.resources[name])


_OF_A_TABLE = ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes")


@contextmanager
def dynamodb_in_turn() -> Iterator[None]:
    """Let moto's DynamoDB answer one call at a time.

    It looks at a condition and writes in two steps, so that two threads would get one lock. It also fails a
    read of a table that another thread writes to meanwhile.
    """
    with patch.object(DynamoHandler, "call_action", _in_turn):
        yield


# Reentrant, because one engine may run within another.
_answering = RLock()
_call_action = DynamoHandler.call_action


def _in_turn(self: DynamoHandler) -> Any:
    with _answering:
        return _call_action(self)
