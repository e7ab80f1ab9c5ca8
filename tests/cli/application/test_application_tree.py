"""What `rightstate init` writes, and what of the user's it leaves alone."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import pytest

from rightstate.errors import InvalidInput
from rightstate_cli.application import sam_template, tree
from rightstate_cli.application.tree import MANIFEST, write

FUNCTION = "functions/resolve/app.py"
PARAMETERS = "samconfig.toml"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A tree that this version wrote."""
    write(tmp_path / "mine")
    return tmp_path / "mine"


def by_an_older_version(directory: Path, path: str, content: str) -> None:
    """Put the file there as an older version would have written it, with its hash in the manifest."""
    (directory / path).parent.mkdir(parents=True, exist_ok=True)
    (directory / path).write_text(content)
    manifest = json.loads((directory / MANIFEST).read_text())
    manifest["files"][path] = tree._hash(content.encode())
    manifest["version"] = "0.0.9"
    (directory / MANIFEST).write_text(json.dumps(manifest))


def contents(directory: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()
    }


def test_everything_that_the_template_names_is_written(directory: Path) -> None:
    template = (directory / "template.yaml").read_text()
    named = re.findall(r"^ +(?:CodeUri|ContentUri|DefinitionUri): (\S+)$", template, re.MULTILINE)

    assert {"functions/resolve", "layers/rightstate", "statemachines/remediation.asl.json"} <= set(named)
    assert [path for path in named if not (directory / path).exists()] == []


def test_the_tree_has_the_files_of_the_checkout_without_changes(directory: Path) -> None:
    written = {path: content for path, content in contents(directory).items() if path != MANIFEST}

    assert {"layers/rightstate/python/rightstate/deciding/planner.py", "layers/rightstate/Makefile"} <= set(
        written
    )
    assert [p for p, content in written.items() if content != (sam_template.root() / p).read_bytes()] == []


def test_a_second_run_writes_nothing(directory: Path) -> None:
    before = contents(directory)

    done = write(directory)

    assert (done.added, done.updated, done.removed, done.kept) == ([], [], [], [])
    assert contents(directory) == before


def test_an_upgrade_replaces_adds_and_removes_what_nobody_has_changed(directory: Path) -> None:
    by_an_older_version(directory, FUNCTION, "# an older one")
    by_an_older_version(directory, "functions/gone/app.py", "# no function any more")
    (directory / "statemachines" / "backfill.asl.json").unlink()

    done = write(directory)

    assert (done.updated, done.removed) == ([FUNCTION], ["functions/gone/app.py"])
    assert done.added == ["statemachines/backfill.asl.json"]
    assert done.from_version == "0.0.9"
    assert (directory / FUNCTION).read_bytes() == (sam_template.root() / FUNCTION).read_bytes()
    assert not (directory / "functions/gone/app.py").exists()


@pytest.mark.parametrize("overwrite", [False, True])
def test_the_users_parameters_stay(directory: Path, overwrite: bool) -> None:
    (directory / PARAMETERS).write_text("# mine")

    done = write(directory, overwrite)

    assert done.kept == [PARAMETERS]
    assert (directory / PARAMETERS).read_text() == "# mine"


@pytest.mark.parametrize("path", [FUNCTION, "functions/gone/app.py"], ids=["replaced", "removed"])
def test_a_file_that_was_changed_stops_an_upgrade_before_anything_is_written(
    directory: Path, path: str
) -> None:
    by_an_older_version(directory, path, "# an older one")
    (directory / path).write_text("# mine")
    (directory / "template.yaml").unlink()
    before = contents(directory)

    with pytest.raises(InvalidInput, match=rf"changed since Rightstate 0.0.9 wrote them: {path}"):
        write(directory)

    assert contents(directory) == before


def test_overwriting_replaces_a_file_that_was_changed(directory: Path) -> None:
    (directory / FUNCTION).write_text("# mine")

    assert write(directory, overwrite=True).updated == [FUNCTION]
    assert (directory / FUNCTION).read_bytes() == (sam_template.root() / FUNCTION).read_bytes()


def of_another_tool(directory: Path) -> None:
    (directory / MANIFEST).unlink()
    (directory / FUNCTION).write_text("# not ours")


def of_a_newer_version(directory: Path) -> None:
    (directory / MANIFEST).write_text('{"version": "999.0.0", "files": {}}')


def damaged(directory: Path) -> None:
    (directory / MANIFEST).write_text('{"version": 7}')


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (of_another_tool, "has files that Rightstate did not write"),
        (of_a_newer_version, "was written by Rightstate 999.0.0"),
        (damaged, "is not understood"),
    ],
)
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_directory_that_is_not_an_older_tree_is_left_alone(
    directory: Path, spoil: Callable[[Path], None], said: str, overwrite: bool
) -> None:
    spoil(directory)
    before = contents(directory)

    with pytest.raises(InvalidInput, match=said):
        write(directory, overwrite)

    assert contents(directory) == before


def test_files_of_the_users_own_beside_the_application_stay(directory: Path) -> None:
    (directory / "README.md").write_text("# our deployment")

    write(directory)

    assert (directory / "README.md").read_text() == "# our deployment"


def test_a_run_that_was_killed_is_finished_by_the_next(tmp_path: Path) -> None:
    written = 0

    def killed_after_five(path: Path, content: bytes) -> None:
        nonlocal written
        written += 1
        if written > 5:
            raise KeyboardInterrupt
        replace(path, content)

    replace = tree._replace
    with patch.object(tree, "_replace", killed_after_five), pytest.raises(KeyboardInterrupt):
        write(tmp_path / "mine")

    done = write(tmp_path / "mine")

    assert len(done.unchanged) == 5
    assert (tmp_path / "mine" / MANIFEST).exists()


def test_a_file_in_its_place_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("not ours")

    with pytest.raises(InvalidInput, match="is a file, not a directory"):
        write(tmp_path / "mine")

    assert (tmp_path / "mine").read_text() == "not ours"


def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(InvalidInput, match="cannot be"):
        write(tmp_path / "file" / "mine")
