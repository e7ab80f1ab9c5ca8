"""Operations name what is wrong by the command line's options. The pages show the labels of their boxes."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import rightstate_cli
from rightstate_cli.console import pages
from rightstate_cli.console.texts import prose
from rightstate_cli.console.wording import BOXES, of_pages

SHARED = ("aws.py", "checks", "embedded", "hub", "member", "operations", "planning", "tables")
OF_CONSOLE = {"--deployed", "--hub-region", "--ledger", "--stack"}
"""Options of `rightstate console` itself."""
OF_AWS = {"--desired-value", "--parameter-overrides", "--quota-code", "--stack-name", "--table-name"}
OF_COMMANDS_ALONE = {
    "--all": "policies enable, whose page has a box for every policy",
    "--all-accounts": "policies enable, whose page has a box for every account",
    "--canary": "verify",
    "--category": "policies enable, by filters",
    "--framework": "policies enable, by filters",
    "--from": "plan, from findings",
    "--limit": "history, whose page has a link to older ones",
    "--now": "decommission",
    "--risk": "policies enable, by filters",
    "--severity": "policies enable, by filters",
    "--undelivered": "replay, in the fix of a check",
}
"""Option -> the command that alone takes it, for which no page calls the operation with it."""


def sentences() -> Iterator[str]:
    """Every text of the shared modules; what is put into one is an x."""
    root = Path(rightstate_cli.__file__).parent
    files = [
        file
        for name in SHARED
        for file in ([root / name] if name.endswith(".py") else (root / name).rglob("*.py"))
    ]
    for file in files:
        tree = ast.parse(file.read_text())
        inside = {
            id(part)
            for node in ast.walk(tree)
            if isinstance(node, ast.JoinedStr)
            for part in ast.walk(node)
            if part is not node
        }
        for node in ast.walk(tree):
            if id(node) in inside:
                continue
            if isinstance(node, ast.JoinedStr):
                yield "".join(
                    str(each.value) if isinstance(each, ast.Constant) else "x" for each in node.values
                )
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
                yield node.value


def test_every_option_that_a_sentence_names_has_a_box_or_is_of_a_command_alone() -> None:
    named = {
        option
        for sentence in sentences()
        # A whole command, as a check's fix is one.
        if not re.match(r"(aws|sam|rightstate) |x aws", sentence)
        for option in re.findall(r"(?<![\w-])--[a-z][a-z-]+", re.sub(r"`[^`]*`", "", sentence))
    }
    assert named - set(BOXES) - OF_CONSOLE - OF_AWS - set(OF_COMMANDS_ALONE) == set()
    assert set(OF_COMMANDS_ALONE) <= named


def test_every_label_is_on_a_page() -> None:
    shown = " ".join(file.read_text() for file in pages.TEMPLATES.glob("*.j2"))
    assert [label for label in BOXES.values() if label not in shown] == []


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("--until takes a day, e.g. 2026-12-31.", "“Until” takes a day, e.g. 2026-12-31."),
        ("Give either --resource or --tag.", "Give either “Resource” or “Tag”."),
        (
            "Run `rightstate start --reason X`, with --reason.",
            "Run `rightstate start --reason X`, with “Reason”.",
        ),
        ("The stack a--region is left. --stack names it.", "The stack a--region is left. --stack names it."),
    ],
)
def test_a_sentence_has_the_labels_but_in_commands(given: str, shown: str) -> None:
    assert of_pages(given) == shown


def test_a_label_is_written_as_everything_else_is() -> None:
    assert prose("--tag is <KEY>, `--tag`") == "“Tag” is &lt;KEY&gt;, <code>--tag</code>"
