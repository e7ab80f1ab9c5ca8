"""The templates as CloudFormation makes resources of them: transformed, with every reference resolved."""

import json
import os
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, TypeVar
from unittest.mock import patch

import boto3
from moto import mock_aws
from moto.cloudformation.models import cloudformation_backends
from moto.cloudformation.parsing import ResourceMap, clean_json
from moto.core.models import DEFAULT_ACCOUNT_ID

from rightstate import catalogue
from rightstate.executions import triggers
from rightstate.models.start import StartInput
from rightstate_cli.application import input_transformer, transform
from rightstate_cli.hub import admission
from rightstate_cli.member import template as member_template
from tests.support import moto_yaml, patterns

HUB = DEFAULT_ACCOUNT_ID
REGION = "us-east-1"
STACK = "elsewhere"

Event = dict[str, Any]
T = TypeVar("T")


@cache
def rendered(**parameters: str) -> Mapping[str, Any]:
    """Logical id -> resource, of a stack with those parameters."""
    with (
        patch.dict(os.environ, AWS_DEFAULT_REGION=REGION),
        mock_aws(),
        moto_yaml.read_once(),
        warnings.catch_warnings(),
    ):
        # moto creates no alarms and no policies of topics and queues; their references it does resolve.
        warnings.filterwarnings("ignore", "Tried to parse")
        template = transform.cloudformation()
        cloudformation = boto3.client("cloudformation")
        cloudformation.create_stack(
            StackName=STACK,
            TemplateBody=json.dumps(template),
            Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()],
        )
        [stack] = cloudformation_backends[HUB][REGION].stacks.values()
        resources: Mapping[str, Any] = clean_json(template["Resources"], stack.resource_map)
    return resources


@dataclass(frozen=True)
class Stack:
    """A stack of one of the templates, wherever it is."""

    account: str
    region: str = REGION
    name: str = STACK

    @cached_property
    def partition(self) -> str:
        partition: str = boto3.Session().get_partition_for_region(self.region)
        return partition

    def arn(self, service: str, resource: str) -> str:
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def role(self, name: str) -> str:
        return f"arn:{self.partition}:iam::{self.account}:role/{name}"

    def resources(self, template: Mapping[str, Any], **parameters: str) -> Mapping[str, Any]:
        """Logical id -> resource, of those whose condition holds there."""
        with (
            patch.dict(os.environ, AWS_DEFAULT_REGION=self.region),
            mock_aws(),
            warnings.catch_warnings(),
        ):
            warnings.filterwarnings("ignore", "Tried to parse")
            stack_id = self.arn("cloudformation", f"stack/{self.name}/8a6b5c40-c9b5-11f0-8de9-0242ac120002")
            known = ResourceMap(
                stack_id, self.name, parameters, {}, self.region, self.account, dict(template), None
            )
            # moto's CloudFormation knows one partition.
            known._parsed_resources["AWS::Partition"] = self.partition
            known.load()
            there = {
                name: resource
                for name, resource in template["Resources"].items()
                if "Condition" not in resource or known.lazy_condition_map[resource["Condition"]]
            }
            resources: Mapping[str, Any] = clean_json(there, known)
        return resources


@cache
def hub_at(stack: Stack, **parameters: str) -> Mapping[str, Any]:
    """The resources of a hub."""
    return stack.resources(transform.cloudformation(), **parameters)


@cache
def member_at(stack: Stack, *types: str, **parameters: str) -> Mapping[str, Any]:
    """The resources of a member, with the template for those types, for all if none is named."""
    return stack.resources(member_template.template(types), **parameters)


@cache
def admission_at(hub: Stack, accounts: str) -> Mapping[str, Any]:
    """The resources of the stack beside that hub's that lists those accounts, parted by commas."""
    beside = Stack(hub.account, hub.region, f"{hub.name}-admission")
    return beside.resources(admission.template(), HubStack=hub.name, Accounts=accounts)


@cache
def published() -> Mapping[str, Any]:
    """Logical id -> resource of the template as CloudFormation gets it, with references as they are."""
    with patch.dict(os.environ, AWS_DEFAULT_REGION=REGION):
        resources: Mapping[str, Any] = transform.cloudformation(published=True)["Resources"]
    return resources


def of_type(name: str, **parameters: str) -> dict[str, Any]:
    """Logical id -> properties, of every resource of the type."""
    return {
        logical_id: resource["Properties"]
        for logical_id, resource in rendered(**parameters).items()
        if resource["Type"] == name
    }


@dataclass(frozen=True)
class Rule:
    """An event rule with its one target."""

    name: str
    pattern: Mapping[str, Any]
    target: Mapping[str, Any]

    @property
    def resource_type(self) -> str | None:
        """Of the machine that it starts, if it starts one."""
        name = self.target["Arn"].removeprefix(f"arn:aws:states:{REGION}:{HUB}:stateMachine:{STACK}-")
        return name if name in catalogue.names() else None

    @property
    def event_names(self) -> list[str]:
        names: list[str] = self.pattern["detail"]["eventName"]
        return names

    @property
    def paths(self) -> dict[str, str]:
        """Variable of the input transformer -> JSON path."""
        paths: dict[str, str] = self.target["InputTransformer"]["InputPathsMap"]
        return paths

    def matches(self, event: Event) -> bool:
        # Plain words in all of our rules; most events are of another source than most rules.
        if event["source"] not in self.pattern["source"]:
            return False
        return patterns.matches(self.pattern, event)

    def input(self, event: Event) -> Any:
        """What the target is given. Raises ValueError where that is not JSON: nothing can be started then."""
        return json.loads(input_transformer.transformed(self.target["InputTransformer"], event))

    def start(self, event: Event) -> StartInput:
        """What the machine makes of that. Raises UnexpectedEvent where it ends rejected."""
        resource_type = catalogue.load(str(self.resource_type))
        return triggers.understood(resource_type, self.input(event)).start


@cache
def rules(**parameters: str) -> tuple[Rule, ...]:
    """Every rule of the template."""
    return tuple(
        Rule(logical_id, properties["EventPattern"], target)
        for logical_id, properties in of_type("AWS::Events::Rule", **parameters).items()
        for target in properties["Targets"]
    )


@cache
def rules_of_machines(**parameters: str) -> tuple[Rule, ...]:
    """Those that start a remediation."""
    return tuple(rule for rule in rules(**parameters) if rule.resource_type)


def matching(event: Event, **parameters: str) -> list[Rule]:
    """The rules that the event matches."""
    return [rule for rule in rules(**parameters) if rule.matches(event)]


def statements(policy: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """(effect, action, resource) of a policy document, one of each."""
    for statement in policy["Statement"]:
        for action in listed(statement["Action"]):
            for resource in listed(statement["Resource"]):
                yield statement["Effect"], action, resource


def listed(given: T | list[T]) -> list[T]:
    """IAM takes one of a thing without a list."""
    return given if isinstance(given, list) else [given]


def value_at(event: Event, path: str) -> Any:
    """What a path like $.detail.items[0].name leads to. Raises KeyError where it leads nowhere."""
    if not input_transformer.leads_somewhere(event, path):
        raise KeyError(path)
    return input_transformer.value_at(event, path)
