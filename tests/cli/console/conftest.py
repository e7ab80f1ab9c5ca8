"""A ledger that remediations of a simulated account have filled, and the console on it."""

import os
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from unittest.mock import patch

import pytest

from rightstate.policy import Mode
from rightstate_cli.operations import plan, remediate
from rightstate_cli.planning.accounts import Wanted
from tests.support import console
from tests.support.console import Browsing
from tests.support.server import OWN, REGION, Server, started

__all__ = ["OWN", "REGION"]


@pytest.fixture(scope="session")
def _server() -> Iterator[Server]:
    with started() as server:
        yield server


@pytest.fixture(scope="module")
def server(_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """An account with nothing in it, and the user's credentials for it."""
    _server.reset()
    home = {"HOME": str(tmp_path_factory.mktemp("home")), "AWS_EC2_METADATA_DISABLED": "true"}
    with patch.dict(os.environ, {**_server.environment, **home}):
        yield _server


@pytest.fixture(scope="module")
def ledger(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two queues were fixed. Two more and a key are broken, as a plan saw."""
    path = tmp_path_factory.mktemp("data") / "ledger.sqlite"
    for name in ("orders", "invoices"):
        server.make("sqs-queue", name)
    prepared = remediate.prepare(None, None, None, None, ["sqs-queue"], [], [], [], Mode.AUTO, path)
    prepared.run(None, 2, Event(), lambda done, total, now: None, lambda said: None)
    for name in ("audit", "exports"):
        server.make("sqs-queue", name)
    server.make("kms-key", "payments")
    wanted = Wanted(types=("sqs-queue", "kms-key"))
    plan.make(wanted, None, None, path, lambda said: None, lambda done, found: None)
    return path


@pytest.fixture
def browsing(ledger: Path) -> Iterator[Browsing]:
    """The console of that ledger, signed in."""
    with console.opened(ledger) as found:
        yield found
