"""`rightstate plan`: what would change, and nothing changed."""

import csv
import io
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from moto.core.exceptions import JsonRESTError
from moto.sqs.responses import SQSResponse

from tests.cli.commands.conftest import OTHER, OWN, REGION, Cli, Server

MANY = "222233334444"


def test_each_setting_is_shown_before_and_after_with_the_calls_that_would_be_made(
    server: Server, cli: Cli
) -> None:
    server.make("sqs-queue", "to-plan")
    ran = cli("plan", "--type", "sqs-queue", "--resource", "to-plan")
    for shown in (
        "sqs-queue to-plan: broken",
        "sqs-server-side-encryption",
        "none -> SSE-SQS",
        "sqs:SetQueueAttributes(",
        "risk: key-coupling",
        "1 resource: 1 broken. Nothing was changed.",
    ):
        assert shown in ran.out
    assert ran.code == 1


@pytest.fixture
def many(server: Server) -> None:
    """More broken queues than are shown in detail, and a table."""
    for number in range(7):
        server.make("sqs-queue", f"of-many-{number}", MANY)
    server.make("dynamodb-table", "of-many", MANY)


@pytest.mark.usefixtures("many")
def test_of_many_resources_the_totals_are_shown_and_the_sum_is_the_last_line(cli: Cli) -> None:
    ran = cli("plan", "--account", MANY, "-t", "sqs-queue", "-t", "dynamodb-table")
    lines = ran.out.splitlines()
    assert lines[0] == lines[-1] == "8 resources: 8 broken. Nothing was changed."
    assert lines[1].startswith("To change: ") and "By severity: " in lines[1]
    [policy] = [line.split() for line in lines if "sqs-server-side-encryption" in line]
    assert policy[2] == "7"
    assert ["sqs-queue", "7", "7"] in [line.split() for line in lines]
    assert "of-many-0" not in ran.out
    assert len(lines) < 40
    detailed = cli("plan", "--account", MANY, "-t", "sqs-queue", "-t", "dynamodb-table", "--details")
    assert "sqs-queue of-many-0: broken" in detailed.out and "sqs:SetQueueAttributes(" in detailed.out
    assert detailed.out.splitlines()[-1] == lines[-1]
    # As CSV every broken setting is a row.
    ran = cli("plan", "--account", MANY, "-t", "sqs-queue", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(ran.out)))
    assert {row["resource"] for row in rows} == {f"of-many-{number}" for number in range(7)}
    assert {(row["policy"], row["before"], row["after"]) for row in rows} == {
        ("sqs-server-side-encryption", "none", "SSE-SQS")
    }


def test_an_exemption_of_this_machine_counts_without_a_hub(server: Server, cli: Cli) -> None:
    server.make("sqs-queue", "exempt-here")
    args = ("plan", "-t", "sqs-queue", "-r", "exempt-here")
    assert cli(*args).code == 1
    added = cli(
        *("exempt", "add", "--account", OWN, "--resource", f"{REGION}/sqs-queue/exempt-here"),
        *("--approver", "me", "--reason", "old", "--days", "30"),
    )
    assert added.code == 0, added.err
    ran = cli(*args)
    assert "sqs-queue exempt-here: exempt" in ran.out
    assert ran.code == 0


def test_a_plan_makes_no_ledger(cli: Cli, ledger: Path) -> None:
    cli("plan", "-t", "sqs-queue", "-r", "none")
    assert not ledger.exists()


def test_nothing_is_changed(server: Server, cli: Cli) -> None:
    for resource_type in ("sqs-queue", "s3-bucket", "kms-key", "rds-instance"):
        server.make(resource_type, f"unchanged-{resource_type}")
    ran = cli("plan", "--format", "json")
    assert {item["resource_type"] for item in ran.json["items"] if item["status"] == "broken"} > {"s3-bucket"}
    assert server.calls and not server.writes
    assert ran.code == 1


def test_the_plan_of_a_resource_in_its_right_state_ends_with_0(server: Server, cli: Cli) -> None:
    server.session().client("sqs").create_queue(QueueName="encrypted")
    ran = cli("plan", "-t", "sqs-queue", "-r", "encrypted", "--format", "json")
    assert [(item["resource"], item["status"], item["calls"]) for item in ran.json["items"]] == [
        ("encrypted", "compliant", [])
    ]
    assert ran.code == 0


def test_where_there_is_nothing_the_plan_says_so_and_ends_with_0(cli: Cli) -> None:
    ran = cli("plan", "-t", "redshift-cluster", "--region", "eu-north-1")
    assert "0 resources: none. Nothing was changed." in ran.out
    assert ran.code == 0


def test_json_is_all_there_is_on_stdout_and_talk_goes_to_stderr(server: Server, cli: Cli) -> None:
    server.make("kms-key", "key")
    ran = cli("plan", "-t", "kms-key", "--format", "json")
    key = next(item for item in ran.json["items"] if item["status"] == "broken")
    assert key["calls"][0]["operation"] == "EnableKeyRotation"
    assert key["changes"][0] == {
        **key["changes"][0],
        "setting": "KeyRotationEnabled",
        "before": False,
        "after": True,
        "policies": ["kms-key-rotation"],
    }
    assert f"Reading account {OWN} in {REGION}" in ran.err


def test_another_accounts_resources_are_read_through_its_role(server: Server, cli: Cli) -> None:
    server.make("sqs-queue", "theirs", OTHER)
    ran = cli("plan", "--account", OTHER, "-t", "sqs-queue", "--external-id", "x-1", "--format", "json")
    assert ("theirs", OTHER) in {(item["resource"], item["account"]) for item in ran.json["items"]}
    assert "sts:AssumeRole" in server.calls


def test_a_parameter_of_ones_own_is_what_the_plan_wants(server: Server, cli: Cli) -> None:
    server.make("auto-scaling-group", "own-cooldown")
    ran = cli(
        *("plan", "-p", "asg-cooldown", "-t", "auto-scaling-group", "-r", "own-cooldown"),
        *("--set", "asg-cooldown.default_cooldown_seconds=120"),
    )
    assert "0 -> 120" in ran.out


@pytest.fixture
def of_two_one_denied(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.make("sqs-queue", "denied")
    server.make("sqs-queue", "readable")

    def get(self: SQSResponse) -> Any:
        if self._get_queue_name() == "denied":
            raise JsonRESTError("AccessDeniedException", "no")
        return _get(self)

    _get = SQSResponse.get_queue_attributes
    monkeypatch.setattr(SQSResponse, "get_queue_attributes", get)


@pytest.mark.usefixtures("of_two_one_denied")
def test_a_resource_that_cannot_be_read_hides_no_other_and_ends_with_2(cli: Cli) -> None:
    ran = cli("plan", "-t", "sqs-queue", "--format", "json")
    items = {item["resource"]: item for item in ran.json["items"]}
    assert items["readable"]["status"] == "broken"
    assert items["denied"]["status"] == "unreadable"
    assert "GetQueueAttributes was answered with AccessDeniedException" in items["denied"]["reason"]
    assert ran.code == 2


def test_a_type_that_cannot_be_listed_hides_no_other_and_ends_with_2(
    server: Server, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deny(self: SQSResponse) -> None:
        raise JsonRESTError("AccessDeniedException", "no")

    monkeypatch.setattr(SQSResponse, "list_queues", deny)
    server.make("kms-key", "key")
    ran = cli("plan", "-t", "sqs-queue", "-t", "kms-key", "--format", "json")
    assert ("kms-key", "broken") in {(item["resource_type"], item["status"]) for item in ran.json["items"]}
    [unlisted] = ran.json["unlisted"]
    assert (unlisted["account"], unlisted["region"], unlisted["resource_type"]) == (OWN, REGION, "sqs-queue")
    assert ran.code == 2


def test_a_resource_that_was_named_and_does_not_exist_ends_with_2(cli: Cli) -> None:
    ran = cli("plan", "-t", "sqs-queue", "-r", "no-such-queue")
    assert "sqs-queue no-such-queue" in ran.out and "does not exist" in ran.out
    assert ran.code == 2


def test_of_hundreds_of_resources_the_one_that_is_named_is_read_alone(server: Server, process: Cli) -> None:
    sqs = server.session().client("sqs")
    for number in range(200):
        sqs.create_queue(QueueName=f"one-of-many-{number}")
    server.calls.clear()
    process("plan", "-t", "sqs-queue", "-r", "one-of-many-7")
    assert set(server.calls) == {"sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sts:GetCallerIdentity"}
    assert len(server.calls) == 4


@pytest.mark.parametrize("columns", [80, 120, 200])
def test_no_line_is_wider_than_the_terminal(server: Server, process: Cli, columns: int) -> None:
    server.make("rds-instance", f"wide-{columns}")
    ran = process("plan", "-t", "rds-instance", "-r", f"wide-{columns}", COLUMNS=str(columns))
    assert "rds-mysql-multi-az" in ran.out
    assert max(map(len, ran.out.splitlines())) <= columns


def test_a_terminal_is_shown_the_progress(server: Server, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", "from rightstate_cli.main import run; run()", "plan", "-t", "sqs-queue"],
        env={**os.environ, **server.environment, "HOME": str(tmp_path), "TERM": "xterm"},
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    ):
        os.close(theirs)
        # A terminal that nobody reads is full after 4 KB, and the command would wait for ever.
        shown = b"".join(_read(ours))
    os.close(ours)
    assert b"Reading" in shown


def _read(terminal: int) -> Iterator[bytes]:
    """What is written to the terminal, until nobody has it open any more: Linux says so by EIO."""
    with suppress(OSError):
        while some := os.read(terminal, 100_000):
            yield some
