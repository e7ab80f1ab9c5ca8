"""An account's settings as lines of a table."""

from dataclasses import asdict
from typing import Any

from rightstate_cli.member.role import Check
from rightstate_cli.operations.account_lines import (
    Lines,
    check_text,
    exemptions,
    handling,
    membership,
    modes,
    regions,
    title,
)

__all__ = [
    "Lines",
    "check_code",
    "check_facts",
    "check_text",
    "exemptions",
    "handling",
    "membership",
    "modes",
    "regions",
    "title",
]


def check_facts(check: Check | None) -> dict[str, Any] | None:
    return asdict(check) if check else None


def check_code(works: bool | None) -> int:
    """The exit code: 0 it works, 1 it does not, 2 the test itself failed."""
    return {True: 0, False: 1, None: 2}[works]
