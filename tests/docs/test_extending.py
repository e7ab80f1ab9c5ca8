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
from authoring import new_type

from rightstate_cli.application import sam_template

LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__")
POLICIES = ("s3-kms-encryption", "redshift-enhanced-vpc-routing", "metric-alarm-actions-enabled")


@dataclass(frozen=True)
class Block:
    """A block of code of the page, which belongs into that file: as a whole, or where it says."""

    path: str
    where: str
    code: str

    def put_into(self, project: Path) -> None:
        file = project / self.path
        if not self.where:
            file.write_text(self.code)
            return
        lines = file.read_text().splitlines(keepends=True)
        side, _, text = self.where.partition("`")
        [at] = [number for number, line in enumerate(lines) if line.strip() == text.rstrip("`")]
        match side.strip():
            case "instead of":
                lines[at] = self.code
            case "as an item of":
                lines.insert(at + 1, indent(self.code.rstrip(), " " * 4) + ",\n")
        file.write_text("".join(lines))


def page() -> str:
    return (sam_template.root() / "docs" / "extending.md").read_text()


def blocks() -> Iterator[Block]:
    pattern = r"^`(?P<path>[^`\n]+)`(?:, (?P<where>[^\n]+))?:\n\n```(?!console)\w+\n(?P<code>.*?)^```$"
    for match in re.finditer(pattern, page(), re.MULTILINE | re.DOTALL):
        yield Block(match["path"], match["where"] or "", match["code"])


def test_every_block_of_code_says_where_it_belongs() -> None:
    assert len(list(blocks())) == len(re.findall(r"^```(?!console)\w+$", page(), re.MULTILINE)) > 0


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with everything on the page in its place."""
    project = tmp_path_factory.mktemp("extended") / "project"
    shutil.copytree(sam_template.root(), project, ignore=LEFT_OUT)
    [(name, service)] = re.findall(r"^\$ make new-type NAME=(\S+) SERVICE=(\S+)$", page(), re.MULTILINE)
    skeleton = new_type.write(project, name, service)
    (project / "events" / name / "FillIn.json").unlink()
    written = {str(file.relative_to(project)) for file in skeleton if file.exists()}
    whole = {block.path for block in blocks() if not block.where}
    assert written == {path for path in whole if not path.startswith("events/")}
    for block in blocks():
        block.put_into(project)
    run(project, "authoring")
    run(project, "rightstate_cli.docs.reference")
    return project


def run(project: Path, *command: str) -> str:
    """What the command prints in the project. Fails the test where it fails."""
    paths = (project, project / "layers" / "rightstate" / "python", project / "cli")
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


ADDED = "metric_alarm or metric-alarm or MetricAlarm or redshift_cluster.py or s3-kms or redshift-enhanced"
# Of the tests that go over everything at once, those that a policy, a setting or a type can fail.
AT_ONCE = (
    "(test_catalogue or test_tags or test_testing or test_policies or test_service_reference) and not [",
    "test_template and not [",
    "up_to_date or file_is_what or own_in_config or dependent_action",
)


def test_what_the_page_adds_passes_the_tests_that_go_over_all_policies_and_types(extended: Path) -> None:
    shown = run(
        extended,
        "pytest",
        *("-n0", "-vv", "-p", "no:cacheprovider", "--no-header"),
        *(f"tests/{folder}" for folder in ("layer", "template", "authoring", "workflow", "authorization")),
        *("tests/docs/test_policies.py", "tests/docs/test_testing.py"),
        *("-k", " or ".join((ADDED, *(f"({each})" for each in AT_ONCE)))),
    )
    passed = [line for line in shown.splitlines() if " PASSED" in line]
    for policy in POLICIES:
        for told in (
            "from_an_event_and_left_alone_until_the_change_is_undone",
            "as_it_was_published",
            "has_a_place_for",
        ):
            assert [line for line in passed if told in line and f"[{policy}]" in line], f"{told} {policy}"


def test_what_the_page_adds_is_styled_and_typed_like_the_rest(extended: Path) -> None:
    run(extended, "ruff", "check", "--quiet", ".")
    run(extended, "ruff", "format", "--quiet", "--check", ".")
    written = [f"{path}/metric_alarm.py" for path in ("rightstate/policies", "rightstate/resource_types")]
    run(
        extended,
        "mypy",
        "--no-error-summary",
        *(f"layers/rightstate/python/{path}" for path in written),
        "cli/rightstate_cli/simulation/examples/metric_alarm.py",
    )
