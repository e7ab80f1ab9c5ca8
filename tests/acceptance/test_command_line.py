"""A user's first day with the command line: from nothing to a bucket that is mended, and back to nothing."""

from pathlib import Path

import pytest

from tests.acceptance.console import Commands, commands
from tests.acceptance.emulator import ACCOUNT
from tests.acceptance.hub import Hub
from tests.acceptance.test_lifecycle import admitted, inventory
from tests.support.server import Server

pytestmark = pytest.mark.acceptance

OTHER = "444455556666"
BUCKET = "found-on-the-first-day"
LAX = {
    "V5": "moto's STS heeds no trust policy, so the role can be assumed without the external id",
    "V7": "there is no trail",
    "V10": "ministack keeps neither the logging nor the tracing of a machine",
    "V19": "ministack keeps neither point-in-time recovery nor the time to live of a table",
}
"""What `verify` finds wanting in the emulators, and AWS has."""


@pytest.fixture(scope="module")
def third(hub: Hub) -> Hub:
    return hub.copied("third", MemberRoleName="third-remediation")


@pytest.fixture
def rightstate(third: Hub, tmp_path: Path) -> Commands:
    """Runs the console script against that hub."""
    return commands(third, tmp_path)


def test_a_users_first_day(third: Hub, member: Server, rightstate: Commands) -> None:
    member.make("s3-bucket", BUCKET, ACCOUNT, "s3-block-public-access")

    added = rightstate("accounts", "add", ACCOUNT, "--install", "--yes", "--format", "json")
    assert added.code == 1, added.err  # for what LAX says of V5, and for nothing else
    assert "without an external id too" in added.out
    enabled = rightstate(
        "policies", "enable", "s3-block-public-access", "--mode", "auto", "--account", ACCOUNT, "--yes"
    )
    assert (enabled.code, "public downloads" in enabled.err) == (0, True)
    started = rightstate("start", f"arn:aws:s3:::{BUCKET}", "--yes")
    assert f"s3-bucket {BUCKET}: remediated" in started.out
    assert started.code == 0
    blocked = member.session(ACCOUNT).client("s3").get_public_access_block(Bucket=BUCKET)
    assert set(blocked["PublicAccessBlockConfiguration"].values()) == {True}
    [execution] = rightstate("history", "--deployed", "--format", "json").json
    assert (execution["resource"], execution["outcome"]) == (BUCKET, "remediated")

    checked = rightstate("verify", "--canary", "--format", "json")
    failed = {each["id"] for each in checked.json if each["status"] == "FAIL"}
    assert (checked.code, failed) == (1, set(LAX))
    passed = {each["id"] for each in checked.json if each["status"] == "PASS"}
    # The machines, roles and rules as they are deployed, and an event from the bus to the ledger.
    assert passed >= {"V3", "V4", "V6", "V8", "V11", "V12", "V13"}

    registered = rightstate("accounts", "add", OTHER, "--region", "eu-west-1", "--yes")
    assert "aws cloudformation deploy --template-file member.yaml" in registered.out
    assert f"statement third-accounts {OTHER}" in admitted(third)
    assert rightstate("decommission", "hub", "--yes").code == 2, "others are registered"
    assert rightstate("accounts", "remove", OTHER, "--yes").code == 0
    assert not admitted(third)

    tables = {f"table {third.outputs[table]}" for table in ("SettingsTable", "LedgerTable")}
    assert rightstate("decommission", "hub", "--yes").code == 0
    assert inventory(third) == tables
    # Once more, and with what was kept.
    assert rightstate("decommission", "hub", "--yes", "--delete-ledger", "--delete-settings").code == 0
    assert inventory(third) == set()
    assert rightstate("verify").code == 2
