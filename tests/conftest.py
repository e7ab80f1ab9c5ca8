"""What every test finds: a region, and a hypothesis that has no deadline and repeats itself in CI."""

import gc
import os
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import HealthCheck, settings

# boto3 and SAM's translator want one to be named; what is run as a user has it is told its own.
os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")

# moto makes 1,300 images in each region of each account, and in each again once it is reset. One is launched.
os.environ["MOTO_AMIS_PATH"] = str(Path(__file__).with_name("support") / "amis.json")

# The width that pytest-xdist gives to its workers: what is printed in this process is for a pipe.
os.environ.pop("COLUMNS", None)

# Each session reads the services' models anew, which takes longer than most of what is tested with it.
botocore.session.create_loader = cache(botocore.session.create_loader)

# For each KMS key moto looks for two primes, a tenth of a second long, and for each certificate it checks
# them. Nothing is encrypted with them here.
rsa.generate_private_key = cache(rsa.generate_private_key)
serialization.load_pem_private_key = cache(serialization.load_pem_private_key)

# A client takes a hundredth of a second. Examples and helpers ask their session for one again and again.
_new_client = boto3.Session.client


def _client(self: boto3.Session, service: str, *given: Any, **named: Any) -> Any:
    clients: dict[Any, Any] = self.__dict__.setdefault("_clients_of_tests", {})
    key = (service, given, tuple(sorted(named.items(), key=lambda each: each[0])))
    # Tests put their own handlers on clients of the session that all share.
    if self is boto3.DEFAULT_SESSION or "config" in named or key not in clients:
        clients[key] = _new_client(self, service, *given, **named)
    return clients[key]


boto3.Session.client = _client  # type: ignore[method-assign]

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
_FIRST = ("docs", "cli/commands", "workflow", "cli/report")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    tests = config.rootpath / "tests"
    order = {tests / name: place for place, name in enumerate(_FIRST)}
    items.sort(key=lambda item: order.get(item.path.parent, len(_FIRST)))
