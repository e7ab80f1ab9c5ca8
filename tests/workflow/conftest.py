"""The deployed application, one for all tests of a module."""

from collections.abc import Iterator

import pytest

from rightstate_cli.embedded.engine import Engine, simulated
from rightstate_cli.simulation import moto_gaps
from tests.support.calls import Calls


@pytest.fixture(scope="module")
def hub() -> Iterator[Engine]:
    with simulated(wait_scale=0.001) as engine, moto_gaps.fill():
        yield engine


@pytest.fixture(scope="module")
def _recorded(hub: Engine) -> Iterator[Calls]:
    # Entering it forgets the clients. To make them anew for each test takes longer than most calls.
    with Calls() as recorded:
        yield recorded


@pytest.fixture
def calls(_recorded: Calls) -> Calls:
    """The AWS calls that the functions make in the member account."""
    _recorded.made.clear()
    return _recorded
