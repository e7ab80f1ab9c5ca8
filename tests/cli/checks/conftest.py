"""A world in which all is well, and a canary that does not wait."""

import pytest

from rightstate_cli.checks import canary
from tests.support.world import World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canary, "_ENOUGH", 0)
    monkeypatch.setattr(canary, "_BETWEEN", 0)
