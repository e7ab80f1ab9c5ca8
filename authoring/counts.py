"""The numbers of policies and resource types in README.md."""

import re
from collections.abc import Sequence
from pathlib import Path

from rightstate.resource_type import ResourceType

_COUNTS = re.compile(r"\[\d+ policies\]\(docs/policies\.md\) for \d+ types")


def filled(page: str, types: Sequence[ResourceType]) -> str:
    """The page with the numbers of these types."""
    policies = sum(len(each.policies) for each in types)
    return _COUNTS.sub(f"[{policies} policies](docs/policies.md) for {len(types)} types", page)


def write(file: Path, types: Sequence[ResourceType]) -> None:
    """Write the numbers into the page."""
    file.write_text(filled(file.read_text(), types))
