"""The application as template.yaml declares it."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

_PACKAGED = Path(__file__).parent / "application"


@cache
def root() -> Path:
    """Where template.yaml, statemachines/ and functions/ are: in the wheel, or in the checkout."""
    return _PACKAGED if _PACKAGED.exists() else Path(__file__).parents[2]


@cache
def template() -> dict[str, Any]:
    """template.yaml, parsed."""
    parsed: dict[str, Any] = yaml_parse((root() / "template.yaml").read_text())
    return parsed


@cache
def definition() -> dict[str, Any]:
    """The definition that the state machines of all resource types share."""
    parsed: dict[str, Any] = json.loads((root() / "statemachines" / "remediation.asl.json").read_text())
    return parsed


def machines() -> dict[str, str]:
    """Logical id of each state machine -> the resource type that it remediates."""
    return {
        name: properties["DefinitionSubstitutions"]["ResourceType"] for name, properties in _remediations()
    }


def functions() -> dict[str, Path]:
    """Logical id of each function -> its app.py."""
    return {
        name: root() / properties["CodeUri"] / "app.py"
        for name, properties in _of_type("AWS::Serverless::Function")
    }


def rules() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Of each rule that starts a remediation: the resource type, its name in the template, its properties."""
    for _, properties in _remediations():
        for name, rule in properties["Events"].items():
            yield properties["DefinitionSubstitutions"]["ResourceType"], name, rule["Properties"]


def event_names(resource_type: str) -> list[str]:
    """The CloudTrail events that start the type's remediation."""
    return sorted(
        {
            name
            for machine, _, rule in rules()
            if machine == resource_type
            for name in rule["Pattern"]["detail"]["eventName"]
        }
    )


def _remediations() -> list[tuple[str, dict[str, Any]]]:
    """The machines of resource types, which the backfill is not."""
    return [
        (logical_id, properties)
        for logical_id, properties in _of_type("AWS::Serverless::StateMachine")
        if "ResourceType" in properties["DefinitionSubstitutions"]
    ]


def _of_type(name: str) -> list[tuple[str, dict[str, Any]]]:
    return [
        (logical_id, resource["Properties"])
        for logical_id, resource in template()["Resources"].items()
        if resource["Type"] == name
    ]
