"""`rightstate history` of this machine: what its ledger has, and what a process has left behind in it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from rightstate.policy import Mode
from rightstate.storage.tables import GUARDS, LEDGER
from rightstate_cli.embedded.running import Running
from rightstate_cli.embedded.storage import SQLiteStorage
from tests.cli.commands.conftest import Cli
from tests.support import endings

KEY = "0f1e2d3c_11111111-aaaa-4aaa-8aaa-0000aaaa1111"
QUEUE = "0f1e2d3c_22222222-bbbb-4bbb-8bbb-0000bbbb2222"
OTHERS = "444455556666"


def entry(name: str, resource_type: str, policy: str, **given: object) -> dict[str, object]:
    return endings.ended(
        resource_type, f"my-{resource_type}", name=name, policies={policy: Mode.AUTO}, **given
    )


@pytest.fixture(autouse=True)
def storage(ledger: Path) -> SQLiteStorage:
    """Two executions, of which the later one met errors while it described and then failed."""
    made = SQLiteStorage(ledger)
    made(LEDGER).put(entry(KEY, "s3-bucket", "s3-versioning"))
    failed = entry(
        QUEUE,
        "sqs-queue",
        "sqs-server-side-encryption",
        observed={},
        failed=endings.Failed("Describe"),
        started="2026-11-20T08:01:00.000Z",
    )
    way = [{**each, "errors": {"Throttled": 3}} for each in failed["path"] if each["state"] == "Describe"]
    made(LEDGER).put({**failed, "path": way})
    return made


def test_each_execution_is_one_row_and_the_latest_is_last(cli: Cli) -> None:
    ran = cli("history", COLUMNS="120")
    rows = [line.split() for line in ran.out.splitlines() if "in 111122223333" in line]
    assert [(row[0], *row[1:3], row[-1]) for row in rows] == [
        ("aaaa1111", "2026-11-20", "08:00", "compliant"),
        ("bbbb2222", "2026-11-20", "08:01", "failed"),
    ]
    assert ran.code == 0


def test_csv_has_the_whole_names(cli: Cli) -> None:
    ran = cli("history", "--format", "csv")
    header, *rows = [line.split(",") for line in ran.out.splitlines()]
    assert header[0] == "execution"
    assert [(row[0], row[-1]) for row in rows] == [(KEY, "compliant"), (QUEUE, "failed")]


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ([], [KEY, QUEUE]),
        (["--type", "s3-bucket"], [KEY]),
        (["--account", "111122223333"], [KEY, QUEUE]),
        (["--account", OTHERS], []),
        (["--outcome", "failed"], [QUEUE]),
        (["--policy", "s3-versioning"], [KEY]),
        (["--resource", "my-sqs-queue"], [QUEUE]),
        (["--resource", "arn:aws:sqs:eu-west-1:111122223333:my-sqs-queue"], [QUEUE]),
        (["--since", "2026-11-20T08:00:30Z"], [QUEUE]),
        (["--until", "2026-11-20T08:00:30Z"], [KEY]),
        (["--limit", "1"], [QUEUE]),
        (["--type", "s3-bucket", "--outcome", "failed"], []),
        (["0f1e2d3c"], [KEY, QUEUE]),
        (["bbbb2222"], [QUEUE]),
        ([KEY], [KEY]),
    ],
)
def test_executions_are_chosen_as_those_of_a_hub(cli: Cli, options: list[str], names: list[str]) -> None:
    assert [each["name"] for each in cli("history", *options, "--format", "json").json] == names


def test_one_execution_is_shown_with_the_errors_that_it_met(cli: Cli) -> None:
    ran = cli("history", "bbbb2222")
    assert f"Execution {QUEUE}: sqs-queue my-sqs-queue in 111122223333, failed" in ran.out
    [line] = [each.split() for each in ran.out.splitlines() if each.split()[:1] == ["Describe"]]
    assert line[-3:] == ["3", "x", "Throttled"]


@pytest.mark.parametrize("name", ["no-such", "*", "../x"])
def test_an_execution_that_is_not_there(refused: Callable[..., str], name: str) -> None:
    assert f"No execution is named '{name}'; `rightstate history` lists them." in refused("history", name)


def test_a_file_that_is_not_ours_is_left_as_it_is(refused: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("somebody else's notes, longer than the header of a database " * 9)
    before = (tmp_path / "notes").read_bytes()
    told = refused("history", "--ledger", str(tmp_path / "notes"))
    assert "is no ledger of Rightstate" in " ".join(told.split())
    assert (tmp_path / "notes").read_bytes() == before


def test_without_any_run_it_says_how_to_make_one(cli: Cli, tmp_path: Path) -> None:
    ran = cli("history", "--ledger", str(tmp_path / "empty.sqlite"))
    assert (ran.code, ran.out) == (0, "")
    assert "`rightstate remediate` makes some" in ran.err


def test_what_runs_is_listed_and_what_a_process_has_left_behind_has_died(
    cli: Cli, storage: SQLiteStorage
) -> None:
    machine = "arn:aws:states:eu-west-1:123456789012:stateMachine:rightstate-sqs-queue"
    given = {"account": "111122223333", "region": "eu-west-1", "resource": "left"}
    started = {
        "executionArn": f"{machine.replace(':stateMachine:', ':execution:')}:left-behind",
        "stateMachineArn": machine,
        "startDate": "2026-11-20T08:02:00.000Z",
        "input": json.dumps(given),
    }
    with Running(storage).here() as watch:
        watch.started(started)
        [listed] = cli("history", "left-behind", "--format", "json").json
        assert (listed["outcome"], listed["resource"]) == ("running", "left")
    # The file is there, and nobody has its lock: as after a kill.
    for _ in range(2):
        [listed] = cli("history", "left-behind", "--format", "json").json
        assert (listed["outcome"], listed["error"]) == ("died", "ProcessEnded")
    assert list(storage(GUARDS).query("running")) == []
    assert len(cli("history", "--format", "json").json) == 3
