"""What the layer consists of: the packages that were tested, and of botocore what the library calls."""

import ast
import importlib.util
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import botocore
import pytest

from rightstate.catalogue import load_all
from rightstate_cli.application import sam_template

LAYER = sam_template.root() / "layers" / "rightstate"
LIBRARY = LAYER / "python" / "rightstate"
DATA = Path(botocore.__file__).parent / "data"
HUB_SERVICES = {"dynamodb", "events", "s3", "sns", "stepfunctions", "sts"}


def locked(path: Path) -> dict[str, str]:
    """Package -> its version."""
    return dict(re.findall(r"^([a-z0-9._-]+)==([^\s;]+)", path.read_text(), re.MULTILINE))


@pytest.fixture(scope="module")
def keeping() -> ModuleType:
    spec = importlib.util.spec_from_file_location("keep_services", LAYER / "keep_services.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_layer_has_the_packages_that_the_tests_run_with_and_botocore_among_them() -> None:
    layer, tested = locked(LAYER / "requirements.txt"), locked(sam_template.root() / "requirements.txt")
    assert {"boto3", "botocore", "pydantic", "aws-lambda-powertools"} <= layer.keys()
    assert {name: tested.get(name) for name in layer} == layer


def test_every_package_of_the_layer_is_locked_by_hashes() -> None:
    blocks = re.split(r"\n(?=\S)", (LAYER / "requirements.txt").read_text())
    unlocked = [each.split()[0] for each in blocks if "==" in each and "--hash=sha256:" not in each]
    assert not unlocked


def test_the_list_of_what_the_layer_consists_of_is_that_of_its_lock_the_same_at_each_build(
    tmp_path: Path,
) -> None:
    written = tmp_path / "sbom.cdx.json"
    made = (LAYER / "sbom.cdx.json").read_bytes()
    subprocess.run(  # noqa: S603 - make, with our own arguments
        [shutil.which("make") or "make", "-s", "-o", "setup", "sbom", f"SBOM={written}"],
        cwd=sam_template.root(),
        check=True,
    )
    assert written.read_bytes() == made
    listed = json.loads(made)
    assert {each["name"]: each["version"] for each in listed["components"]} == locked(
        LAYER / "requirements.txt"
    )
    hashes = [each["externalReferences"][0]["hashes"] for each in listed["components"]]
    assert all(found and found[0]["alg"] == "SHA-256" for found in hashes)
    assert not {"serialNumber", "timestamp"} & {*listed, *listed["metadata"]}


def test_botocore_keeps_each_service_that_is_called_in_its_newest_version_and_no_other(
    keeping: ModuleType, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    for version in DATA.glob("*/*/"):
        (data / version.relative_to(DATA)).mkdir(parents=True)
    (data / "endpoints.json").touch()
    keeping.trim(data, keeping.quoted(LIBRARY))
    kept = {each.name: [version.name for version in each.iterdir()] for each in data.glob("*/")}
    assert kept.keys() >= {each.service for each in load_all()} | HUB_SERVICES
    assert kept == {name: [max(each.name for each in (DATA / name).iterdir())] for name in kept}
    assert len(kept) < 60
    assert (data / "endpoints.json").exists()


def test_the_library_makes_up_no_service_s_name() -> None:
    """So that each stands between quotes in its text, where the build looks for them."""
    made_up = [
        f"{path.name}:{node.lineno}"
        for path in LIBRARY.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and (getattr(node.func, "attr", None) or getattr(node.func, "id", ""))
        .lower()
        .endswith(("client", "clients"))
        and any(isinstance(given, ast.JoinedStr | ast.BinOp) for given in node.args)
    ]
    assert not made_up


def test_a_client_can_be_made_of_what_is_kept(keeping: ModuleType, tmp_path: Path) -> None:
    """With botocore's real files, by a process that finds no others."""
    shutil.copytree(Path(botocore.__file__).parent, tmp_path / "botocore")
    keeping.trim(tmp_path / "botocore" / "data", keeping.quoted(LIBRARY))
    names = sorted({each.service for each in load_all()} | HUB_SERVICES)
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import boto3, botocore\n"
        f"assert botocore.__file__.startswith({str(tmp_path)!r})\n"
        f"for name in {names!r}: boto3.client(name, region_name='eu-west-1')\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)  # noqa: S603 - our own program
