"""The application as template.yaml declares it."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

import yaml
from samtranslator.yaml_helper import intrinsics_multi_constructor

_PACKAGED = Path(__file__).parents[1] / "sam"


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML with CloudFormation's functions. libyaml reads the template ten times as fast as Python does."""


_Loader.add_multi_constructor("!", intrinsics_multi_constructor)


@cache
def root() -> Path:
    """Where template.yaml, statemachines/ and functions/ are: in the wheel, or in the checkout."""
    return _PACKAGED if _PACKAGED.exists() else Path(__file__).parents[3]


@cache
def template() -> dict[str, Any]:
    """template.yaml, parsed."""
    parsed: dict[str, Any] = yaml.load((root() / "template.yaml").read_text(), Loader=_Loader)  # noqa: S506 - a safe one
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
        for name, properties in of_type("AWS::Serverless::Function").items()
    }


def definitions(names: Mapping[str, str]) -> dict[str, str]:
    """Logical id of each state machine -> its definition, with its substitutions filled in."""
    found = {}
    for logical_id, properties in of_type("AWS::Serverless::StateMachine").items():
        substitutions = resolved(properties["DefinitionSubstitutions"], names)
        found[logical_id] = re.sub(
            r"\$\{(\w+)\}",
            partial(_substitute, substitutions),
            (root() / properties["DefinitionUri"]).read_text(),
        )
    return found


def _substitute(substitutions: Mapping[str, str], found: re.Match[str]) -> str:
    return json.dumps(substitutions[found[1]])[1:-1]


def environment(function: str, names: Mapping[str, str]) -> dict[str, str]:
    """The environment variables of the function of that logical id."""
    own = of_type("AWS::Serverless::Function")[function].get("Environment", {"Variables": {}})
    common = template()["Globals"]["Function"]["Environment"]
    found: dict[str, str] = resolved({**common["Variables"], **own["Variables"]}, names)
    return found


def rules() -> Iterator[tuple[str, dict[str, Any]]]:
    """Of each rule that starts a remediation: the resource type, and the rule's properties. It has one
    target."""
    types = {f"${{{name}}}:live": resource_type for name, resource_type in machines().items()}
    for properties in of_type("AWS::Events::Rule").values():
        if resource_type := types.get(str(properties["Targets"][0]["Arn"].get("Fn::Sub"))):
            yield resource_type, properties


def event_names(resource_type: str) -> list[str]:
    """The CloudTrail events that start the type's remediation."""
    return sorted(
        {
            name
            for machine, rule in rules()
            if machine == resource_type
            for name in rule["EventPattern"]["detail"]["eventName"]
        }
    )


def _remediations() -> list[tuple[str, dict[str, Any]]]:
    """The machines of resource types, which the backfill is not."""
    return [
        (logical_id, properties)
        for logical_id, properties in of_type("AWS::Serverless::StateMachine").items()
        if "ResourceType" in properties["DefinitionSubstitutions"]
    ]


def of_type(name: str) -> dict[str, dict[str, Any]]:
    """Logical id -> properties, of every resource of the type."""
    return {
        logical_id: resource["Properties"]
        for logical_id, resource in template()["Resources"].items()
        if resource["Type"] == name
    }


def resolved(value: Any, names: Mapping[str, str]) -> Any:
    """The value with Ref, Fn::Sub and Fn::Join filled in, by those names and the defaults of the parameters.

    Raises KeyError where a name is neither.
    """
    known = {**_defaults(), **names}

    def fill(value: Any) -> Any:
        match value:
            case {"Ref": name}:
                return known[name]
            case {"Fn::Sub": text}:
                return re.sub(r"\$\{([\w:.]+)\}", lambda found: known[found[1]], text)
            case {"Fn::Join": [by, parts]}:
                return by.join(fill(parts))
            case dict():
                return {key: fill(each) for key, each in value.items()}
            case list():
                return [fill(each) for each in value]
        return value

    return fill(value)


@cache
def _defaults() -> dict[str, str]:
    return {name: parameter["Default"] for name, parameter in template()["Parameters"].items()}
