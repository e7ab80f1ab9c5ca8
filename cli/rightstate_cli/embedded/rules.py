"""What the event rules of template.yaml make of an event, by moto's EventBridge."""

import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from moto.events.models import EventPattern

from rightstate_cli.application import sam_template
from rightstate_cli.application.input_transformer import transformed
from rightstate_cli.embedded import hub
from rightstate_cli.executions.executions import Start


@dataclass(frozen=True)
class Match:
    """A rule that an event matched, its target, and what it would start there."""

    rule: str
    target: str
    start: Start


def matches(event: Mapping[str, Any], region: str) -> list[Match]:
    """Each rule of a hub in that region that the event matches. The hub is one that is simulated.

    Raises ValueError where the input is not JSON, which Step Functions refuses.
    """
    resources = hub.names(region)
    machines = {resource_type: resources[name] for name, resource_type in sam_template.machines().items()}
    with event_bus():
        return [
            Match(
                rule=sam_template.resolved(rule["Name"], resources),
                target=machines[resource_type],
                start=Start(
                    resource_type=resource_type,
                    input=json.loads(transformed(rule["Targets"][0]["InputTransformer"], event)),
                    name=f"{event['id']}_{uuid.uuid4()}",
                ),
            )
            for resource_type, rule in sam_template.rules()
            # A plain word in each rule, and most events are of another source than most rules.
            if event["source"] in rule["EventPattern"]["source"]
            if EventPattern.load(
                json.dumps(sam_template.resolved(rule["EventPattern"], resources))
            ).matches_event(
                event  # type: ignore[arg-type]
            )
        ]


@contextmanager
def event_bus() -> Iterator[None]:
    """Let moto's EventBridge look into lists of objects."""
    with patch.object(EventPattern, "_flatten_dict", staticmethod(_flattened)):
        yield


def _flattened(node: Mapping[str, Any]) -> dict[str, Any]:
    """Path -> leaf, or the leaves of that path in a list of objects."""
    flat: dict[str, Any] = {}
    for key, value in node.items():
        if isinstance(value, dict) and value:
            flat |= {f"{key}.{path}": leaf for path, leaf in _flattened(value).items()}
        elif isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
            for each in value:
                for path, leaf in _flattened(each).items():
                    flat.setdefault(f"{key}.{path}", []).extend(leaf if isinstance(leaf, list) else [leaf])
        else:
            flat[key] = value
    return flat
