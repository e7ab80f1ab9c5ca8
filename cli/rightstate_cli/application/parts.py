"""The parts of template.yaml that follow from the resource types' declarations.

Each stands between two marks. `make docs` writes them; nobody edits them by hand.
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path

import jinja2

from rightstate.resource_type import ResourceType

_SOURCE = Path(__file__).parent / "parts.yaml.j2"
_PART = re.compile(
    r"(?P<begin>^ *# \[(?P<name>\w+)\][^\n]*\n)(?P<part>.*?)(?P<end>^ *# \[/(?P=name)\]\n)", re.M | re.S
)


def filled(template: str, types: Sequence[ResourceType]) -> str:
    """The text of template.yaml, each part written anew for those types, in the order of their names.

    Raises AttributeError where a mark names no part.
    """
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)  # noqa: S701 - YAML
    environment.filters |= {"logical_id": _logical_id, "json": json.dumps}
    parts = environment.from_string(_SOURCE.read_text()).module
    ordered = sorted(types, key=lambda each: each.name)

    def fill(found: re.Match[str]) -> str:
        part = getattr(parts, found["name"])(ordered)
        return f"{found['begin']}{part.strip(chr(10))}\n{found['end']}"

    return _PART.sub(fill, template)


def _logical_id(resource_type: ResourceType) -> str:
    return "".join(word.capitalize() for word in resource_type.name.split("-"))
