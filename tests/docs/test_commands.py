"""What the pages and the messages name exists: commands with their options, and the template's parameters."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from rightstate.notifying.notification import NEXT_STEPS
from rightstate_cli.application import sam_template
from rightstate_cli.main import application

PAGES = [sam_template.root() / "README.md", *sorted((sam_template.root() / "docs").glob("*.md"))]


def told(text: str) -> Iterator[str]:
    """Each command in backticks, and after a prompt with the lines that it goes on in."""
    text = text.replace("\\\n", " ")
    yield from re.findall(r"`rightstate ([a-z][^`]*)`", text)
    yield from re.findall(r"^ *(?:\$ )?rightstate ([a-z][^#\n]*)", text, re.MULTILINE)


def fault(command: str) -> str:
    """What is not there, of the command or its options."""
    words = shlex.split(command)
    found: Any = get_command(application())
    while hasattr(found, "commands") and words and not words[0].startswith("-"):
        name = words.pop(0)
        if name not in found.commands:
            return name
        found = found.commands[name]
    options = {option for each in found.params for option in each.opts}
    unknown = [word for word in words if word.startswith("-") and word not in options]
    return ", ".join(unknown)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("policies show ID", ""),
        ("accounts add 111122223333 --install", ""),
        ("policies ID", "ID"),
        ("verify --nothing", "--nothing"),
    ],
)
def test_what_is_not_there_is_found(command: str, expected: str) -> None:
    assert fault(command) == expected


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_tells_to_run_what_there_is(page: Path) -> None:
    commands = list(told(page.read_text()))
    assert {command: why for command in commands if (why := fault(command))} == {}


def test_a_message_tells_to_run_what_there_is() -> None:
    commands = [command for step in NEXT_STEPS.values() for command in told(step)]
    assert commands
    assert {command: why for command in commands if (why := fault(command))} == {}


def test_every_command_takes_a_format_as_the_readme_says() -> None:
    commands = dict(_commands(get_command(application())))
    assert "exempt remove" in commands
    without = [name for name in commands if fault(f"{name} --format")]
    assert without == []


def _commands(found: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if not hasattr(found, "commands"):
        yield name, found
        return
    for own, each in found.commands.items():
        yield from _commands(each, f"{name} {own}".strip())


def test_the_page_on_deploying_has_every_parameter_with_its_default() -> None:
    page = (sam_template.root() / "docs" / "deploying.md").read_text()
    shown = {
        name: default.strip("`") for name, default in re.findall(r"^\| `(\w+)` \| (\S.*?) \|", page, re.M)
    }
    parameters = sam_template.template()["Parameters"]
    expected = {name: str(each["Default"]) or "none" for name, each in parameters.items()}
    assert {name: shown.get(name) for name in expected} == expected
