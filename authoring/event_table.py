"""The table in docs/testing.md of the events that rules name, and how well the shape of each is known."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from rightstate.event_rule import Subject
from rightstate.resource_type import ResourceType
from rightstate_cli.simulation import examples

_BEGIN, _END = "<!-- Written by `make docs`. -->\n", "<!-- /Written by `make docs`. -->\n"


def table(types: Sequence[ResourceType]) -> str:
    """A row for each event of each type."""
    head = ("| resource type | event | names its resource at | shape |", "|---|---|---|---|")
    return "\n".join((*head, *(row for each in types for row in _rows(each)))) + "\n"


def _rows(resource_type: ResourceType) -> Iterator[str]:
    recorded = examples.load(resource_type.name).recorded
    for event, about in sorted(resource_type.events.items()):
        shape = "recorded" if event in recorded else "assumed"
        yield f"| {resource_type.name} | {event} | {_place(about)} | {shape} |"


def _place(about: Subject) -> str:
    return " or ".join(f"`{path}`" for path in sorted(about.paths)) or "the envelope: the account"


def filled(page: str, types: Sequence[ResourceType]) -> str:
    """The page with the table written anew."""
    between = re.compile(f"({re.escape(_BEGIN)}\n).*(\n{re.escape(_END)})", re.DOTALL)
    return between.sub(lambda found: found[1] + table(types) + found[2], page)


def write(file: Path, types: Sequence[ResourceType]) -> None:
    """Write the table into the page."""
    file.write_text(filled(file.read_text(), types))
