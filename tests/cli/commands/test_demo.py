"""`rightstate demo`, on two of its resource types."""

import pytest

from rightstate_cli.application import events
from rightstate_cli.simulation.accounts import FIRST, SECOND
from tests.cli.commands.conftest import Cli

TYPES = ("sqs-queue", "kms-key")


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    few = {name: found for name, found in events.shipped().items() if name in TYPES}
    monkeypatch.setattr(events, "shipped", lambda: few)


def test_every_execution_is_listed_with_its_outcome_and_nothing_leaves_the_process(cli: Cli) -> None:
    ran = cli("demo", "--format", "json", AWS_ENDPOINT_URL="http://127.0.0.1:9", AWS_PROFILE="absent")
    outcomes: dict[tuple[str, str], set[str]] = {}
    for each in ran.json:
        outcomes.setdefault((each["account"], each["resource_type"]), set()).add(each["outcome"])
    assert set(outcomes) == {(account, each) for account in (FIRST, SECOND) for each in TYPES}
    # Executions of one resource that meet both find it broken. A later one finds it fixed.
    assert all({"remediated"} <= found <= {"remediated", "compliant"} for found in outcomes.values())
    assert ran.code == 0


def test_it_fits_a_screen_with_one_sum_some_resources_and_the_next_commands(cli: Cli) -> None:
    ran = cli("demo")
    lines = ran.out.splitlines()
    assert len(lines) < 60
    assert [line for line in lines if " executions: " in line] == lines[:1]
    shown = {line.partition(" ")[0] for line in lines if line.endswith(": remediated")}
    assert shown == {"sqs-queue"}
    [history] = [line for line in lines if line.startswith("  rightstate history ")]
    found = cli(*history.split()[1:], "--format", "json")
    assert [each["outcome"] for each in found.json] == ["remediated"]
