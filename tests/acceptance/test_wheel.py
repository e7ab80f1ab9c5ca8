"""Rightstate as `pipx install` has it: the wheel, in an environment of its own, far from any checkout."""

import json
import os
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

import pytest

from rightstate_cli.application import sam_template, tree

pytestmark = pytest.mark.acceptance

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The commands of an environment that has the wheel and its dependencies, the newest that it allows."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=sam_template.root(), check=True, capture_output=True)  # noqa: S603
    [wheel] = folder.glob("*.whl")
    venv.create(folder / "venv")
    commands = folder / "venv" / "bin"
    # As `make setup`: uv takes a second of a processor and pip half a minute, but pip knows all mirrors.
    quick = [
        Path(sys.executable).parent / "uv",
        "pip",
        "install",
        "--quiet",
        f"--python={commands / 'python'}",
    ]
    slow = [
        sys.executable,
        "-m",
        "pip",
        f"--python={commands / 'python'}",
        "install",
        "--quiet",
        "--no-compile",
    ]
    if subprocess.run([*quick, str(wheel)], check=False, capture_output=True).returncode:  # noqa: S603
        subprocess.run([*slow, str(wheel)], check=True, capture_output=True)  # noqa: S603
    return commands


@pytest.fixture
def rightstate(installed: Path, tmp_path: Path) -> Run:
    """Runs the command from an empty directory, without credentials."""

    def run(*args: str) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))}
        ran = subprocess.run(  # noqa: S603 - the console script, with a test's own arguments
            [installed / "rightstate", *args],
            cwd=tmp_path,
            env={**kept, "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        return ran

    return run


def test_the_demo_runs(rightstate: Run) -> None:
    executions = json.loads(rightstate("demo", "--format", "json").stdout)

    assert len({each["resource_type"] for each in executions}) == len(sam_template.machines())
    assert "remediated" in {each["outcome"] for each in executions}


def test_init_writes_the_tree_of_the_checkout(rightstate: Run, tmp_path: Path) -> None:
    rightstate("init", "mine")

    written = {
        str(path.relative_to(tmp_path / "mine")): path.read_bytes()
        for path in (tmp_path / "mine").rglob("*")
        if path.is_file() and path.name != tree.MANIFEST
    }
    assert written == {path.as_posix(): source.read_bytes() for path, source in tree.files()}
