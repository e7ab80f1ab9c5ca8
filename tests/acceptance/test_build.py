"""What `sam build` makes."""

import importlib.util
from pathlib import Path

import pytest
from benchmarks import layer

pytestmark = pytest.mark.acceptance

PACKAGES = ("rightstate", "boto3", "botocore", "pydantic", "aws_lambda_powertools")


def test_the_layer_is_compiled_for_the_python_that_runs_it_and_small_enough(built: Path) -> None:
    """Lambda keeps nothing of what it compiles, so that every cold start would compile it again."""
    folder = built.parent / "RightstateLayer"
    measured = layer.measure(folder)
    assert measured["compiled"]
    assert measured["zipped"] < 20e6
    for package in PACKAGES:
        module = folder / "python" / package / "__init__.py"
        compiled = Path(importlib.util.cache_from_source(str(module))).read_bytes()
        # PEP 552: whose bytecode it is, then that it goes by the source's hash, which nobody checks.
        assert compiled[:4] == importlib.util.MAGIC_NUMBER
        assert compiled[4:8] == (1).to_bytes(4, "little")
