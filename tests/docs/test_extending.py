"""What docs/extending.md says to add is added to a copy of the project, and the copy's tests go over it."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import indent

import pytest

from rightstate_cli import application

LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__")
NEW = ("s3-kms-encryption", "log-group-retention")


@dataclass(frozen=True)
class Block:
    """A block of code of the page, which belongs into that file: as a whole, or where it says."""

    path: str
    where: str
    code: str

    def put_into(self, project: Path) -> None:
        file = project / self.path
        if not self.where:
            assert not file.exists(), f"{self.path} is there already"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(self.code)
            return
        lines = file.read_text().splitlines(keepends=True)
        side, _, text = self.where.partition("`")
        marked = [number for number, line in enumerate(lines) if line.strip() == text.rstrip("`")]
        assert marked or not text, f"{self.path} has no line {text}"
        match side.strip():
            case "at the end":
                lines.append(self.code)
            case "before":
                lines.insert(marked[0], self.code)
            case "after":
                lines.insert(marked[0] + 1, self.code)
            case "as an item of":
                lines.insert(marked[0] + 1, indent(self.code.rstrip(), " " * 4) + ",\n")
        file.write_text("".join(lines))


def blocks() -> Iterator[Block]:
    page = (application.root() / "docs" / "extending.md").read_text()
    pattern = r"^`(?P<path>[^`\n]+)`(?:, (?P<where>[^\n]+))?:\n\n```\w+\n(?P<code>.*?)^```$"
    for match in re.finditer(pattern, page, re.MULTILINE | re.DOTALL):
        yield Block(match["path"], match["where"] or "", match["code"])


def test_every_block_of_code_says_where_it_belongs() -> None:
    page = (application.root() / "docs" / "extending.md").read_text()
    assert len(list(blocks())) == len(re.findall(r"^```\w+$", page, re.MULTILINE)) > 0


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with everything on the page in its place."""
    project = tmp_path_factory.mktemp("extended") / "project"
    shutil.copytree(application.root(), project, ignore=LEFT_OUT)
    for block in blocks():
        block.put_into(project)
    return project


def run(project: Path, *command: str) -> str:
    """What the command prints in the project. Fails the test where it fails."""
    paths = (project / "layers" / "rightstate" / "python", project / "cli")
    ended = subprocess.run(  # noqa: S603 - the project's own commands
        [sys.executable, "-m", *command],
        cwd=project,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths)), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_what_the_page_adds_passes_the_tests_of_every_policy_and_type(extended: Path) -> None:
    run(extended, "rightstate_cli.reference")
    shown = run(
        extended,
        "pytest",
        *("-n0", "-vv", "-p", "no:cacheprovider", "--no-header"),
        *("tests/unit/test_log_group.py", "tests/unit/test_catalogue.py", "tests/unit/test_template.py"),
        *("tests/workflow/test_every_policy.py", "tests/docs/test_policies.py"),
        "tests/workflow/test_undo_every_policy.py",
        "tests/authorization/test_remediations.py",
        # What is about what was added, and what is about everything at once.
        *("-k", "log_group or log-group or LogGroup or s3-kms or page_is or (test_template and not [)"),
    )
    passed = [line for line in shown.splitlines() if " PASSED" in line]
    for policy in NEW:
        for told in (
            "from_an_event",
            "by_a_manual_start",
            "change_is_undone",
            "as_it_was_published",
            "has_a_place_for",
        ):
            assert [line for line in passed if told in line and f"[{policy}]" in line], f"{told} {policy}"


def test_what_the_page_adds_is_styled_and_typed_like_the_rest(extended: Path) -> None:
    run(extended, "ruff", "check", "--quiet", ".")
    run(extended, "ruff", "format", "--quiet", "--check", ".")
    written = [f"{path}/log_group.py" for path in ("rightstate/policies", "rightstate/resource_types")]
    run(
        extended,
        "mypy",
        "--no-error-summary",
        *(f"layers/rightstate/python/{path}" for path in written),
        "cli/rightstate_cli/examples/log_group.py",
    )
