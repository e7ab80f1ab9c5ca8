"""`rightstate history`: what the embedded engine has run."""

import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rightstate_cli import past
from rightstate_cli.executions import Execution, Step
from tests.cli.conftest import Cli

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
KEY = "0f1e2d3c_11111111-aaaa-4aaa-8aaa-0000aaaa1111"
QUEUE = "0f1e2d3c_22222222-bbbb-4bbb-8bbb-0000bbbb2222"


def execution(name: str, resource_type: str, outcome: str) -> Execution:
    return Execution(
        name=name,
        resource_type=resource_type,
        status="FAILED" if outcome == "failed" else "SUCCEEDED",
        outcome=outcome,
        reason="AWS refused.",
        account="111122223333",
        region="eu-west-1",
        resource=f"my-{resource_type}",
        started_at=NOON,
        seconds=2,
        steps=(
            Step(state="Describe", entered=NOON, left=NOON + timedelta(seconds=2), errors=("Throttled",) * 3),
            Step(state="Notify and record", entered=NOON, left=NOON),
        ),
    )


@pytest.fixture(autouse=True)
def _kept(history: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RIGHTSTATE_HISTORY", str(history))
    past.keep([execution(KEY, "kms-key", "compliant"), execution(QUEUE, "sqs-queue", "failed")])


def test_each_execution_is_one_row_and_the_latest_is_last(cli: Cli) -> None:
    ran = cli("history", COLUMNS="120")
    rows = [line.split() for line in ran.out.splitlines() if "in 111122223333" in line]
    assert [" ".join(row) for row in rows] == [
        "aaaa1111 2026-11-23 12:00 2.0 s kms-key my-kms-key in 111122223333 compliant 2",
        "bbbb2222 2026-11-23 12:00 2.0 s sqs-queue my-sqs-queue in 111122223333 failed 2",
    ]
    assert ran.code == 0


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ([], [KEY, QUEUE]),
        (["--type", "kms-key"], [KEY]),
        (["--account", "111122223333"], [KEY, QUEUE]),
        (["--account", "444455556666"], []),
        (["--outcome", "failed"], [QUEUE]),
        (["--limit", "1"], [QUEUE]),
        (["--type", "kms-key", "--outcome", "failed"], []),
        (["0f1e2d3c"], [KEY, QUEUE]),
        (["bbbb2222"], [QUEUE]),
        ([KEY], [KEY]),
    ],
)
def test_executions_are_chosen_by_type_outcome_number_and_name(
    inside: Cli, options: list[str], names: list[str]
) -> None:
    assert [each["name"] for each in inside("history", *options, "--format", "json").json] == names


def test_one_execution_is_shown_state_by_state_with_the_errors_it_met(inside: Cli) -> None:
    ran = inside("history", "bbbb2222")
    assert f"Execution {QUEUE}: sqs-queue my-sqs-queue in 111122223333, failed" in ran.out
    assert ["Describe", "0.00", "s", "2.00", "s", "3", "x", "Throttled"] in [
        line.split() for line in ran.out.splitlines()
    ]
    assert "AWS refused." in ran.out


def test_the_latest_of_several_runs_of_one_name_is_meant(inside: Cli) -> None:
    past.keep([execution(KEY, "kms-key", "remediated")])
    assert [each["outcome"] for each in inside("history", KEY, "--format", "json").json] == ["remediated"]


@pytest.mark.parametrize("name", ["no-such", "*", "../x"])
def test_an_execution_that_is_not_kept(refused: Callable[..., str], name: str) -> None:
    told = refused("history", name)
    assert f"No execution is named '{name}'; `rightstate history` lists them." in told


@pytest.mark.parametrize("text", ["", "{", "[1]", "\xff"])
def test_a_file_that_is_not_ours(refused: Callable[..., str], history: Path, text: str) -> None:
    history.write_text(text, encoding="latin-1")
    told = refused("history")
    assert f"{history} does not hold executions of Rightstate. Move it away" in told


def test_without_any_run_it_says_how_to_make_one(inside: Cli, history: Path) -> None:
    history.unlink()
    ran = inside("history")
    assert (ran.code, ran.out) == (0, "")
    assert "`rightstate demo` runs some" in ran.err


def test_the_last_thousand_are_kept_for_their_owner_alone(history: Path) -> None:
    past.keep([execution(f"more-{number}", "kms-key", "compliant") for number in range(999)])
    assert [each.name for each in past.load()][:2] == [QUEUE, "more-0"]
    assert len(past.load()) == 1000
    assert stat.S_IMODE(history.stat().st_mode) == 0o600


@pytest.mark.parametrize("text", ["somebody else's notes", None])
def test_a_run_that_cannot_be_kept_says_so_and_fails_nothing(
    history: Path, capsys: pytest.CaptureFixture[str], text: str | None
) -> None:
    history.unlink()
    if text is None:
        history.mkdir()
    else:
        history.write_text(text)
    past.keep([execution(KEY, "kms-key", "compliant")])
    assert "This run is not kept for `rightstate history`: " in " ".join(capsys.readouterr().err.split())
    assert text is None or history.read_text() == text
