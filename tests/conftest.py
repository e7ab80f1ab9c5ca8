"""What every test finds: a region, and a hypothesis that has no deadline and repeats itself in CI."""

import gc
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support import remembering

# boto3 and SAM's translator want one to be named; what is run as a user has it is told its own.
os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")

# moto makes 1,300 images in each region of each account, and in each again once it is reset. One is launched.
os.environ["MOTO_AMIS_PATH"] = str(Path(__file__).with_name("support") / "amis.json")

# The width that pytest-xdist gives to its workers: what is printed in this process is for a pipe.
os.environ.pop("COLUMNS", None)

remembering.install()

# Most of the heap stays for the whole run (the services' models, moto's data). Python traverses it in every
# collection: a third of the processor time of many tests. A tenth of the collections is enough.
gc.set_threshold(100_000, 20, 20)

settings.register_profile(
    "unhurried",
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("unhurried")

# Directories of the slowest modules, which are begun first: last, one would keep one worker busy alone.
_FIRST = ("docs", "cli/commands", "workflow", "cli/console", "cli/report", "layer", "layer/states")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    tests = config.rootpath / "tests"
    order = {tests / name: place for place, name in enumerate(_FIRST)}
    items.sort(key=lambda item: order.get(item.path.parent, len(_FIRST)))
