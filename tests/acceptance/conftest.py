"""The application, deployed once: a hub in ministack, and what it remediates on a moto server.

One account of the hub's own and others beside it. Of the hub's account the moto server has all but DynamoDB,
where its tables are: those of the application and those to remediate lie side by side, as they do on AWS.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance import emulator
from tests.acceptance.hub import Hub, build
from tests.support.server import Server, started

HUBS_OWN = ("DYNAMODB", "EVENTBRIDGE", "SFN", "SNS")
"""The services that the functions use of the hub's account, as the environment variables name them."""


@pytest.fixture(scope="session")
def _member() -> Iterator[Server]:
    with started() as server:
        yield server


@pytest.fixture(scope="session")
def _emulator(_member: Server) -> Iterator[str]:
    port = emulator.free_port()
    here = emulator.endpoint(port)
    environment = {
        "AWS_ENDPOINT_URL": _member.endpoint,
        **{f"AWS_ENDPOINT_URL_{service}": here for service in HUBS_OWN},
        # So long that an execution can wait for all of an upgrade.
        "SFN_WAIT_SCALE": "0.05",
    }
    with emulator.running(port, **environment) as endpoint:
        _member.elsewhere = {"dynamodb": endpoint}
        yield endpoint


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built template, beside what it deploys."""
    return build(tmp_path_factory.mktemp("build"))


@pytest.fixture(scope="session")
def hub(_emulator: str, built: Path) -> Hub:
    """As `sam deploy` installs it, with the self-check, which runs an hour later for the first time."""
    deployed = Hub(_emulator)
    deployed.deploy(built, SelfCheck="ENABLED")
    return deployed


@pytest.fixture
def member(_member: Server, _emulator: str) -> Server:
    """The AWS that is remediated. A test that looks at its calls has it to itself."""
    _member.calls.clear()
    return _member
