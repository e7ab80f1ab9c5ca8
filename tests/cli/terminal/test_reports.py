"""How executions are told to people."""

import csv
import io
from datetime import UTC, datetime

import pytest

from rightstate.models.decision import Decision, Deviation, Outcome, Status, Verdict
from rightstate.policy import Mode
from rightstate.wants import Value
from rightstate_cli.executions.executions import Execution
from rightstate_cli.terminal.executions import print_executions
from rightstate_cli.terminal.output import Format, Table, print_result

REASON = "Somebody has said why."


def execution(outcome: str, reason: str = REASON, note: str = "") -> Execution:
    finding = Deviation(setting="Encryption", before="none", after="SSE-SQS")
    verdict = Verdict(
        policy="sqs-server-side-encryption",
        mode=Mode.APPROVE,
        status=Status.BROKEN,
        reason=note,
        findings=(finding,),
    )
    return Execution(
        name="x",
        resource_type="sqs-queue",
        status="SUCCEEDED",
        outcome=outcome,
        reason=reason,
        account="111122223333",
        region="eu-west-1",
        resource="invoices",
        started_at=datetime(2026, 11, 25, tzinfo=UTC),
        seconds=1,
        decision=Decision(apply=False, outcome=Outcome.REPORTED, verdicts=(verdict,)),
    )


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        ("remediated", 0),
        ("compliant", 1),
        ("denied", 1),
        ("failed", 1),
        ("halted", 1),
        ("awaiting-approval", 1),
        ("changed-since-plan", 1),
        ("stopped", 1),
        ("of a later version", 1),
    ],
)
def test_an_execution_that_fixed_nothing_says_why(
    capsys: pytest.CaptureFixture[str], outcome: str, told: int
) -> None:
    print_executions([execution(outcome)], Format.TABLE)
    assert capsys.readouterr().out.count(REASON) == told


def test_a_reason_that_stands_beside_the_setting_is_not_told_twice(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_executions([execution("exempt", note=REASON)], Format.TABLE)
    assert capsys.readouterr().out.count(REASON) == 1


def test_an_execution_that_found_the_resource_fixed_by_another_shows_no_change(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_executions([execution("compliant")], Format.TABLE)
    shown = capsys.readouterr().out
    assert "SSE-SQS" not in shown
    assert "sqs-queue invoices   compliant" in shown


def test_as_csv_each_broken_setting_is_a_row(capsys: pytest.CaptureFixture[str]) -> None:
    print_executions(
        [execution("reported"), execution("gone").model_copy(update={"decision": None})], Format.CSV
    )
    broken, gone = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert (broken["policy"], broken["before"], broken["after"]) == (
        *("sqs-server-side-encryption", "none", "SSE-SQS"),
    )
    assert (gone["resource"], gone["outcome"], gone["policy"]) == ("invoices", "gone", "")


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("=HYPERLINK()", "'=HYPERLINK()"),
        ("a,b", "a,b"),
        ('say "x"', 'say "x"'),
        ("two\nlines", "two\\nlines"),
        ("\x1b[31mred", "\\u001b[31mred"),
        (7, "7"),
        (-7, "-7"),
        (True, "true"),
    ],
)
def test_a_cell_of_csv_is_read_back_as_one_harmless_cell(
    capsys: pytest.CaptureFixture[str], cell: Value, shown: str
) -> None:
    print_result(Table(("Cell", "To change"), [(cell, "x")]), None, Format.CSV)
    assert list(csv.DictReader(io.StringIO(capsys.readouterr().out))) == [{"cell": shown, "to_change": "x"}]


def test_what_was_stopped_has_changed_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    print_executions([execution("stopped")], Format.TABLE)
    assert "1 execution: 1 stopped.\n" in capsys.readouterr().out
