"""`rightstate decommission`: what goes, what stays, and nothing else."""

from collections.abc import Iterator

import pytest

from tests.cli.conftest import Cli, Server
from tests.support import deployed

pytestmark = pytest.mark.filterwarnings(deployed.QUIET)


@pytest.fixture(scope="module", autouse=True)
def _filled() -> Iterator[None]:
    with deployed.fill():
        yield


def test_try(server: Server, inside: Cli) -> None:
    with deployed.organization(server) as org:
        deployed.deploy(server, "rightstate", OrganizationId=org.id)
        inside(
            "organization",
            "deploy",
            "--ou",
            org.unit,
            "--region",
            "eu-west-1",
            "--region",
            "us-east-1",
            "--yes",
        )
        inside("organization", "register")
        ran = inside("decommission", "hub", "--yes")
        print(ran.out, ran.err, ran.code)
        ran = inside("decommission", "organization", "--yes")
        print(ran.out, ran.err, ran.code)
        ran = inside("decommission", "hub", "--yes")
        print(ran.out, ran.err, ran.code)
        ran = inside("decommission", "hub", "--yes", "--delete-ledger")
        print(ran.out, ran.err, ran.code)
        ran = inside("decommission", "hub", "--yes", "--delete-settings")
        print(ran.out, ran.err, ran.code)
        ran = inside("decommission", "hub", "--yes", "--delete-settings")
        print(ran.out, ran.err, ran.code)
        assert 0
