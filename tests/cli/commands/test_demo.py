"""`rightstate demo`, on two of its resource types: the whole of it takes half a minute."""

import pytest

from rightstate_cli.application import events
from rightstate_cli.simulation.accounts import FIRST, SECOND
from tests.cli.commands.conftest import Cli


def test_every_execution_is_listed_with_its_outcome_and_nothing_leaves_the_process(
    inside: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = {name: found for name, found in events.shipped().items() if name in ("sqs-queue", "kms-key")}
    monkeypatch.setattr(events, "shipped", lambda: few)
    ran = inside("demo", "--format", "json", AWS_ENDPOINT_URL="http://127.0.0.1:9", AWS_PROFILE="absent")
    outcomes: dict[tuple[str, str], set[str]] = {}
    for each in ran.json:
        outcomes.setdefault((each["account"], each["resource_type"]), set()).add(each["outcome"])
    assert set(outcomes) == {(account, each) for account in (FIRST, SECOND) for each in few}
    # Executions of one resource that meet both find it broken; those that do not, find it mended.
    assert all({"remediated"} <= found <= {"remediated", "compliant"} for found in outcomes.values())
    assert ran.code == 0
