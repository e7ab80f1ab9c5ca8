"""The template after the transform that CloudFormation makes of a SAM template.

Apart from `application`, as few commands need it and the transform takes half a second to import.
"""

import json
import logging
from typing import Any

from samtranslator.translator.managed_policy_translator import ManagedPolicyLoader
from samtranslator.translator.transform import transform

from rightstate_cli.application.sam_template import root, template


def cloudformation(published: bool = False) -> dict[str, Any]:
    """The template, transformed, with the definitions put into it.

    Code is left out: it would have been built and uploaded, and in this process it is imported instead. So
    are versions and aliases unless `published`, which moto's CloudFormation does not have.
    """
    source = json.loads(json.dumps(template()))
    source["Globals"]["Function"].pop("Layers", None)
    if not published:
        source["Globals"]["Function"].pop("AutoPublishAlias")
    for name, resource in list(source["Resources"].items()):
        properties = resource.get("Properties", {})
        match resource["Type"]:
            case "AWS::Serverless::StateMachine":
                path = root() / properties.pop("DefinitionUri")
                properties["Definition"] = json.loads(path.read_text())
                if not published:
                    _unpublish(properties)
            case "AWS::Serverless::Function":
                properties["InlineCode"] = f"# {properties.pop('CodeUri')}"
                properties.pop("Layers", None)
            case "AWS::Events::Rule" if not published:
                _start_unpublished(properties["Targets"])
            case "AWS::Serverless::LayerVersion":
                del source["Resources"][name]
    # It warns of usage metrics that have nowhere to go.
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    translated: dict[str, Any] = transform(source, {}, _NoManagedPolicies(None))
    return translated


def _unpublish(machine: dict[str, Any]) -> None:
    """Let the events start the machine itself, and the machine invoke the functions themselves."""
    del machine["AutoPublishAlias"]
    machine.pop("UseAliasAsEventTarget", None)
    substitutions = machine["DefinitionSubstitutions"]
    for name, value in substitutions.items():
        if isinstance(value, dict) and str(value.get("Ref", "")).endswith(".Version"):
            substitutions[name] = {"Fn::GetAtt": [value["Ref"].removesuffix(".Version"), "Arn"]}


def _start_unpublished(targets: list[dict[str, Any]]) -> None:
    for target in targets:
        match target["Arn"]:
            case {"Fn::Sub": str(text)} if text.endswith("}:live"):
                target["Arn"] = {"Ref": text.removeprefix("${").removesuffix("}:live")}


class _NoManagedPolicies(ManagedPolicyLoader):  # type: ignore[misc]
    """The template names no managed policy by its short name; looking them up would need AWS."""

    def load(self) -> dict[str, str]:
        return {}
